/// YAML being written: block style, two spaces, one key a line.
struct YAMLText {
    private(set) var text = ""
    private var depth = 0
    /// The next key stands behind the `- ` of its list.
    private var isItemPending = false
    private var pendingOrigin: String?

    /// A key with its value, already in the form of a scalar.
    ///
    /// - Parameter origin: Where it was written, for a comment.
    mutating func put(_ key: String, _ value: String, origin: String? = nil) {
        line("\(key): \(value)", origin: origin)
    }

    /// A key with a mapping or a list below it.
    mutating func open(_ key: String, origin: String? = nil, _ body: (inout YAMLText) -> Void) {
        line("\(key):", origin: origin)
        depth += 1
        body(&self)
        depth -= 1
    }

    /// An entry of a list that is a mapping; the origin stands behind its first key.
    mutating func item(origin: String? = nil, _ body: (inout YAMLText) -> Void) {
        isItemPending = true
        pendingOrigin = origin
        depth += 1
        body(&self)
        depth -= 1
        isItemPending = false
        pendingOrigin = nil
    }

    /// An entry of a list that is a scalar.
    mutating func item(_ value: String, origin: String? = nil) {
        line("- \(value)", origin: origin)
    }

    private mutating func line(_ words: String, origin: String?) {
        var words = words
        var origin = origin
        var indent = depth
        if isItemPending {
            words = "- " + words
            indent -= 1
            origin = origin ?? pendingOrigin
            isItemPending = false
            pendingOrigin = nil
        }
        text += String(repeating: "  ", count: indent) + words
        if let origin { text += "  # \(printable(origin, limit: 400))" }
        text += "\n"
    }

    // MARK: Scalars

    /// A word of the settings: as it stands where every reader of YAML takes it for a text, else in
    /// quotes. `NO` is Norway, `007` a label, `2026-11-23` in a name no day.
    static func scalar(_ word: String) -> String { isPlain(word) ? word : quoted(word) }

    /// `[a, b]`
    static func list(_ words: [some CustomStringConvertible]) -> String {
        "[" + words.map { scalar($0.description) }.joined(separator: ", ") + "]"
    }

    /// In double quotes (YAML 1.1, section 5.6): quotes, backslashes and everything outside the
    /// printable set (section 5.1) are escaped, so that the reader gets back what was given.
    static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default:
                if isPrintable(scalar) {
                    result.unicodeScalars.append(scalar)
                } else {
                    result += escape(scalar.value)
                }
            }
        }
        return result + "\""
    }

    private static func escape(_ value: UInt32) -> String {
        let digits = String(value, radix: 16, uppercase: true)
        let width = value > 0xffff ? 8 : 4
        let zeros = String(repeating: "0", count: width - digits.utf8.count)
        return (width == 8 ? "\\U" : "\\u") + zeros + digits
    }

    /// What may stand in the text as it is. Directions and separators are printable by YAML, but no
    /// terminal should get them raw.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7e, 0xa0...0xd7ff, 0xe000...0xfffd, 0x10000...0x10ffff:
            !isUnprintable(scalar)
        default: false
        }
    }

    /// Words that some version of YAML reads as a truth value or nothing.
    private static let reserved: Set<String> = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null",
    ]

    /// Letters, digits, `-._/`, beginning with a letter; or an address, a block of them or a name
    /// that no reader takes for a number or a day.
    private static func isPlain(_ word: String) -> Bool {
        guard let first = word.utf8.first else { return false }
        var dots = 0
        var slashes = 0
        for byte in word.utf8 {
            switch byte {
            case UInt8(ascii: "."): dots += 1
            case UInt8(ascii: "/"): slashes += 1
            case UInt8(ascii: "-"), UInt8(ascii: "_"): break
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                break
            default: return false
            }
        }
        switch first {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"):
            return !reserved.contains(word.lowercased())
        case UInt8(ascii: "0")...UInt8(ascii: "9"):
            return dots >= 2 && !word.utf8.contains(UInt8(ascii: "_"))
        default: return false
        }
    }
}
