/// An operator's label on devices; policies speak of tags.
package struct Tag: Hashable, Sendable, Comparable, CustomStringConvertible {
    package static let maximumLength = 32
    /// Built in: nothing cuts off a device that carries it, and it is never inspected.
    package static let neverBlock = Tag(unchecked: "never-block")

    package let text: String

    /// 1...32 of `a-z 0-9 -`, beginning with a letter or digit.
    package init?(_ text: some StringProtocol) {
        let isLetterOrDigit = { (byte: UInt8) in
            (97...122).contains(byte) || (48...57).contains(byte)
        }
        guard let first = text.utf8.first, isLetterOrDigit(first),
            text.utf8.count <= Self.maximumLength,
            text.utf8.allSatisfy({ isLetterOrDigit($0) || $0 == UInt8(ascii: "-") })
        else { return nil }
        self.text = String(text)
    }

    private init(unchecked text: String) { self.text = text }

    package var description: String { text }
    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}
