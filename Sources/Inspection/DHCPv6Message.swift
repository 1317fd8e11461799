package import Wire

/// One DHCPv6 message: what a client says of itself (RFC 8415).
///
/// What a server sends, and what a relay has put into a message of its own, is told by its kind
/// and not read. A message has no MAC of its client's; its frame has.
package struct DHCPv6Message: Hashable, Sendable {
    /// RFC 8415 section 7.3.
    package enum Kind: UInt8, Hashable, Sendable {
        case solicit = 1
        case advertise, request, confirm, renew, rebind, reply, release, decline, reconfigure
        case informationRequest, relayForward, relayReply

        /// From a server, or on its way back through a relay.
        package var isReply: Bool {
            switch self {
            case .advertise, .reply, .reconfigure, .relayReply: true
            default: false
            }
        }
    }

    /// What a client's program calls itself (RFC 8415 section 21.16).
    package struct VendorClass: Hashable, Sendable {
        /// IANA's number of who has defined the rest.
        package let enterprise: UInt32
        package let pieces: [[UInt8]]
    }

    /// Octets kept of one option; the longest name has 255 (RFC 1035 section 2.3.4), and one octet
    /// of flags.
    package static let maximumOptionLength = 256
    /// Options read of one message, those within others too: a frame of 1,500 octets has room for
    /// some 350 empty ones, and what a jumbo frame carries beyond that no client writes.
    package static let maximumOptions = 512
    /// Addresses kept: a client has one or two of each kind.
    package static let maximumAddresses = 4

    package let kind: Kind
    /// 24 bits; 0 in a relay's message, which has none.
    package internal(set) var transaction: UInt32 = 0
    /// The DUID of option 1; empty without one, which only an INFORMATION-REQUEST may be.
    package internal(set) var clientIdentifier: [UInt8] = []
    /// Those in options 3 and 4: what the client asks for, takes up or keeps.
    package internal(set) var addresses: [IPv6Address] = []
    /// Option 39 (RFC 4704), with dots; a name may be partial.
    package internal(set) var qualifiedName: [UInt8] = []
    /// Option 6: the options the client asks for, in its order.
    package internal(set) var requestedOptions: [UInt16] = []
    /// Option 16, the first one.
    package internal(set) var vendorClass: VendorClass?

    init(kind: Kind) { self.kind = kind }

    /// The message came through a relay, whose MAC its frame carries.
    package var isRelayed: Bool { kind == .relayForward }

    /// Reads an IP packet.
    ///
    /// - Parameter source: gets the packet's own source address, link-local as a rule (RFC 8415
    ///   section 18.2).
    package static func read(
        packet: Span<UInt8>, source: inout IPAddress?
    ) throws(DHCPFault) -> DHCPv6Message {
        let datagram = try DHCPDatagram(packet, server: serverPort, client: clientPort)
        guard case .v6 = datagram.source else { throw .foreign }
        source = datagram.source
        return try read(packet.extracting(datagram.payload))
    }

    private static let serverPort: UInt16 = 547
    private static let clientPort: UInt16 = 546
}
