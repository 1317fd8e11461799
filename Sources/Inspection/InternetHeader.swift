import Wire

/// Why a packet has no transport header that could be read.
enum HeaderFault: Error, Hashable {
    /// Lengths that contradict each other or the bytes at hand.
    case malformed
    /// Not IP, or neither TCP nor UDP.
    case foreign
    /// A piece of a datagram that cannot be read on its own.
    case fragment
}

/// The IP header of a packet, of either version, its extension headers walked.
struct InternetHeader {
    /// Outer and inner tag (IEEE 802.1ad); what carries more is no access network.
    static let maximumVLANTags = 2

    let source: IPAddress
    let destination: IPAddress
    /// IANA number of what `payload` holds; 0...255.
    private(set) var nextProtocol: UInt8
    /// Where the bytes after all IP headers stand. A frame's padding is not in it.
    private(set) var payload: Range<Int>
    /// The datagram goes on in later packets.
    private(set) var isFirstFragment = false

    /// - Parameter extensionHeaders: as `InspectionLimits` has it.
    init(
        _ packet: Span<UInt8>, link: LinkLayer,
        extensionHeaders: Int = InspectionLimits.standard.extensionHeaders
    ) throws(HeaderFault) {
        let start: Int =
            switch link {
            case .ip: 0
            case .ethernet: try Self.skipEthernet(packet)
            }
        guard start < packet.count else { throw .malformed }
        switch packet[start] >> 4 {
        case 4: try self.init(version4: packet, at: start)
        case 6: try self.init(version6: packet, at: start, extensionHeaders)
        default: throw .malformed
        }
    }

    /// Steps over destination, source, at most two tags and the EtherType (IEEE 802.3, 802.1Q).
    private static func skipEthernet(_ packet: Span<UInt8>) throws(HeaderFault) -> Int {
        var offset = 12
        for _ in 0...maximumVLANTags {
            guard offset + 2 <= packet.count else { throw .malformed }
            switch packet.uint16(at: offset) {
            case 0x0800, 0x86dd: return offset + 2
            case 0x8100, 0x88a8: offset += 4
            default: throw .foreign
            }
        }
        throw .foreign
    }

    /// RFC 791 section 3.1.
    private init(version4 packet: Span<UInt8>, at start: Int) throws(HeaderFault) {
        guard start + 20 <= packet.count else { throw .malformed }
        let headerLength = Int(packet[start] & 0x0f) * 4
        var totalLength = Int(packet.uint16(at: start + 2))
        // A super-packet of more than 64 KiB (Linux "BIG TCP") has no length to write: it says 0.
        if totalLength == 0 { totalLength = packet.count - start }
        guard headerLength >= 20, headerLength <= totalLength,
            start + totalLength <= packet.count
        else { throw .malformed }
        source = .v4(IPv4Address(value: packet.uint32(at: start + 12)))
        destination = .v4(IPv4Address(value: packet.uint32(at: start + 16)))
        nextProtocol = packet[start + 9]
        payload = start + headerLength..<start + totalLength
        let fragmentField = packet.uint16(at: start + 6)
        isFirstFragment = fragmentField & 0x2000 != 0
        if fragmentField & 0x1fff != 0 { throw .fragment }
    }

    /// RFC 8200 section 3.
    private init(
        version6 packet: Span<UInt8>, at start: Int, _ extensionHeaders: Int
    ) throws(HeaderFault) {
        let body = start + 40
        guard body <= packet.count else { throw .malformed }
        var length = Int(packet.uint16(at: start + 4))
        nextProtocol = packet[start + 6]
        // A jumbogram (RFC 2675) says 0 and puts its length into a hop-by-hop option.
        if length == 0, nextProtocol == 0 { length = packet.count - body }
        guard body + length <= packet.count else { throw .malformed }
        source = Self.address6(packet, at: start + 8)
        destination = Self.address6(packet, at: start + 24)
        payload = body..<body + length
        try skipExtensionHeaders(packet, limit: extensionHeaders)
    }

    private static func address6(_ packet: Span<UInt8>, at offset: Int) -> IPAddress {
        .v6(IPv6Address(high: packet.uint64(at: offset), low: packet.uint64(at: offset + 8)))
    }

    /// RFC 8200 section 4; the authentication header counts in units of four (RFC 4302).
    private mutating func skipExtensionHeaders(
        _ packet: Span<UInt8>, limit: Int
    ) throws(HeaderFault) {
        for _ in 0...limit {
            let offset = payload.lowerBound
            let length: Int
            switch nextProtocol {
            case 0, 43, 60:
                guard payload.count >= 8 else { throw .malformed }
                length = (Int(packet[offset + 1]) + 1) * 8
            case 51:
                guard payload.count >= 8 else { throw .malformed }
                length = (Int(packet[offset + 1]) + 2) * 4
            case 44:
                guard payload.count >= 8 else { throw .malformed }
                let field = packet.uint16(at: offset + 2)
                if field & 0xfff8 != 0 { throw .fragment }
                isFirstFragment = field & 1 != 0
                length = 8
            default: return
            }
            guard length <= payload.count else { throw .malformed }
            nextProtocol = packet[offset]
            payload = offset + length..<payload.upperBound
        }
        throw .malformed
    }
}
