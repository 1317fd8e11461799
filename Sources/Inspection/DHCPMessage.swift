package import Wire

/// Why a packet is no DHCP message that could be read; each is counted, none is fatal.
package enum DHCPFault: Error, Hashable, Sendable {
    /// Not a whole UDP datagram between the ports of DHCP, not BOOTP over Ethernet, BOOTP without a
    /// message type (RFC 951), or a DHCPv6 message of a type that neither client nor server sends.
    case foreign
    /// Lengths that contradict each other or the octets at hand.
    case malformed
    /// An option longer than `DHCPMessage.maximumOptionLength`, or what `DHCPv6Message` allows.
    case oversized
}

/// One DHCPv4 message: what a client says of itself, and what a server lends it.
///
/// RFC 2131 and 2132; options in pieces (RFC 3396), client identifiers (RFC 4361), the name of
/// RFC 4702. Texts are as they came, octet by octet: whoever shows one has to escape it.
package struct DHCPMessage: Hashable, Sendable {
    /// Option 53 (RFC 2132 section 9.6).
    package enum Kind: UInt8, Hashable, Sendable {
        case discover = 1
        case offer, request, decline, acknowledge, refuse, release, inform
    }

    /// Octets kept of one option. Nobody's name or identifier needs more than one piece.
    package static let maximumOptionLength = 255
    /// Options and pieces read of one message: a frame of 1,500 octets has room for some 600 empty
    /// ones, and what a jumbo frame carries beyond that no client writes.
    package static let maximumPieces = 1_024

    package internal(set) var kind = Kind.discover
    /// From a server (`op` 2).
    package internal(set) var isReply = false
    /// `chaddr`.
    package internal(set) var hardwareAddress = MACAddress(value: 0)
    /// `ciaddr`: what the client uses already. 0.0.0.0 is nil, here and below.
    package internal(set) var clientAddress: IPv4Address?
    /// `yiaddr`
    package internal(set) var lentAddress: IPv4Address?
    /// `giaddr`: the message came through a relay, whose MAC its frame carries.
    package internal(set) var relayAddress: IPv4Address?
    /// Option 50.
    package internal(set) var requestedAddress: IPv4Address?
    /// Option 54.
    package internal(set) var server: IPv4Address?
    /// Option 51.
    package internal(set) var leaseSeconds: UInt32?
    /// Option 12, without the zeros some clients end it with.
    package internal(set) var hostName: [UInt8] = []
    /// Option 81: the name of its ASCII or its canonical form, with dots.
    package internal(set) var qualifiedName: [UInt8] = []
    /// Option 60.
    package internal(set) var vendorClass: [UInt8] = []
    /// Option 55: the options the client asks for, in its order.
    package internal(set) var parameters: [UInt8] = []
    /// Option 61.
    package internal(set) var clientIdentifier: [UInt8] = []

    init() {}

    /// The address a client takes up or keeps with this message (RFC 2131 section 4.3.2).
    package var wantedAddress: IPv4Address? { requestedAddress ?? clientAddress }

    /// Whether the identifier is the hardware address in other words: 1 and `chaddr` (RFC 2132
    /// section 9.14). It says nothing that the address does not.
    package var identifierIsHardwareAddress: Bool {
        clientIdentifier.count == 7 && clientIdentifier[0] == 1
            && MACAddress(octets: clientIdentifier.dropFirst()) == hardwareAddress
    }

    /// Reads an IP packet.
    ///
    /// - Parameter source: gets the packet's own source address, 0.0.0.0 before there is a lease.
    package static func read(
        packet: Span<UInt8>, source: inout IPAddress?
    ) throws(DHCPFault) -> DHCPMessage {
        let datagram = try DHCPDatagram(packet, server: serverPort, client: clientPort)
        guard case .v4 = datagram.source else { throw .foreign }
        source = datagram.source
        return try read(packet.extracting(datagram.payload))
    }

    private static let serverPort: UInt16 = 67
    private static let clientPort: UInt16 = 68
}

/// Where in an IP packet a message between a client and a server or a relay is.
struct DHCPDatagram {
    let source: IPAddress
    let payload: Range<Int>

    init(_ packet: Span<UInt8>, server: UInt16, client: UInt16) throws(DHCPFault) {
        let headers: PacketHeaders
        do throws(HeaderFault) {
            headers = try PacketHeaders(packet, link: .ip)
        } catch {
            throw error == .malformed ? .malformed : .foreign
        }
        let flow = headers.flow
        guard flow.transport == .udp, !headers.isFirstFragment,
            flow.destinationPort == server
                || (flow.sourcePort == server && flow.destinationPort == client)
        else { throw .foreign }
        source = flow.source
        payload = headers.payload
    }
}
