/// How a name showed itself on the wire.
package enum Vector: String, Hashable, Sendable, CaseIterable {
    case dns
    case dnsTCP = "dns-tcp"
    case tls
    case quic
    case http
}
