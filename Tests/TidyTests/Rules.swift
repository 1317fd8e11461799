/// What the tree must hold to. Each rule reads one file and says what is wrong with it, as
/// `path:line: complaint`.
enum Rule: String, CaseIterable, Sendable {
    case importArrows
    case pureTargets
    case noFoundation
    case fileLength
    case lineLength
    case functionLength
    case noOpenEnds
    case noOtherPrograms
    case onlyTheCommandPrints
    case noTypeNamedAsItsModule

    static let maximumFileLines = 500
    static let maximumColumns = 100
    static let maximumFunctionLines = 70

    func complaints(about file: SourceFile) -> [String] {
        let found: [(line: Int, text: String)] =
            switch self {
            case .importArrows: Self.importArrows(file)
            case .pureTargets: Self.pureTargets(file)
            case .noFoundation: Self.noFoundation(file)
            case .fileLength: Self.fileLength(file)
            case .lineLength: Self.lineLength(file)
            case .functionLength: Self.functionLength(file)
            case .noOpenEnds: Self.noOpenEnds(file)
            case .noOtherPrograms: Self.noOtherPrograms(file)
            case .onlyTheCommandPrints: Self.onlyTheCommandPrints(file)
            case .noTypeNamedAsItsModule: Self.noTypeNamedAsItsModule(file)
            }
        return found.map { "\(file.path):\($0.line): \($0.text)" }
    }

    private typealias Found = [(line: Int, text: String)]

    private static func importArrows(_ file: SourceFile) -> Found {
        guard let target = file.target, file.isSwift else { return [] }
        guard let allowed = Architecture.imports[target] else {
            return [(1, "the target '\(target)' is not in the table of imports")]
        }
        return SwiftText(file.text).imports.filter { !allowed.contains($0.module) }
            .map { ($0.line, "'\(target)' must not import '\($0.module)'") }
    }

    private static func pureTargets(_ file: SourceFile) -> Found {
        guard let target = file.target, Architecture.pure.contains(target) else { return [] }
        return SwiftText(file.text).imports
            .filter { $0.module == "Glibc" || $0.module.hasPrefix("Foundation") }
            .map { ($0.line, "'\(target)' is pure and must not import '\($0.module)'") }
    }

    /// Full Foundation alone makes 6 MB of program into 58.
    private static func noFoundation(_ file: SourceFile) -> Found {
        guard file.target != nil, file.isSwift else { return [] }
        return SwiftText(file.text).imports
            .filter { $0.module.hasPrefix("Foundation") && $0.module != "FoundationEssentials" }
            .map { ($0.line, "nothing that ships imports \($0.module)") }
    }

    private static func fileLength(_ file: SourceFile) -> Found {
        let count = lines(file.text).count
        guard count > maximumFileLines else { return [] }
        return [(count, "\(count) lines, \(maximumFileLines) allowed")]
    }

    private static func lineLength(_ file: SourceFile) -> Found {
        lines(file.text).enumerated().compactMap { index, line in
            line.count > maximumColumns
                ? (index + 1, "\(line.count) columns, \(maximumColumns) allowed") : nil
        }
    }

    private static func functionLength(_ file: SourceFile) -> Found {
        SwiftText(file.text).functions.filter { $0.length > maximumFunctionLines }
            .map { ($0.line, "\($0.length) lines, \(maximumFunctionLines) allowed") }
    }

    private static func noOpenEnds(_ file: SourceFile) -> Found {
        // Written in pieces, so that this file does not complain about itself.
        let marks = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
        return lines(file.text).enumerated().compactMap { index, line in
            let words = line.split { !($0.isLetter || $0.isNumber) }
            return words.contains { marks.contains(String($0)) }
                ? (index + 1, "something is left to be done") : nil
        }
    }

    private static func noOtherPrograms(_ file: SourceFile) -> Found {
        guard file.target != nil else { return [] }
        let calls: Set = [
            "Process", "posix_spawn", "posix_spawnp", "popen", "system", "fork", "vfork", "execv",
            "execve", "execvp", "execl", "execlp",
        ]
        return called(calls, file).map { ($0.line, "\($0.name)() starts another program") }
    }

    private static func onlyTheCommandPrints(_ file: SourceFile) -> Found {
        guard let target = file.target, target != "regionlock" else { return [] }
        return called(["print", "debugPrint", "puts", "printf"], file)
            .map { ($0.line, "\($0.name)() outside the command") }
    }

    /// `Wire.Vector` could mean either when `Wire` held a type `Wire`.
    private static func noTypeNamedAsItsModule(_ file: SourceFile) -> Found {
        guard let target = file.target, file.isSwift else { return [] }
        let kinds = ["struct", "class", "enum", "actor", "protocol", "typealias"]
        return SwiftText(file.text).lines.enumerated().compactMap { index, line in
            let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
            let pairs = zip(words, words.dropFirst())
            return pairs.contains { kinds.contains($0) && $1 == target }
                ? (index + 1, "a type named as its module") : nil
        }
    }

    /// Calls of a free function or type of one of the names. A method of that name is another, and
    /// so is a function the file itself declares.
    private static func called(_ names: Set<String>, _ file: SourceFile) -> [Call] {
        let lines = SwiftText(file.text).lines
        let names = names.filter { name in
            !lines.contains { $0.contains("func \(name)(") || $0.contains("case \(name)(") }
        }
        var calls: [Call] = []
        for (index, line) in lines.enumerated() {
            var word = ""
            var before: Character = " "
            for character in line {
                if character.isLetter || character.isNumber || character == "_" {
                    word.append(character)
                    continue
                }
                if character == "(", before != ".", names.contains(word) {
                    calls.append(Call(line: index + 1, name: word))
                }
                word = ""
                before = character
            }
        }
        return calls
    }

    private struct Call {
        let line: Int
        let name: String
    }

    private static func lines(_ text: String) -> [Substring] {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.last == "" ? lines.dropLast() : lines
    }
}
