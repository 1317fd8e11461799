import Wire

/// Reads one stream, segment by segment, in the dialect of its port, or in the one that its first
/// bytes are in.
///
/// It holds no state of its own: what must wait is in the `StreamBuffer` it is given.
struct StreamReader {
    /// What has been found out after a segment.
    enum Finding: Hashable {
        case open
        case malformed
        case settled(Settlement)
    }

    /// Why nothing later of a stream can show a name.
    enum Settlement: Hashable {
        case named
        /// The hello was read to its end and names no server.
        case nameless
        /// The buffer is full of what began as a hello.
        case tooLong
        /// The buffer is full, and no hello begins in it.
        case notHello
    }

    /// What stays of a full buffer that shows no message: the beginning of one may be at its end.
    /// Long enough for a request line that has not ended (RFC 9112 section 3 asks for 8,000 octets
    /// at least; what goes beyond is read when its segment begins with it).
    static let keptTail = 8 * 1024
    /// Preludes before a stream is none of ours. Three proxies in a row take nine with passwords, a
    /// mail session before TLS five. Each segment reads them anew, so their number bounds its cost.
    static let maximumPreludes = 16

    let dialect: Dialect
    let limit: Int

    private struct Round {
        /// Bytes of the segment that need no further look.
        let taken: Int
        let finding: Finding
    }

    /// Everything that stands whole at the front of some bytes has been read.
    private struct Drained {
        /// May go beyond the end: the rest of a message whose names are known.
        var consumed = 0
        /// Names that the bytes behind `consumed` have shown.
        var names = 0
        var end: StreamReading = .message(length: 0)
        var isMalformed = false
        /// Messages were read behind bytes that are none.
        var isBehindForeign = false
        /// A request of HTTP was read, so the rest is HTTP.
        var isHTTP = false

        /// Whether a message may begin behind bytes that are none: not in a stream whose first
        /// bytes decide what it is.
        func isSearched(_ dialect: Dialect) -> Bool { dialect != .stream || isHTTP }

        var settlement: Settlement? {
            guard case .settled(let named) = end else { return nil }
            return named ? .named : .nameless
        }
    }

    private var keptTail: Int { min(Self.keptTail, limit / 2) }

    /// Feeds one segment. `visit` gets each name the first time its bytes are there.
    func read(
        _ segment: Span<UInt8>, at sequence: UInt32, into buffer: inout StreamBuffer,
        name visit: (borrowing NameBuffer, Showing) -> Void
    ) -> Finding {
        var finding = Finding.open
        var offset = 0
        // Each round reads a byte at least, or makes room and then does.
        while offset < segment.count {
            let rest = segment.extracting(droppingFirst: offset)
            let position = sequence &+ UInt32(truncatingIfNeeded: offset)
            let round: Round
            switch buffer.place(of: position, count: rest.count, limit: limit) {
            case .known, .outOfWindow: return finding
            case .next(let known):
                offset += known
                round = readNext(rest.extracting(droppingFirst: known), into: &buffer, visit)
            case .at(let place, let known):
                offset += known
                let piece = rest.extracting(droppingFirst: known)
                round = readAmongOthers(piece, at: place, into: &buffer, visit)
            }
            offset += round.taken
            switch round.finding {
            case .open: break
            case .malformed: finding = .malformed
            case .settled: return round.finding
            }
        }
        return finding
    }

    /// Reads a segment that fits nothing its flow has sent, and keeps nothing of it.
    func readAlone(_ segment: Span<UInt8>, name visit: (borrowing NameBuffer, Showing) -> Void) {
        _ = drain(segment, skippingNames: 0, isHTTP: false, visit)
    }

    /// Whether a message begins with the first byte, or behind preludes, as far as one can tell.
    func mayBegin(_ bytes: Span<UInt8>) -> Bool {
        var isGreeted = false
        var offset = 0
        for _ in 0...Self.maximumPreludes {
            let rest = bytes.extracting(droppingFirst: offset)
            switch decode(rest, isHTTP: dialect == .http, isGreeted: &isGreeted, { _, _ in }) {
            case .message, .incomplete, .settled: return true
            case .foreign, .malformed: return false
            case .prelude(let length): offset += length
            }
        }
        return false
    }

    /// The usual case: nothing waits, so the segment is read where it lies, and only what is not
    /// whole is copied.
    private func readNext(
        _ segment: Span<UInt8>, into buffer: inout StreamBuffer,
        _ visit: (borrowing NameBuffer, Showing) -> Void
    ) -> Round {
        let drained = drain(segment, skippingNames: 0, isHTTP: buffer.isHTTP, visit)
        buffer.isHTTP = drained.isHTTP
        if let settlement = drained.settlement {
            return Round(taken: segment.count, finding: .settled(settlement))
        }
        buffer.advance(by: drained.consumed)
        if drained.consumed < segment.count {
            var rest = segment.extracting(droppingFirst: drained.consumed)
            if rest.count > limit {
                if !drained.isSearched(dialect) { return overflow(drained, of: segment) }
                buffer.advance(by: rest.count - keptTail)
                rest = rest.extracting(last: keptTail)
            }
            _ = buffer.insert(rest, at: 0)
            buffer.shown = (buffer.base, drained.names)
        }
        return Round(taken: segment.count, finding: drained.isMalformed ? .malformed : .open)
    }

