/// Swift source with the inside of comments and strings blanked out, line for line.
///
/// Code inside `\(...)` of a string is blanked as well: it is too short to hold a function.
struct SwiftText {
    /// As long as the source, line by line.
    let lines: [String]

    init(_ source: String) {
        var blanker = Blanker(Array(source.unicodeScalars))
        let code = blanker.run()
        lines = String(String.UnicodeScalarView(code)).split(
            separator: "\n", omittingEmptySubsequences: false
        ).map(String.init)
    }

    /// The modules imported, with the line (1-based) of each.
    var imports: [(module: String, line: Int)] {
        lines.enumerated().compactMap { index, line -> (module: String, line: Int)? in
            let words = line.split(separator: " ").map(String.init)
            guard let keyword = words.firstIndex(of: "import"),
                words[..<keyword].allSatisfy({
                    $0.hasPrefix("@") || ["package", "public", "internal"].contains($0)
                }), keyword + 1 < words.count
            else { return nil }
            let kinds = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
            let name = words.dropFirst(keyword + 1).first { !kinds.contains($0) } ?? ""
            return (String(name.prefix { $0 != "." }), index + 1)
        }
    }

    /// Functions and initialisers that have a body: the first line and the number of lines.
    var functions: [(line: Int, length: Int)] {
        let code = lines.map { Array($0) }
        var found: [(line: Int, length: Int)] = []
        for (index, line) in lines.enumerated() where Self.declaresFunction(line) {
            if let end = Self.endOfBody(code, from: index) {
                found.append((index + 1, end - index + 1))
            }
        }
        return found
    }

    private static func declaresFunction(_ line: String) -> Bool {
        let words = line.split { !($0.isLetter || $0 == "_") }
        if words.contains("func") { return true }
        let start = line.drop { $0 == " " }
        let modifiers = ["package", "private", "public", "fileprivate", "override", "required"]
        let rest = start.split(separator: " ").drop { modifiers.contains(String($0)) }
        return rest.first.map { word in
            ["init(", "init?(", "init<", "init?<"].contains { word.hasPrefix($0) }
                || word == "deinit"
        } ?? false
    }

    /// The line of the brace that closes the body which opens after `start`; nil without a body.
    private static func endOfBody(_ code: [[Character]], from start: Int) -> Int? {
        var parentheses = 0
        var braces = 0
        for index in start..<code.count {
            for character in code[index] {
                switch character {
                case "(", "[": parentheses += 1
                case ")", "]": parentheses -= 1
                case "{" where braces > 0 || parentheses == 0: braces += 1
                case "}" where braces == 0 && parentheses == 0: return nil
                case "}" where braces > 0:
                    braces -= 1
                    if braces == 0 { return index }
                default: break
                }
            }
            // A requirement of a protocol: the next declaration begins without a body before it.
            let next = index + 1
            if braces == 0, parentheses == 0, next < code.count,
                declaresFunction(String(code[next]))
            {
                return nil
            }
        }
        return nil
    }
}

/// Walks through the source once.
private struct Blanker {
    private let source: [Unicode.Scalar]
    private var position = 0
    private var result: [Unicode.Scalar] = []

    init(_ source: [Unicode.Scalar]) {
        self.source = source
        result.reserveCapacity(source.count)
    }

    mutating func run() -> [Unicode.Scalar] {
        while position < source.count { step() }
        return result
    }

    private func looksAt(_ text: String) -> Bool {
        source[position...].starts(with: text.unicodeScalars)
    }

    private mutating func keep() {
        result.append(source[position])
        position += 1
    }

    /// Blanks one scalar; line breaks stay so that lines keep their numbers.
    private mutating func blank() {
        guard position < source.count else { return }
        result.append(source[position] == "\n" ? "\n" : " ")
        position += 1
    }

    private mutating func blank(_ count: Int) {
        for _ in 0..<count { blank() }
    }

    private mutating func step() {
        switch source[position] {
        case "/" where looksAt("//"):
            while position < source.count, source[position] != "\n" { blank() }
        case "/" where looksAt("/*"):
            blockComment()
        case "#", "\"":
            if let hashes = stringStart() { string(hashes: hashes) } else { keep() }
        default:
            keep()
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if looksAt("/*") {
                depth += 1
                blank(2)
            } else if looksAt("*/") {
                depth -= 1
                blank(2)
            } else {
                blank()
            }
        } while depth > 0 && position < source.count
    }

    /// The number of `#` before the quote of a string that begins here.
    private func stringStart() -> Int? {
        var end = position
        while end < source.count, source[end] == "#" { end += 1 }
        return end < source.count && source[end] == "\"" ? end - position : nil
    }

    private mutating func string(hashes: Int) {
        let fence = String(repeating: "#", count: hashes)
        blank(hashes)
        let quotes = looksAt("\"\"\"") ? "\"\"\"" : "\""
        blank(quotes.count)
        while position < source.count {
            guard source[position] == "\"" || source[position] == "\\" else {
                blank()
                continue
            }
            if looksAt(quotes + fence) {
                blank(quotes.count + hashes)
                return
            }
            if looksAt("\\" + fence + "(") {
                blank(2 + hashes)
                interpolation()
            } else if looksAt("\\" + fence) {
                blank(2 + hashes)
            } else {
                blank()
            }
        }
    }

    private mutating func interpolation() {
        var depth = 1
        while position < source.count, depth > 0 {
            if let hashes = stringStart() {
                string(hashes: hashes)
                continue
            }
            if source[position] == "(" { depth += 1 }
            if source[position] == ")" { depth -= 1 }
            blank()
        }
    }
}
