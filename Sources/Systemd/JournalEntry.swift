/// One entry in the form journald reads (systemd.io/JOURNAL_NATIVE_PROTOCOL).
package struct JournalEntry: Hashable, Sendable {
    /// The longest name journald takes.
    package static let maximumNameLength = 64

    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Adds a field. False, and nothing added, when journald would refuse the name: it takes
    /// `A-Z 0-9 _`, at most 64, not beginning with a digit; names that begin with `_` are its own.
    ///
    /// A value with a line break goes in the binary form, so that nothing in it can begin a
    /// field of its own.
    @discardableResult
    package mutating func add(_ name: String, _ value: String) -> Bool {
        guard Self.isFieldName(name) else { return false }
        bytes += name.utf8
        if value.utf8.contains(UInt8(ascii: "\n")) {
            bytes.append(UInt8(ascii: "\n"))
            let length = UInt64(value.utf8.count)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        } else {
            bytes.append(UInt8(ascii: "="))
        }
        bytes += value.utf8
        bytes.append(UInt8(ascii: "\n"))
        return true
    }

    package static func isFieldName(_ name: String) -> Bool {
        guard let first = name.utf8.first, (65...90).contains(first),
            name.utf8.count <= maximumNameLength
        else { return false }
        return name.utf8.allSatisfy { byte in
            (65...90).contains(byte) || (48...57).contains(byte) || byte == UInt8(ascii: "_")
        }
    }
}