    /// Puts as much of the segment as fits to what waits, and reads the run of bytes it completes.
    private func readAmongOthers(
        _ segment: Span<UInt8>, at place: Int, into buffer: inout StreamBuffer,
        _ visit: (borrowing NameBuffer, Showing) -> Void
    ) -> Round {
        let start = max(place, 0)
        let piece = segment.extracting(first: min(segment.count, limit - start))
        let (run, differs) = buffer.insert(piece, at: place)
        var drained = drain(run, of: &buffer, visit)
        if differs, drained.settlement == nil {
            // Which copy counts is the receiver's choice: the name may stand in either.
            _ = buffer.insert(piece, at: start, replacing: true)
            buffer.shown.names = 0
            drained = drain(run, of: &buffer, visit)
        }
        if let settlement = drained.settlement {
            return Round(taken: segment.count, finding: .settled(settlement))
        }
        if run.lowerBound == 0, drained.consumed > 0 {
            buffer.advance(by: drained.consumed)
        } else if piece.count < segment.count {
            if !drained.isSearched(dialect) { return overflow(drained, of: segment) }
            buffer.advance(by: run.upperBound - min(keptTail, run.count))
        }
        return Round(taken: piece.count, finding: drained.isMalformed ? .malformed : .open)
    }

    private func overflow(_ drained: Drained, of segment: Span<UInt8>) -> Round {
        let settlement: Settlement = drained.end == .incomplete ? .tooLong : .notHello
        return Round(taken: segment.count, finding: .settled(settlement))
    }

    /// Reads a run of kept bytes; names it has shown before are not shown again.
    private func drain(
        _ run: Range<Int>, of buffer: inout StreamBuffer,
        _ visit: (borrowing NameBuffer, Showing) -> Void
    ) -> Drained {
        let start = buffer.base &+ UInt32(truncatingIfNeeded: run.lowerBound)
        let known = buffer.shown.at == start ? buffer.shown.names : 0
        let drained = drain(
            buffer.bytes.span.extracting(run), skippingNames: known, isHTTP: buffer.isHTTP, visit)
        let end = start &+ UInt32(truncatingIfNeeded: drained.consumed)
        buffer.shown = (end, drained.names)
        buffer.isHTTP = drained.isHTTP
        return drained
    }

    /// Reads every message that begins in `bytes`, from the first on.
    private func drain(
        _ bytes: Span<UInt8>, skippingNames known: Int, isHTTP: Bool,
        _ visit: (borrowing NameBuffer, Showing) -> Void
    ) -> Drained {
        var result = Drained()
        result.isHTTP = isHTTP
        var known = known
        var offset = 0
        var isGreeted = false
        var preludes = 0
        while offset < bytes.count {
            let rest = bytes.extracting(droppingFirst: offset)
            let length: Int
            result.end = decode(rest, isHTTP: result.isHTTP, isGreeted: &isGreeted) {
                name, showing in
                result.names += 1
                if result.names > known { visit(name, showing) }
            }
            if !result.isHTTP { result.isHTTP = isRequest(rest, result.end) }
            if case .prelude = result.end {
                preludes += 1
                if preludes > Self.maximumPreludes { result.end = .foreign }
            }
            if case .malformed = result.end, !result.isBehindForeign { result.isMalformed = true }
            switch result.end {
            case .message(let whole): length = whole
            case .prelude(let whole):
                // Not consumed: see `StreamReading.prelude`.
                offset += whole
                continue
            case .malformed(let whole?) where whole <= rest.count && !result.isBehindForeign:
                length = whole
            case .foreign, .malformed:
                // The bytes stay: their beginning may still come. What follows them is read now.
                guard let next = nextMessage(rest, isHTTP: result.isHTTP) else { return result }
                result.isBehindForeign = true
                length = next
            case .incomplete, .settled: return result
            }
            offset += length
            if !result.isBehindForeign {
                result.consumed = offset
                result.names = 0
                known = 0
            }
        }
        return result
    }

    /// Whether the bytes say that their stream is HTTP. Behind a CONNECT it may be anything again.
    private func isRequest(_ bytes: Span<UInt8>, _ reading: StreamReading) -> Bool {
        guard dialect == .stream else { return false }
        switch reading {
        case .message, .incomplete:
            return HTTPRequest.hasRequestLine(bytes) && !HTTPRequest.opensTunnel(bytes)
        case .foreign, .malformed, .settled, .prelude: return false
        }
    }

    private func nextMessage(_ bytes: Span<UInt8>, isHTTP: Bool) -> Int? {
        switch dialect {
        case .dnsStream: DNSQuestion.nextFramed(bytes)
        case .http: HTTPRequest.nextRequest(bytes)
        case .stream where isHTTP: HTTPRequest.nextRequest(bytes)
        // The first bytes of a stream say what it is; what follows is not searched for names.
        case .stream, .quic, .dnsDatagram: nil
        }
    }

    private func decode(
        _ bytes: Span<UInt8>, isHTTP: Bool, isGreeted: inout Bool,
        _ visit: (borrowing NameBuffer, Showing) -> Void
    ) -> StreamReading {
        guard dialect != .dnsStream else {
            return DNSQuestion.readFramed(bytes) { visit($0, Showing(vector: .dnsTCP)) }
        }
        if dialect == .stream, !isHTTP {
            let reading = SOCKSMessage.read(bytes, isGreeted: &isGreeted) {
                visit($0, Showing(vector: .socks))
            }
            if reading != .foreign { return reading }
        }
        // No method of HTTP begins with the octet of a handshake record.
        guard ClientHello.mayBegin(bytes) else {
            let reading = HTTPRequest.read(bytes) { visit($0, Showing(vector: .http)) }
            let mayAskForTLS = reading == .foreign && dialect == .stream && !isHTTP
            return mayAskForTLS ? PlainTextCommand.read(bytes) : reading
        }
        let reading = ClientHello.read(bytes) { name, hasECH in
            visit(name, Showing(vector: .tls, hasECH: hasECH))
        }
        // In a stream of requests it stands in a tunnel, or in a body: requests may still follow.
        return isHTTP || dialect == .http ? .foreign : reading
    }
}
