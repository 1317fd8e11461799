package import Inspection
import Policy
import Wire

extension IdentityClaim {
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
}
