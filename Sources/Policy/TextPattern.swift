/// A pattern in which `*` stands for any text; ASCII letters of either case are the same.
package struct TextPattern: Hashable, Sendable {
    package let text: String
    private let octets: [UInt8]

    package init(_ text: String) {
        self.text = text
        octets = text.utf8.map(Self.lowerCased)
    }

    package func matches(_ text: String) -> Bool { matches(Array(text.utf8)[...]) }

    /// Walks both once, and goes back to the last star where they part.
    package func matches(_ text: ArraySlice<UInt8>) -> Bool {
        let star = UInt8(ascii: "*")
        var (here, there) = (0, text.startIndex)
        var retry: (here: Int, there: Int)?
        while there < text.endIndex {
            if here < octets.count, octets[here] == star {
                retry = (here + 1, there)
                here += 1
            } else if here < octets.count, octets[here] == Self.lowerCased(text[there]) {
                here += 1
                there += 1
            } else if let last = retry {
                retry = (last.here, last.there + 1)
                (here, there) = (last.here, last.there + 1)
            } else {
                return false
            }
        }
        return octets[here...].allSatisfy { $0 == star }
    }

    private static func lowerCased(_ octet: UInt8) -> UInt8 {
        (65...90).contains(octet) ? octet | 0x20 : octet
    }
}
