import Wire

/// An answer made into a refusal on its way to the device, so that the device hears it from the
/// server it asked.
package enum AnswerRefusal: UInt8, Hashable, Sendable {
    /// The name exists and has nothing of this type (RFC 2308 section 2.2).
    case noData = 0
    /// The name does not exist (RFC 8020).
    case nameError = 3
}

extension AnswerPacket {
    /// The packet with its one answer made into the refusal: question and number kept, records
    /// gone. Without an SOA record nobody keeps it (RFC 2308 section 5).
    ///
    /// A datagram becomes shorter. A segment must keep its length, or every later sequence number
    /// would be wrong; what the records took is filled by the padding of RFC 7830.
    ///
    /// - Returns: an IP packet with right lengths and checksums; nil when there is not exactly one
    ///   whole answer, or no way to fill its place.
    package static func refusing(
        _ packet: Span<UInt8>, with refusal: AnswerRefusal
    ) -> [UInt8]? {
        guard let headers = try? PacketHeaders(packet, link: .ip), !headers.isFirstFragment else {
            return nil
        }
        let isStream = headers.flow.transport == .tcp
        let start = headers.payload.lowerBound + (isStream ? 2 : 0)
        guard start <= headers.payload.upperBound else { return nil }
        let message = packet.extracting(start..<headers.payload.upperBound)
        if isStream,
            Int(packet.uint16(at: headers.payload.lowerBound)) != message.count
        {
            return nil
        }
        guard let end = questionEnd(message) else { return nil }
        var octets: [UInt8] = []
        octets.reserveCapacity(packet.count)
        for index in 0..<start + end { octets.append(packet[index]) }
        // Not authoritative, not truncated, not authentic; RCODE as asked for.
        octets[start + 2] &= 0xf9
        octets[start + 3] = octets[start + 3] & 0x80 | refusal.rawValue
        for index in start + 6..<start + 12 { octets[index] = 0 }
        if isStream {
            guard pad(&octets, message: start, by: message.count - end) else { return nil }
        }
        fixLengths(&octets, headers)
        return octets
    }

    /// Where the one question of a message ends; nil when it is no answer to one.
    private static func questionEnd(_ message: Span<UInt8>) -> Int? {
        guard message.count >= DNSQuestion.headerLength, message[2] & 0xf8 == 0x80,
            message.uint16(at: 4) == 1
        else { return nil }
        var name = NameBuffer()
        guard
            let end = try? DNSQuestion.readName(
                message, at: DNSQuestion.headerLength, into: &name),
            end + 4 <= message.count, isPlain(message.extracting(DNSQuestion.headerLength..<end))
        else { return nil }
        return end + 4
    }

    /// Whether the first name of a message has no pointer: one could lead only into the header,
    /// which is about to change.
    private static func isPlain(_ name: Span<UInt8>) -> Bool {
        var offset = 0
        while offset < name.count, name[offset] > 0 {
            guard name[offset] < 64 else { return false }
            offset += 1 + Int(name[offset])
        }
        return offset == name.count - 1
    }

    /// An OPT record (RFC 6891 section 6.1.2) whose padding takes what is left.
    private static func pad(_ octets: inout [UInt8], message: Int, by count: Int) -> Bool {
        if count == 0 { return true }
        let (record, option) = (11, 4)
        guard count >= record + option else { return false }
        // Root, type 41, 1,232 octets of UDP, no flags; then option 12.
        octets += [0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0]
        append16(count - record, to: &octets)
        append16(12, to: &octets)
        append16(count - record - option, to: &octets)
        octets += Array(repeating: 0, count: count - record - option)
        octets[message + 11] = 1
        return true
    }

    private static func append16(_ value: Int, to octets: inout [UInt8]) {
        octets.append(UInt8(truncatingIfNeeded: value >> 8))
        octets.append(UInt8(truncatingIfNeeded: value))
    }

    private static func put16(_ value: Int, at offset: Int, in octets: inout [UInt8]) {
        octets[offset] = UInt8(truncatingIfNeeded: value >> 8)
        octets[offset + 1] = UInt8(truncatingIfNeeded: value)
    }

    /// RFC 791 section 3.1, RFC 8200 section 3, RFC 768, RFC 9293 section 3.1.
    private static func fixLengths(_ octets: inout [UInt8], _ headers: PacketHeaders) {
        let isVersion4 = octets[0] >> 4 == 4
        // Where the transport header begins: behind the IP header and its extensions.
        let transport = headers.transportStart
        // RFC 791 counts the header as well, RFC 8200 does not. What the packet said may have been
        // less than there was.
        if isVersion4 {
            put16(octets.count, at: 2, in: &octets)
            put16(0, at: 10, in: &octets)
            let header = ~sum(octets.span.extracting(0..<transport), 0)
            put16(Int(header), at: 10, in: &octets)
        } else {
            put16(octets.count - 40, at: 4, in: &octets)
        }
        let checksum: Int
        switch headers.flow.transport {
        case .udp:
            put16(octets.count - transport, at: transport + 4, in: &octets)
            checksum = transport + 6
        case .tcp: checksum = transport + 16
        }
        put16(0, at: checksum, in: &octets)
        let value = ~sum(
            octets.span.extracting(transport..<octets.count),
            pseudoHeader(headers.flow, count: octets.count - transport))
        // A UDP checksum of zero says that there is none.
        let isNone = value == 0 && headers.flow.transport == .udp
        put16(isNone ? 0xffff : Int(value), at: checksum, in: &octets)
    }

    /// RFC 1071: the sum of 16-bit words, carries added back.
    private static func sum(_ octets: Span<UInt8>, _ start: UInt64) -> UInt16 {
        var sum = start
        for index in stride(from: 0, to: octets.count - 1, by: 2) {
            sum += UInt64(octets.uint16(at: index))
        }
        if octets.count % 2 == 1 { sum += UInt64(octets[octets.count - 1]) << 8 }
        while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
        return UInt16(sum)
    }

    private static func pseudoHeader(_ flow: FlowKey, count: Int) -> UInt64 {
        words(flow.source) + words(flow.destination) + UInt64(flow.transport.rawValue)
            + UInt64(count)
    }

    private static func words(_ address: IPAddress) -> UInt64 {
        switch address {
        case .v4(let address): UInt64(address.value >> 16) + UInt64(address.value & 0xffff)
        case .v6(let address):
            [address.high, address.low].reduce(0) { sum, half in
                sum + half >> 48 + half >> 32 & 0xffff + half >> 16 & 0xffff + half & 0xffff
            }
        }
    }
}
