import Glibc
package import Logging

/// Writes log records to the journal, or as plain lines to standard error where there is none.
///
/// Metadata keys that are journal field names already (`MESSAGE_ID`) go through as they are; any
/// other becomes `REGIONLOCK_<KEY>` in capitals.
package struct JournalLogHandler: LogHandler {
    package static let identifier = "regionlockd"

    /// Where the lines go.
    package enum Output: Sendable {
        case journal(Journal)
        case lines(@Sendable (String) -> Void)

        /// The journal where its socket exists, else standard error.
        package static func standard() -> Output {
            if Journal.isAvailable(), let journal = try? Journal() { return .journal(journal) }
            return .lines { line in
                let bytes = Array((line + "\n").utf8)
                _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
            }
        }
    }

    package var logLevel: Logger.Level
    package var metadata: Logger.Metadata = [:]
    private let output: Output

    package init(_ output: Output, level: Logger.Level = .info) {
        self.output = output
        self.logLevel = level
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { _, fromCall in fromCall }
        switch output {
        case .journal(let journal): journal.send(entry(event, all))
        case .lines(let write): write(line(event, all))
        }
    }

    private func entry(_ event: LogEvent, _ metadata: Logger.Metadata) -> JournalEntry {
        var entry = JournalEntry()
        entry.add("MESSAGE", text(of: event))
        entry.add("PRIORITY", String(event.level.syslogPriority))
        entry.add("SYSLOG_IDENTIFIER", Self.identifier)
        entry.add("CODE_FILE", event.file)
        entry.add("CODE_LINE", String(event.line))
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            entry.add(Self.fieldName(key), value.description)
        }
        return entry
    }

    /// `<level> message key=value`, always one line.
    private func line(_ event: LogEvent, _ metadata: Logger.Metadata) -> String {
        var line = "\(event.level) \(Self.escaped(text(of: event)))"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) where key != "MESSAGE_ID" {
            let text = Self.escaped(value.description)
            line += text.contains(" ") || text.isEmpty ? " \(key)=\"\(text)\"" : " \(key)=\(text)"
        }
        return line
    }

    private func text(of event: LogEvent) -> String {
        event.error.map { "\(event.message): \($0)" } ?? event.message.description
    }

    /// The journal field of a metadata key; a key may not pose as one of the fields we write.
    package static func fieldName(_ key: String) -> String {
        let ours = ["MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "CODE_FILE", "CODE_LINE"]
        if JournalEntry.isFieldName(key), !ours.contains(key) { return key }
        let letters = key.uppercased().unicodeScalars.map { scalar in
            scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
                ? Character(scalar) : "_"
        }
        return String(("REGIONLOCK_" + String(letters)).prefix(JournalEntry.maximumNameLength))
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\"": result += "\\\""
            case _ where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value):
                result += "\\u{\(String(scalar.value, radix: 16))}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}

extension Logger.Level {
    /// syslog(3)'s numbers.
    var syslogPriority: Int {
        switch self {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }
}
