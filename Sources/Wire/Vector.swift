/// How a name showed itself on the wire.
package enum Vector: String, Hashable, Sendable, CaseIterable {
    case dns
    case dnsTCP = "dns-tcp"
    /// In the chain of aliases of an answer to a question for another name.
    case dnsAnswer = "dns-answer"
    case tls
    case quic
    case http
    /// In a request to a SOCKS proxy.
    case socks
    /// In no name at all: an answer had given this address for the name.
    case address
    /// No name of a server: a device by what it says of itself.
    case dhcp
    /// It is listed as one device with another that is cut off.
    case settings
}
