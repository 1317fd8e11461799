/// An ISO 3166 code: a country (`CU`, 3166-1 alpha-2) or a part of one (`UA-43`, 3166-2).
///
/// The shape is checked here; whether the code is assigned is `RegionTable`'s to say.
package struct Region: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let code: String

    /// `CC` or `CC-S` to `CC-SSS`, capital letters and digits.
    package init?(_ text: some StringProtocol) { self.init(String(text)) }

    package init?(_ text: String) {
        var count = 0
        for byte in text.utf8 {
            let isLetter = (65...90).contains(byte)
            let isRight =
                switch count {
                case 0, 1: isLetter
                case 2: byte == UInt8(ascii: "-")
                default: isLetter || (48...57).contains(byte)
                }
            guard isRight else { return nil }
            count += 1
        }
        guard count == 2 || (4...6).contains(count) else { return nil }
        self.code = text
    }

    package var isSubdivision: Bool { code.utf8.count > 2 }
    package var countryCode: String { String(code.prefix(2)) }

    /// True for the region itself and, when `other` is a country, for each of its parts.
    ///
    /// A part never stands for its country: Crimea (UA-43) must not become all of Ukraine.
    package func isWithin(_ other: Region) -> Bool {
        self == other || (!other.isSubdivision && countryCode == other.code)
    }

    package var description: String { code }
    package static func < (left: Self, right: Self) -> Bool { left.code < right.code }
}
