package import Inspection
import Policy
import Wire

extension LeaseWords {
    package init(_ lease: WrittenLease) {
        // A server may have made a full name of it.
        let name = lease.hostName.prefix { $0 != UInt8(ascii: ".") }
        var identity = DHCPIdentity(hostName: DHCPIdentity.text(Array(name)))
        let identifier = lease.clientIdentifier
        // 1 and the MAC (RFC 2132 section 9.14) is the MAC once more.
        let repeats =
            identifier.count == 7 && identifier[0] == 1
            && identifier.dropFirst().elementsEqual(lease.mac.octets)
        if lease.isIPv6 {
            identity.uniqueIdentifier = identifier.isEmpty ? nil : identifier
        } else if !identifier.isEmpty, !repeats {
            identity.clientIdentifier = identifier
            identity.uniqueIdentifier = DHCPIdentity.uniqueIdentifier(
                inClientIdentifier: identifier)
        }
        self.init(mac: lease.mac, identity: identity)
    }
}
