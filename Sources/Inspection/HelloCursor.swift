/// Why the next byte of a hello cannot be had.
enum HelloFault: Error, Hashable {
    case incomplete
    case malformed
}

/// A place in a handshake message, which TCP has in one or more records (RFC 8446 section 5.1).
struct HelloCursor {
    static let recordHeaderLength = 5
    /// RFC 8446 section 5.1: a plaintext record carries 1...2^14 octets.
    static let maximumRecord = 1 << 14

    private(set) var offset = 0
    /// Handshake bytes left in this record.
    private var left = 0

    init() {}

    private init(left: Int) { self.left = left }

    /// For a message that lies in no record: QUIC has frames instead (RFC 9001 section 4.1.3).
    static let withoutRecords = HelloCursor(left: .max)

    mutating func byte(_ stream: Span<UInt8>) throws(HelloFault) -> UInt8 {
        if left == 0 { try enterRecord(stream) }
        guard offset < stream.count else { throw .incomplete }
        let value = stream[offset]
        offset += 1
        left -= 1
        return value
    }

    mutating func uint16(_ stream: Span<UInt8>) throws(HelloFault) -> Int {
        let high = try byte(stream)
        return Int(high) << 8 | Int(try byte(stream))
    }

    /// Steps over `count` handshake bytes, and over the record headers between them.
    mutating func skip(_ count: Int, _ stream: Span<UInt8>) throws(HelloFault) {
        var count = count
        while count > 0 {
            if left == 0 { try enterRecord(stream) }
            let step = min(count, left)
            guard step <= stream.count - offset else { throw .incomplete }
            offset += step
            left -= step
            count -= step
        }
    }

    private mutating func enterRecord(_ stream: Span<UInt8>) throws(HelloFault) {
        let available = stream.count - offset
        // Type handshake, any minor version: RFC 8446 appendix D.1 has receivers ignore it.
        if available > 0, stream[offset] != 22 { throw .malformed }
        if available > 1, stream[offset + 1] != 3 { throw .malformed }
        guard available >= Self.recordHeaderLength else { throw .incomplete }
        left = Int(stream.uint16(at: offset + 3))
        guard (1...Self.maximumRecord).contains(left) else { throw .malformed }
        offset += Self.recordHeaderLength
    }
}
