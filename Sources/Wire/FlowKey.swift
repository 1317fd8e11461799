/// The transport protocols we look into (IANA protocol numbers).
package enum TransportProtocol: UInt8, Hashable, Sendable, CustomStringConvertible {
    case tcp = 6
    case udp = 17

    package var description: String {
        switch self {
        case .tcp: "tcp"
        case .udp: "udp"
        }
    }
}

/// The five-tuple of one direction of a flow.
package struct FlowKey: Hashable, Sendable, CustomStringConvertible {
    package let transport: TransportProtocol
    package let source: IPAddress
    package let sourcePort: UInt16
    package let destination: IPAddress
    package let destinationPort: UInt16

    package init(
        transport: TransportProtocol, source: IPAddress, sourcePort: UInt16,
        destination: IPAddress, destinationPort: UInt16
    ) {
        self.transport = transport
        self.source = source
        self.sourcePort = sourcePort
        self.destination = destination
        self.destinationPort = destinationPort
    }

    /// `tcp 10.20.0.31:41112 -> 203.0.113.2:443`, IPv6 addresses in brackets.
    package var description: String {
        let target = Self.text(destination, destinationPort)
        return "\(transport) \(Self.text(source, sourcePort)) -> \(target)"
    }

    private static func text(_ address: IPAddress, _ port: UInt16) -> String {
        if case .v6 = address { return "[\(address)]:\(port)" }
        return "\(address):\(port)"
    }
}
