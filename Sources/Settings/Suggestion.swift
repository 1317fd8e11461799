/// The candidate that is close enough to a misspelt word to be meant.
///
/// Close is one slip for short words and one for every three letters of long ones.
func suggestion(for word: String, among candidates: some Sequence<String>) -> String? {
    let wanted = Array(word.lowercased().utf8)
    // Nobody misspells by more than this; a longer word costs time and finds nothing.
    guard wanted.count <= 64 else { return nil }
    var best: (distance: Int, word: String)?
    for candidate in candidates {
        let distance = editDistance(wanted, Array(candidate.lowercased().utf8))
        guard distance <= max(1, wanted.count / 3), distance < candidate.utf8.count else {
            continue
        }
        if let known = best, (known.distance, known.word) <= (distance, candidate) { continue }
        best = (distance, candidate)
    }
    return best?.word
}

/// ` Did you mean "x"?`, or nothing.
func didYouMean(_ word: String, among candidates: some Sequence<String>) -> String {
    suggestion(for: word, among: candidates).map { ". Did you mean \"\($0)\"?" } ?? ""
}

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast: [Int] = []
    var last = Array(0...right.count)
    for row in left.indices {
        var current = [row + 1]
        for column in right.indices {
            let cost = left[row] == right[column] ? 0 : 1
            var distance = min(last[column + 1] + 1, current[column] + 1, last[column] + cost)
            if row > 0, column > 0, left[row] == right[column - 1],
                left[row - 1] == right[column]
            {
                distance = min(distance, beforeLast[column - 1] + 1)
            }
            current.append(distance)
        }
        (beforeLast, last) = (last, current)
    }
    return last[right.count]
}
