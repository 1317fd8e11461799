import ControlAPI

/// Text with a meaning that colour may show; the word always says it too.
struct Phrase: Hashable, Sendable, ExpressibleByStringInterpolation {
    enum Mood: Hashable, Sendable {
        case plain
        /// In order.
        case good
        case warning
        /// Cut off, or wrong.
        case bad
    }

    let text: String
    var mood = Mood.plain

    init(_ text: String, _ mood: Mood = .plain) {
        self.text = text
        self.mood = mood
    }

    init(stringLiteral text: String) { self.init(text) }

    /// What stands on the terminal. Everything passes through here, so nothing that a device or a
    /// peer has sent gets out unescaped.
    func rendered(_ style: TextStyle, width: Int? = nil) -> String {
        var shown = Printable.escaped(text)
        if let width, shown.unicodeScalars.count > width {
            shown = String(String.UnicodeScalarView(shown.unicodeScalars.prefix(width - 2))) + ".."
        }
        // SGR of ECMA-48, section 8.3.117: 31 red, 32 green, 33 yellow.
        let code =
            switch mood {
            case .plain: ""
            case .good: "32"
            case .warning: "33"
            case .bad: "31"
            }
        return style.hasColour && !code.isEmpty ? "\u{1b}[\(code)m\(shown)\u{1b}[0m" : shown
    }

    /// Columns it takes, escaped.
    var width: Int { Printable.escaped(text).unicodeScalars.count }
}

/// What a command has to say: lines and tables, not yet text.
package struct Report: Sendable {
    enum Part: Sendable {
        case line([Phrase])
        /// A hint or the way back; `-q` leaves it out.
        case note(String)
        case table(Table)
    }

    private(set) var parts: [Part] = []

    init() {}

    mutating func add(_ phrases: Phrase...) { add(phrases) }
    mutating func add(_ phrases: [Phrase]) { parts.append(.line(phrases)) }
    /// A line without any mood.
    mutating func add(text: String) { parts.append(.line([Phrase(text)])) }
    mutating func add(note text: String) { parts.append(.note(text)) }
    mutating func add(table: Table) { parts.append(.table(table)) }
    /// All that another report says.
    package mutating func add(_ other: Report) { parts += other.parts }
    mutating func addBlank() { parts.append(.line([])) }

    /// The text, each line with its line feed.
    package func rendered(_ style: TextStyle) -> String {
        var lines: [String] = []
        for part in parts {
            switch part {
            case .line(let phrases): lines.append(phrases.map { $0.rendered(style) }.joined())
            case .note(let text):
                if !style.isQuiet { lines.append(Phrase(text).rendered(style)) }
            case .table(let table): lines += table.rendered(style)
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }
}
