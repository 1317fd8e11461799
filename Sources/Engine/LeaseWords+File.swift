package import Inspection
import Policy
import Wire

extension LeaseWords {
    /// Nil where it says nothing but the MAC.
    package init(_ lease: WrittenLease) {
        // A server may have made a full name of it.
        let name = lease.hostName.prefix { $0 != UInt8(ascii: ".") }
        // 1 and the MAC (RFC 2132 section 9.14) is the MAC once more.
        let repeats =
            lease.clientIdentifier.count == 7 && lease.clientIdentifier[0] == 1
            && lease.clientIdentifier.dropFirst().elementsEqual(lease.mac.octets)
        self.init(
            mac: lease.mac, hostName: DHCPIdentity.text(Array(name)),
            clientIdentifier: lease.clientIdentifier.isEmpty || repeats || lease.isIPv6
                ? nil : lease.clientIdentifier)
    }
}
