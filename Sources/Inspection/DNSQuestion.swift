import Wire

/// The question section of DNS messages (RFC 1035 section 4.1).
enum DNSQuestion {
    static let headerLength = 12
    /// RFC 9619 leaves a query one question; old clients put a few. More is not a client.
    static let maximumQuestions = 16
    /// RFC 1035 section 4.1.4: pointers lead to a prior occurrence. Going only backwards ends by
    /// itself; this bounds the work. A name has at most 127 labels.
    static let maximumPointers = 127

    enum Fault: Error {
        case truncated
        case malformed
    }

    /// Reads one whole message, or the part of it that is there.
    ///
    /// Replies and other operations than QUERY show no attempt: `.message`, and no name.
    static func read(
        _ message: Span<UInt8>, name visit: (borrowing NameBuffer) -> Void
    ) -> StreamReading {
        guard message.count >= headerLength else { return .incomplete }
        // QR is 0 in a query, and so is the four-bit OPCODE.
        guard message[2] & 0xf8 == 0 else { return .message(length: message.count) }
        var offset = headerLength
        for _ in 0..<min(Int(message.uint16(at: 4)), maximumQuestions) {
            do throws(Fault) {
                var name = NameBuffer()
                offset = try readName(message, at: offset, into: &name)
                // QTYPE and QCLASS, whichever they are.
                guard offset + 4 <= message.count else { throw .truncated }
                offset += 4
                if name.count > 0 { visit(name) }
            } catch {
                return error == .truncated ? .incomplete : .malformed(length: nil)
            }
        }
        return .message(length: message.count)
    }

    /// Reads a message behind its two octets of length (RFC 1035 section 4.2.2).
    static func readFramed(
        _ stream: Span<UInt8>, name visit: (borrowing NameBuffer) -> Void
    ) -> StreamReading {
        guard stream.count >= 2 else { return .incomplete }
        let length = Int(stream.uint16(at: 0))
        guard length >= headerLength else { return .foreign }
        // In a stream joined halfway the octets here are any: look twice before believing them, but
        // believe a length that fits to the byte, whatever flags a client sets.
        if stream.count >= 2 + headerLength, stream.count != 2 + length,
            !isLikelyHeader(stream.extracting(droppingFirst: 2))
        {
            return .foreign
        }
        let end = min(stream.count, 2 + length)
        switch read(stream.extracting(2..<end), name: visit) {
        case .message: return .message(length: 2 + length)
        case .malformed: return .malformed(length: 2 + length)
        // The message is all there, so the question that goes past its end never comes.
        case .incomplete where end == 2 + length: return .malformed(length: 2 + length)
        case let reading: return reading
        }
    }

    /// The next place behind the first byte where a whole query may stand: where a stream is joined
    /// halfway, or something else than a query was sent in it.
    static func nextFramed(_ stream: Span<UInt8>) -> Int? {
        var start = 1
        while start + 2 + headerLength <= stream.count {
            let length = Int(stream.uint16(at: start))
            if length > headerLength, start + 2 + length <= stream.count,
                stream.uint16(at: start + 6) > 0,
                isLikelyHeader(stream.extracting(droppingFirst: start + 2))
            {
                return start
            }
            start += 1
        }
        return nil
    }

    /// What clients send: QR, AA, TC, RA, Z and RCODE are 0 (RFC 1035 section 4.1.1); a QUERY has
    /// no answers, one authority at most (RFC 1995), and EDNS and a signature as additional
    /// records. An update or a notification speaks of one zone (RFC 2136 section 2.3, RFC 1996
    /// section 3.7).
    private static func isLikelyHeader(_ message: Span<UInt8>) -> Bool {
        guard message[2] & 0x86 == 0, message[3] & 0xcf == 0 else { return false }
        guard message[2] & 0x78 == 0 else { return message.uint16(at: 4) == 1 }
        return message.uint16(at: 4) <= maximumQuestions && message.uint16(at: 6) == 0
            && message.uint16(at: 8) <= 1 && message.uint16(at: 10) <= 4
    }

    /// Returns where the octets after the name stand. RFC 1035 sections 3.1 and 4.1.4.
    static func readName(
        _ message: Span<UInt8>, at start: Int, into name: inout NameBuffer
    ) throws(Fault) -> Int {
        var offset = start
        var end: Int?
        // A pointer must lead before the part of the name it ends.
        var floor = start
        var pointers = 0
        var wireLength = 1
        while true {
            guard offset < message.count else { throw .truncated }
            let length = Int(message[offset])
            switch length >> 6 {
            case 0 where length == 0: return end ?? offset + 1
            case 0:
                guard offset + length < message.count else { throw .truncated }
                wireLength += 1 + length
                guard wireLength <= 255 else { throw .malformed }
                try appendLabel(message.extracting(offset + 1...offset + length), to: &name)
                offset += 1 + length
            case 3:
                guard offset + 1 < message.count else { throw .truncated }
                let target = Int(message.uint16(at: offset) & 0x3fff)
                pointers += 1
                guard target < floor, pointers <= maximumPointers else { throw .malformed }
                end = end ?? offset + 2
                floor = target
                offset = target
            // RFC 6891 section 5 retired the other two kinds of label.
            default: throw .malformed
            }
        }
    }

    /// A dot inside a label is no label boundary, and a name must not be able to say it is: it goes
    /// in as `\046`, the backslash as `\092` (RFC 4343 section 2.1), which no pattern contains.
    private static func appendLabel(
        _ label: Span<UInt8>, to name: inout NameBuffer
    ) throws(Fault) {
        var fits = name.count == 0 || name.append(UInt8(ascii: "."))
        for index in label.indices {
            switch label[index] {
            case UInt8(ascii: "."), UInt8(ascii: "\\"):
                fits = appendDecimal(label[index], to: &name) && fits
            case let byte: fits = name.append(byte) && fits
            }
        }
        guard fits else { throw .malformed }
    }

    private static func appendDecimal(_ byte: UInt8, to name: inout NameBuffer) -> Bool {
        let zero = UInt8(ascii: "0")
        name.append(UInt8(ascii: "\\"))
        name.append(zero + byte / 100)
        name.append(zero + byte / 10 % 10)
        return name.append(zero + byte % 10)
    }
}
