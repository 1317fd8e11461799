package import Inspection
import Policy
package import Wire

extension IdentityClaim {
    /// What a packet of either DHCP says of its sender; nil for nothing.
    ///
    /// - Parameters:
    ///   - mac: of its frame.
    ///   - source: gets the packet's own source address.
    package static func read(
        packet: Span<UInt8>, from mac: MACAddress?, source: inout IPAddress?
    ) throws(DHCPFault) -> IdentityClaim? {
        guard let first = packet.isEmpty ? nil : packet[0], first >> 4 == 6 else {
            return IdentityClaim(try DHCPMessage.read(packet: packet, source: &source))
        }
        let message = try DHCPv6Message.read(packet: packet, source: &source)
        guard let mac, let source else { return nil }
        return IdentityClaim(message, from: mac, source)
    }

    /// Nil for what servers send, and for what says nothing about the client.
    package init?(_ message: DHCPMessage) {
        guard !message.isReply else { return nil }
        var wanted: IPv4Address?
        switch message.kind {
        case .discover, .request, .inform: wanted = message.wantedAddress
        case .decline, .release: return nil
        case .offer, .acknowledge, .refuse: return nil
        }
        var name = message.hostName
        if name.isEmpty {
            name = Array(message.qualifiedName.prefix { $0 != UInt8(ascii: ".") })
        }
        let parameters = message.parameters
        let identifier =
            message.identifierIsHardwareAddress ? [] : message.clientIdentifier
        self.init(
            mac: message.hardwareAddress,
            identity: DHCPIdentity(
                hostName: DHCPIdentity.text(name),
                vendorClass: DHCPIdentity.text(message.vendorClass),
                fingerprint: parameters.isEmpty
                    ? nil : parameters.map(String.init).joined(separator: ","),
                clientIdentifier: identifier.isEmpty ? nil : identifier,
                uniqueIdentifier: DHCPIdentity.uniqueIdentifier(inClientIdentifier: identifier)),
            wantedAddress: wanted.map(IPAddress.v4), isRelayed: message.relayAddress != nil)
    }

    /// Nil for what servers send, and for what says nothing about the client.
    ///
    /// A DUID is taken as it is, also one made from a MAC: it stays the same under the next MAC,
    /// and the frame's MAC may be another by now.
    package init?(_ message: DHCPv6Message, from mac: MACAddress, _ source: IPAddress) {
        switch message.kind {
        case .solicit, .request, .confirm, .renew, .rebind, .informationRequest: break
        case .relayForward: break
        case .advertise, .reply, .reconfigure, .relayReply: return nil
        case .release, .decline: return nil
        }
        let name = Array(message.qualifiedName.prefix { $0 != UInt8(ascii: ".") })
        let identifier = message.clientIdentifier
        var local: IPAddress?
        if case .v6(let address) = source, address.isLinkLocal { local = source }
        self.init(
            mac: mac,
            identity: DHCPIdentity(
                hostName: DHCPIdentity.text(name),
                uniqueIdentifier: identifier.isEmpty ? nil : identifier),
            wantedAddress: message.addresses.first.map(IPAddress.v6), linkLocalAddress: local,
            isRelayed: message.isRelayed)
    }
}
