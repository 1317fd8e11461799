import Wire

/// What the first payload bytes of a flow are read as.
enum Dialect: Hashable, Sendable {
    case dnsDatagram
    case dnsStream
    case tls
    case quic
    case http

    var vector: Vector {
        switch self {
        case .dnsDatagram: .dns
        case .dnsStream: .dnsTCP
        case .tls: .tls
        case .quic: .quic
        case .http: .http
        }
    }
}

/// The one table that says which flows are read, and as what. Only the direction towards the
/// service shows names; the replies are nobody's attempt.
enum InspectedPorts {
    static func dialect(_ transport: TransportProtocol, port: UInt16) -> Dialect? {
        switch (transport, port) {
        case (.udp, 53): .dnsDatagram
        case (.tcp, 53): .dnsStream
        case (.tcp, 443): .tls
        case (.udp, 443): .quic
        case (.tcp, 80): .http
        default: nil
        }
    }
}
