/// What a device says of itself by DHCP. Anybody can say anything: it gives tags and hints, and is
/// no proof of who somebody is.
package struct DHCPIdentity: Hashable, Sendable {
    /// Option 12, or the first label of option 81 without it, or of DHCPv6's option 39; visible
    /// ASCII, the rest as `\xHH`.
    package var hostName: String?
    /// Option 60, written in the same way. Neither this nor the list below is taken from DHCPv6:
    /// its options have other numbers, and a program words its class there in another way, so
    /// that one device would contradict itself.
    package var vendorClass: String?
    /// The numbers of option 55 in their order, such as `1,3,6,15`: each program that asks has its
    /// own list.
    package var fingerprint: String?
    /// Option 61 as it came; nil where it only repeats the MAC.
    package var clientIdentifier: [UInt8]?
    /// The DUID: DHCPv6's option 1, or the end of an option 61 of RFC 4361.
    package var uniqueIdentifier: [UInt8]?

    package init(
        hostName: String? = nil, vendorClass: String? = nil, fingerprint: String? = nil,
        clientIdentifier: [UInt8]? = nil, uniqueIdentifier: [UInt8]? = nil
    ) {
        self.hostName = hostName
        self.vendorClass = vendorClass
        self.fingerprint = fingerprint
        self.clientIdentifier = clientIdentifier
        self.uniqueIdentifier = uniqueIdentifier
    }

    package var isEmpty: Bool { self == DHCPIdentity() }

    /// Whether two messages of one MAC cannot be of one device: both say who they are, and not the
    /// same. Lists of options are not compared: a system asks for others when it renews.
    package func contradicts(_ other: DHCPIdentity) -> Bool {
        func differ<Value: Equatable>(_ one: Value?, _ another: Value?) -> Bool {
            one != nil && another != nil && one != another
        }
        return hasOtherIdentifier(than: other) || hasSameName(as: other) == false
            || differ(vendorClass, other.vendorClass)
    }

    /// What was not said before is taken from a later message.
    package mutating func complete(from later: DHCPIdentity) {
        hostName = hostName ?? later.hostName
        vendorClass = vendorClass ?? later.vendorClass
        fingerprint = fingerprint ?? later.fingerprint
        clientIdentifier = clientIdentifier ?? later.clientIdentifier
        uniqueIdentifier = uniqueIdentifier ?? later.uniqueIdentifier
    }

    /// Octets of a device as text that no terminal acts on: visible ASCII as it is, the backslash
    /// and everything else as `\xHH`. Nil for none.
    package static func text(_ octets: [UInt8]) -> String? {
        guard !octets.isEmpty else { return nil }
        return octets.reduce(into: "") { text, octet in
            if (0x20...0x7e).contains(octet), octet != UInt8(ascii: "\\") {
                text.unicodeScalars.append(Unicode.Scalar(octet))
            } else {
                text += "\\x" + hex(octet)
            }
        }
    }

    /// `01:3a:91:…` as people write client identifiers; nil without one.
    package var clientIdentifierText: String? { clientIdentifier.map(Self.colons) }
    /// The DUID in the same way.
    package var uniqueIdentifierText: String? { uniqueIdentifier.map(Self.colons) }

    private static func colons(_ octets: [UInt8]) -> String {
        octets.map(hex).joined(separator: ":")
    }

    private static func hex(_ octet: UInt8) -> String {
        let digits = String(octet, radix: 16)
        return digits.utf8.count == 1 ? "0" + digits : digits
    }
}
