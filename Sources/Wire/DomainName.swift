/// A host name in the one form we compare: lower-case A-labels, no trailing dot (RFC 5890, RFC
/// 1035).
package struct DomainName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Longest text form of a name (RFC 1035 section 2.3.4: 255 octets on the wire).
    package static let maximumLength = 253
    package static let maximumLabelLength = 63

    /// Lower-case labels joined by dots.
    package let text: String

    /// Reads host-name text. Letters, digits, hyphen and underscore only; each label 1...63 octets.
    package init?(_ text: some StringProtocol) {
        // Before lower-casing: U+212A, the Kelvin sign, would become the letter k.
        guard text.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        var name = text.lowercased()
        if name.hasSuffix(".") { name.removeLast() }
        guard !name.isEmpty, name.utf8.count <= Self.maximumLength else { return nil }
        for label in name.split(separator: ".", omittingEmptySubsequences: false) {
            guard (1...Self.maximumLabelLength).contains(label.utf8.count),
                label.utf8.allSatisfy(Self.isAllowed)
            else { return nil }
        }
        self.text = name
    }

    package var labels: [Substring] { text.split(separator: ".") }
    package var description: String { text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}

/// A name as a packet carried it, lower-cased, in place: no allocation on the packet path.
///
/// Bytes are whatever the device sent; escape them with `description` before they meet a terminal.
package struct NameBuffer: Sendable, CustomStringConvertible {
    package static let capacity = 255

    private var storage: InlineArray<255, UInt8>
    package private(set) var count: Int

    package init() {
        storage = InlineArray(repeating: 0)
        count = 0
    }

    package init(_ text: some StringProtocol) {
        self.init()
        for byte in text.utf8 where append(byte) == false { break }
    }

    package subscript(index: Int) -> UInt8 { storage[index] }

    /// Appends one octet in lower case; false when the buffer is full.
    @discardableResult
    package mutating func append(_ byte: UInt8) -> Bool {
        guard count < Self.capacity else { return false }
        storage[count] = (65...90).contains(byte) ? byte | 0x20 : byte
        count += 1
        return true
    }

    package mutating func removeAll() { count = 0 }

    /// Drops one trailing dot, if there is one.
    package mutating func removeTrailingDot() {
        if count > 0, storage[count - 1] == UInt8(ascii: ".") { count -= 1 }
    }

    /// Printable ASCII as it stands, backslash doubled, every other octet as `\xNN`.
    package var description: String {
        var text = ""
        for index in 0..<count {
            let byte = storage[index]
            switch byte {
            case UInt8(ascii: "\\"): text += "\\\\"
            case 0x21...0x7e: text.unicodeScalars.append(Unicode.Scalar(byte))
            default: text += "\\x" + byte.twoHexDigits
            }
        }
        return text
    }
}
