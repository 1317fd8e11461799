import Inspection
import Policy
import Wire

/// A DHCP message by itself, and as a packet: the first octet tells.
enum DHCPTarget {
    static func run(_ input: Span<UInt8>) {
        guard !input.isEmpty else { return }
        let octets = input.extracting(droppingFirst: 1)
        var source: IPAddress?
        let message =
            input[0] & 1 == 0
            ? try? DHCPMessage.read(octets) : try? DHCPMessage.read(packet: octets, source: &source)
        guard let message else { return }
        for option in [
            message.hostName, message.qualifiedName, message.vendorClass, message.parameters,
            message.clientIdentifier,
        ] {
            precondition(option.count <= DHCPMessage.maximumOptionLength)
            // Nothing that a terminal acts on, and what differs stays different.
            let text = DHCPIdentity.text(option) ?? ""
            precondition(text.utf8.allSatisfy { (0x20...0x7e).contains($0) })
            precondition(text.utf8.count >= option.count && text.utf8.count <= 4 * option.count)
        }
    }
}
