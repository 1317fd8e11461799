import Inspection
import Policy
import Wire

/// A DHCPv6 message by itself, and as a packet: the first octet tells.
enum DHCPv6Target {
    static func run(_ input: Span<UInt8>) {
        guard !input.isEmpty else { return }
        let octets = input.extracting(droppingFirst: 1)
        var source: IPAddress?
        let message =
            input[0] & 1 == 0
            ? try? DHCPv6Message.read(octets)
            : try? DHCPv6Message.read(packet: octets, source: &source)
        guard let message else { return }
        let limit = DHCPv6Message.maximumOptionLength
        precondition(message.addresses.count <= DHCPv6Message.maximumAddresses)
        precondition(message.qualifiedName.count < limit)
        precondition(message.requestedOptions.count <= limit / 2)
        precondition((message.vendorClass?.pieces.joined().count ?? 0) <= limit)
        let identifier = message.clientIdentifier
        precondition(
            identifier.isEmpty
                || DHCPIdentity.lengthsOfUniqueIdentifier.contains(identifier.count))
        if message.kind.isReply || message.isRelayed {
            precondition(identifier.isEmpty && message.addresses.isEmpty)
        }
        // What option 61 of RFC 4361 has around it is taken off again.
        if !identifier.isEmpty {
            precondition(
                DHCPIdentity.uniqueIdentifier(
                    inClientIdentifier: [255, 0, 0, 0, 1] + identifier) == identifier)
        }
        if let mac = DHCPIdentity.hardwareAddress(inUniqueIdentifier: identifier) {
            let said = DHCPIdentity(uniqueIdentifier: identifier)
            precondition(said.besides(mac).isEmpty)
        }
    }
}
