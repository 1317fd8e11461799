package import Wire

/// What was made to tell one device from all others, in the words of either DHCP.
package enum DeviceIdentifier: Hashable, Sendable {
    /// Option 61 as a whole.
    case client([UInt8])
    /// A DUID (RFC 8415 section 11), which both can carry.
    case unique([UInt8])
}

extension DHCPIdentity {
    /// The DUID in an option 61 of RFC 4361 section 6.1: 255, four octets for the interface, and
    /// the DUID of the whole device. Nil for another option 61.
    package static func uniqueIdentifier(inClientIdentifier octets: [UInt8]) -> [UInt8]? {
        guard octets.first == 255 else { return nil }
        let identifier = Array(octets.dropFirst(5))
        return lengthsOfUniqueIdentifier.contains(identifier.count) ? identifier : nil
    }

    /// Two octets of type, and 1 to 128 more (RFC 8415 section 11.1).
    package static let lengthsOfUniqueIdentifier = 3...130

    /// The MAC a DUID was made from: DUID-LLT and DUID-LL of Ethernet (RFC 8415 sections 11.2 and
    /// 11.4). It is the MAC of the day it was made, of any interface; nil for other DUIDs.
    package static func hardwareAddress(inUniqueIdentifier octets: [UInt8]) -> MACAddress? {
        guard octets.count >= 4, octets[0] == 0, octets[2] == 0, octets[3] == 1 else { return nil }
        switch (octets[1], octets.count) {
        case (1, 14), (3, 10): return MACAddress(octets: octets.suffix(6))
        default: return nil
        }
    }

    /// What it can be found by.
    package var identifiers: [DeviceIdentifier] {
        [
            uniqueIdentifier.map(DeviceIdentifier.unique),
            ownClientIdentifier.map(DeviceIdentifier.client),
        ].compactMap { $0 }
    }

    /// Option 61 where it is more than the DUID in other words.
    private var ownClientIdentifier: [UInt8]? {
        guard let clientIdentifier, let uniqueIdentifier,
            Self.uniqueIdentifier(inClientIdentifier: clientIdentifier) == uniqueIdentifier
        else { return clientIdentifier }
        return nil
    }

    /// What a newcomer with this MAC says besides its MAC.
    ///
    /// A DUID made from the MAC it comes with tells nothing more than the MAC does. It is kept all
    /// the same: under the next MAC it tells who this was.
    package func besides(_ mac: MACAddress) -> DHCPIdentity {
        guard let uniqueIdentifier,
            Self.hardwareAddress(inUniqueIdentifier: uniqueIdentifier) == mac
        else { return self }
        var rest = self
        rest.clientIdentifier = ownClientIdentifier
        rest.uniqueIdentifier = nil
        return rest
    }

    /// Both have an identifier of one kind, and not the same. In two options 61 with one DUID the
    /// rest names the interface, which a device may number anew.
    package func hasOtherIdentifier(than other: DHCPIdentity) -> Bool {
        func differ(_ one: [UInt8]?, _ another: [UInt8]?) -> Bool {
            one != nil && another != nil && one != another
        }
        return differ(uniqueIdentifier, other.uniqueIdentifier)
            || differ(clientIdentifier, other.clientIdentifier)
                && (ownClientIdentifier != nil || other.ownClientIdentifier != nil)
    }

    /// Nil where one of them has no name.
    ///
    /// Case does not count (RFC 4343). Option 12 may be the whole name of a device (RFC 2132
    /// section 3.14), of which option 39 gave the first label: one with dots is compared with one
    /// without by its first label.
    package func hasSameName(as other: DHCPIdentity) -> Bool? {
        guard let one = hostName?.lowercased(), let another = other.hostName?.lowercased() else {
            return nil
        }
        guard one.utf8.contains(Self.dot) != another.utf8.contains(Self.dot) else {
            return one == another
        }
        return one.utf8.prefix { $0 != Self.dot }.elementsEqual(
            another.utf8.prefix { $0 != Self.dot })
    }

    private static let dot = UInt8(ascii: ".")
}
