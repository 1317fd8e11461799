import Wire

/// The headers of a packet down to its payload: the five-tuple and, for TCP, the place in the
/// stream.
struct PacketHeaders {
    let flow: FlowKey
    /// Where the TCP or UDP header begins.
    let transportStart: Int
    /// What the segment or datagram carries; may be empty.
    private(set) var payload: Range<Int>
    /// The sequence number of the first payload byte; 0 for UDP.
    private(set) var sequence: UInt32 = 0
    /// The number of the next byte expected from the other side; nil without ACK, and for UDP.
    private(set) var acknowledgment: UInt32?
    /// The payload begins the stream: it came with the SYN (RFC 7413).
    private(set) var isStreamStart = false
    /// The datagram goes on in later fragments.
    let isFirstFragment: Bool

    /// Lengths are checked against each other and against `packet`, so `payload` is in bounds.
    ///
    /// Fragments are the exception that should not happen: conntrack puts datagrams together
    /// before the forward hook. Without it the first fragment is read as far as it goes.
    ///
    /// - Parameter extensionHeaders: as `InspectionLimits` has it.
    init(
        _ packet: Span<UInt8>, link: LinkLayer,
        extensionHeaders: Int = InspectionLimits.standard.extensionHeaders
    ) throws(HeaderFault) {
        let header = try InternetHeader(packet, link: link, extensionHeaders: extensionHeaders)
        guard let transport = TransportProtocol(rawValue: header.nextProtocol) else {
            throw .foreign
        }
        let minimum = transport == .tcp ? 20 : 8
        guard header.payload.count >= minimum else {
            throw header.isFirstFragment ? .fragment : .malformed
        }
        let start = header.payload.lowerBound
        transportStart = start
        flow = FlowKey(
            transport: transport, source: header.source, sourcePort: packet.uint16(at: start),
            destination: header.destination, destinationPort: packet.uint16(at: start + 2))
        isFirstFragment = header.isFirstFragment
        payload = header.payload
        switch transport {
        case .tcp: try readTCP(packet)
        case .udp: try readUDP(packet)
        }
    }

    /// RFC 9293 section 3.1.
    private mutating func readTCP(_ packet: Span<UInt8>) throws(HeaderFault) {
        let start = payload.lowerBound
        let headerLength = Int(packet[start + 12] >> 4) * 4
        guard headerLength >= 20 else { throw .malformed }
        guard headerLength <= payload.count else {
            throw isFirstFragment ? .fragment : .malformed
        }
        payload = start + headerLength..<payload.upperBound
        sequence = packet.uint32(at: start + 4)
        if packet[start + 13] & 0x10 != 0 { acknowledgment = packet.uint32(at: start + 8) }
        // SYN takes one sequence number, so data beside it begins at the next.
        isStreamStart = packet[start + 13] & 0x02 != 0
        if isStreamStart { sequence &+= 1 }
    }

    /// RFC 768; a length of 0 is the jumbogram's (RFC 2675 section 4).
    private mutating func readUDP(_ packet: Span<UInt8>) throws(HeaderFault) {
        let start = payload.lowerBound
        var length = Int(packet.uint16(at: start + 4))
        if length == 0, case .v6 = flow.source { length = payload.count }
        if isFirstFragment { length = min(length, payload.count) }
        guard length >= 8, length <= payload.count else { throw .malformed }
        payload = start + 8..<start + length
    }
}
