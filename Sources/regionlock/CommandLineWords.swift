import ControlAPI

/// The words of the command line, put so that the parser takes the common options in any place:
/// `regionlock -o json status` as well as `regionlock status -o json`.
struct CommandLineWords {
    private static let withValue: Set<String> = ["-o", "--output", "--run", "--color"]
    private static let flags: Set<String> = ["--json", "-q", "--quiet"]

    /// The command, if there is one.
    private(set) var command: String?
    private var leading: [String] = []
    private var rest: [String] = []

    init(_ words: [String]) {
        var remaining = words[...]
        while let word = remaining.first {
            let name = word.prefix { $0 != "=" }
            if Self.flags.contains(word) || (Self.withValue.contains(String(name)) && name != word)
            {
                leading.append(word)
                remaining.removeFirst()
            } else if Self.withValue.contains(word), remaining.count >= 2 {
                leading += remaining.prefix(2)
                remaining.removeFirst(2)
            } else {
                break
            }
        }
        if let word = remaining.first, !word.hasPrefix("-") { command = word }
        rest = Array(remaining)
    }

    /// Command, its own command, then the options that stood before them.
    var ordered: [String] {
        guard let command else { return rest + leading }
        let below = RegionLock.commandNames(below: command)
        let count = rest.dropFirst().first.map(below.contains) == true ? 2 : 1
        return rest.prefix(count) + leading + rest.dropFirst(count)
    }

    /// The value of `--color`, wherever it stands.
    var colour: String? {
        let words = leading + rest
        if let last = words.last(where: { $0.hasPrefix("--color=") }) {
            return String(last.dropFirst("--color=".count))
        }
        return words.firstIndex(of: "--color").flatMap {
            words.indices.contains($0 + 1) ? words[$0 + 1] : nil
        }
    }

    /// What to say of a command there is not. The parser would speak of unexpected arguments.
    var unknownCommand: (text: String, hint: String?)? {
        guard let command else { return nil }
        let names = RegionLock.commandNames + ["help"]
        guard names.contains(command) else {
            return (Self.unknown(command, among: names), "See: regionlock --help")
        }
        let below = RegionLock.commandNames(below: command)
        guard !below.isEmpty, let word = rest.dropFirst().first, !word.hasPrefix("-"),
            !below.contains(word)
        else { return nil }
        return (
            Self.unknown("\(command) \(word)", among: below.map { "\(command) \($0)" }),
            "See: regionlock \(command) --help"
        )
    }

    private static func unknown(_ command: String, among names: [String]) -> String {
        let guess = Suggestion.nearest(to: command, among: names)
        return "no command \"\(command)\"." + (guess.map { " Did you mean \"\($0)\"?" } ?? "")
    }
}
