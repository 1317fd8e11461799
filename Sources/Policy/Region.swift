/// An ISO 3166 code: a country (`CU`, 3166-1 alpha-2) or a part of one (`UA-43`, 3166-2).
///
/// The shape is checked here; whether the code is assigned is `RegionTable`'s to say.
package struct Region: Hashable, Sendable, Comparable, CustomStringConvertible {
    package let code: String

    /// `CC` or `CC-S` to `CC-SSS`, capital letters and digits.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), parts[0].utf8.count == 2,
            parts[0].utf8.allSatisfy({ (65...90).contains($0) })
        else { return nil }
        if parts.count == 2 {
            let isCode = { (byte: UInt8) in (65...90).contains(byte) || (48...57).contains(byte) }
            guard (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy(isCode) else {
                return nil
            }
        }
        self.code = String(text)
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
