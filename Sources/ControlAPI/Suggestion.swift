/// "Did you mean ...?" for commands, options and fields.
package enum Suggestion {
    /// Words longer than this are not compared: the cost grows with the square.
    private static let maximumLength = 40

    /// The word that is at most two edits away, or one for words of up to four letters.
    package static func nearest(to word: String, among words: [String]) -> String? {
        guard word.count <= maximumLength else { return nil }
        let reach = word.count <= 4 ? 1 : 2
        let ranked = words.map { (word: $0, distance: distance(word, $0)) }
        return ranked.filter { $0.distance <= reach }
            .min { ($0.distance, $0.word) < ($1.distance, $1.word) }?.word
    }

    /// Optimal string alignment: insertion, deletion, substitution or swap of neighbours, each one.
    static func distance(_ left: String, _ right: String) -> Int {
        let (a, b) = (Array(left), Array(right))
        var before: [Int] = []
        var previous = Array(0...b.count)
        for i in a.indices {
            var row = [i + 1]
            for j in b.indices {
                let cost = a[i] == b[j] ? 0 : 1
                var best = min(previous[j + 1] + 1, row[j] + 1, previous[j] + cost)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                    best = min(best, before[j - 1] + 1)
                }
                row.append(best)
            }
            (before, previous) = (previous, row)
        }
        return previous[b.count]
    }
}
