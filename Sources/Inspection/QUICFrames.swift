/// The frames of an Initial packet (RFC 9000 section 12.4): pieces of the handshake, and others
/// that are stepped over.
enum QUICFrames {
    struct Collected {
        /// A piece brought other bytes for a place already filled.
        var differs = false
        /// Pieces that lie behind the limit, in whole or in part.
        var beyond: UInt64 = 0
        var isMalformed = false
    }

    /// Puts the data of every CRYPTO frame in its place of `handshake`, whose first byte has the
    /// offset 0, up to `limit` bytes. Of a byte that is there already the first copy stays, unless
    /// `replacing`.
    static func collect(
        _ frames: Span<UInt8>, into handshake: inout StreamBuffer, limit: Int, replacing: Bool
    ) -> Collected {
        var result = Collected()
        var offset = 0
        while offset < frames.count {
            let type = frames[offset]
            offset += 1
            switch type {
            // PADDING, PING.
            case 0x00, 0x01: continue
            // ACK, without and with counts of ECN.
            case 0x02, 0x03: result.isMalformed = !skipACK(frames, &offset, hasECN: type == 0x03)
            // CRYPTO.
            case 0x06:
                guard let place = frames.variableLengthInteger(at: &offset),
                    let count = frames.variableLengthInteger(at: &offset),
                    count <= frames.count - offset
                else {
                    result.isMalformed = true
                    return result
                }
                let data = frames.extracting(offset..<offset + count)
                offset += count
                if place > limit - count { result.beyond += 1 }
                guard place < limit, count > 0 else { continue }
                let piece = data.extracting(first: min(count, limit - place))
                let differs = handshake.fill(piece, at: place, replacing: replacing)
                result.differs = result.differs || differs
            // CONNECTION_CLOSE of the transport.
            case 0x1c: result.isMalformed = !skipClose(frames, &offset)
            default: result.isMalformed = true
            }
            if result.isMalformed { return result }
        }
        return result
    }

    /// RFC 9000 section 19.3. False when it does not end in the packet.
    private static func skipACK(
        _ frames: Span<UInt8>, _ offset: inout Int, hasECN: Bool
    ) -> Bool {
        guard skipIntegers(2, frames, &offset),
            let ranges = frames.variableLengthInteger(at: &offset), ranges < frames.count
        else { return false }
        return skipIntegers(1 + 2 * ranges + (hasECN ? 3 : 0), frames, &offset)
    }

    /// RFC 9000 section 19.19: a code, a frame type and a reason.
    private static func skipClose(_ frames: Span<UInt8>, _ offset: inout Int) -> Bool {
        guard skipIntegers(2, frames, &offset),
            let reason = frames.variableLengthInteger(at: &offset),
            reason <= frames.count - offset
        else { return false }
        offset += reason
        return true
    }

    private static func skipIntegers(
        _ count: Int, _ frames: Span<UInt8>, _ offset: inout Int
    ) -> Bool {
        for _ in 0..<count where frames.variableLengthInteger(at: &offset) == nil { return false }
        return true
    }
}
