import Wire

/// What the payload of a flow is read as.
enum Dialect: Hashable, Sendable {
    case dnsDatagram
    case dnsStream
    /// Requests from the first to the last, and TLS only behind a CONNECT.
    case http
    /// Whatever the first bytes say: TLS, HTTP, or nothing that shows a name.
    case stream
    case quic
}

/// How a name was shown.
struct Showing: Hashable, Sendable {
    let vector: Vector
    /// The hello carries an `encrypted_client_hello` as well.
    var hasECH = false
}

/// The one table that says what flows are read as. Only the ports of DNS and HTTP decide it: their
/// flows are read to the end, whatever they begin with. Every other port may carry anything.
///
/// Only the direction towards the service shows names; the replies are nobody's attempt.
enum InspectedPorts {
    static func dialect(_ transport: TransportProtocol, port: UInt16) -> Dialect {
        switch (transport, port) {
        case (.udp, 53): .dnsDatagram
        case (.tcp, 53): .dnsStream
        case (.tcp, 80): .http
        case (.tcp, _): .stream
        case (.udp, _): .quic
        }
    }
}
