import PacketProtection
import Wire

/// What is remembered of a UDP flow until its hello is whole.
struct QUICProgress {
    /// Datagrams seen of the flow.
    var datagrams = 0
    /// What the keys were last made of. A client goes on with the id that the server chose, and
    /// with the keys of the one before (RFC 9001 section 5.2).
    var keysID: ConnectionID?
}

/// Reads the TLS hello out of the Initial packets that a client sends, one datagram at a time.
///
/// The pieces of the hello come in any order, over several packets and datagrams. What is not
/// whole after a datagram is copied to the flow; the room in which packets are opened and pieces
/// put together is made once.
struct QUICReader {
    /// A super-packet of 64 KiB holds 54 datagrams of 1,200 octets, the least that a client's
    /// datagram has (RFC 9000 section 14.1). Opening a packet is some microseconds' work.
    static let maximumPackets = 64
    /// RFC 768: the length of a datagram has 16 bits.
    private static let maximumDatagram = 1 << 16

    private let limits: InspectionLimits
    private var plain: [UInt8]
    private var bench: StreamBuffer

    /// Packets of versions that nobody here can read.
    private(set) var versionsUnknown: UInt64 = 0
    /// Initials that no key of their flow opens.
    private(set) var packetsSealed: UInt64 = 0
    private(set) var piecesBeyond: UInt64 = 0
    private(set) var piecesInConflict: UInt64 = 0

    init(limits: InspectionLimits) {
        self.limits = limits
        plain = Array(repeating: 0, count: Self.maximumDatagram)
        bench = StreamBuffer(at: 0)
        bench.reserveRoom(limits.bytesPerFlow)
    }

    /// Feeds one datagram. `visit` gets the name when its bytes are there.
    mutating func read(
        _ datagram: Span<UInt8>, of flow: inout KeptFlow,
        name visit: (borrowing NameBuffer, Showing) -> Void
    ) -> StreamReader.Finding {
        flow.quic.datagrams += 1
        // Most hellos are whole in one datagram: they need no memory of their own.
        let isFresh = flow.buffer.bytes.isEmpty
        if isFresh { swap(&flow.buffer, &bench) }
        var finding = readPackets(datagram, of: &flow, visit)
        switch finding {
        case .open, .malformed:
            guard flow.quic.datagrams >= limits.datagramsPerFlow else { break }
            finding = .settled(flow.buffer.bytes.isEmpty ? .notHello : .tooLong)
        case .settled: break
        }
        if isFresh {
            var kept = StreamBuffer(at: 0)
            if finding == .open || finding == .malformed { kept = flow.buffer.compacted() }
            flow.buffer.clear()
            swap(&flow.buffer, &bench)
            flow.buffer = kept
        }
        return finding
    }

    private mutating func readPackets(
        _ datagram: Span<UInt8>, of flow: inout KeptFlow,
        _ visit: (borrowing NameBuffer, Showing) -> Void
    ) -> StreamReader.Finding {
        guard datagram.count <= plain.count else { return .malformed }
        var finding = StreamReader.Finding.open
        var offset = 0
        for _ in 0..<Self.maximumPackets where offset < datagram.count {
            let rest = datagram.extracting(droppingFirst: offset)
            let header: QUICHeader
            do throws(QUICHeader.Fault) {
                header = try QUICHeader(rest)
            } catch {
                // Where the next packet begins is not known either.
                if error == .unknownVersion { versionsUnknown += 1 }
                return error == .malformed ? .malformed : finding
            }
            offset += header.length
            guard header.isInitial else { continue }
            let packet = rest.extracting(first: header.length)
            guard let frames = open(packet, header, &flow.quic) else {
                packetsSealed += 1
                continue
            }
            switch readFrames(frames, into: &flow.buffer, visit) {
            case .open: break
            case .malformed: finding = .malformed
            case .settled(let settlement): return .settled(settlement)
            }
        }
        return finding
    }

    /// Where in `plain` the frames of a packet stand; nil when its tag fits no key.
    private mutating func open(
        _ packet: Span<UInt8>, _ header: QUICHeader, _ progress: inout QUICProgress
    ) -> Range<Int>? {
        let id = packet.extracting(header.connectionID)
        let own = InitialKeys(header.version, connectionID: id)
        if let frames = own.open(packet, numberOffset: header.numberOffset, into: &plain) {
            progress.keysID = ConnectionID(id)
            return frames
        }
        guard let known = progress.keysID else { return nil }
        return known.keys(header.version)
            .open(packet, numberOffset: header.numberOffset, into: &plain)
    }

    private mutating func readFrames(
        _ range: Range<Int>, into handshake: inout StreamBuffer,
        _ visit: (borrowing NameBuffer, Showing) -> Void
    ) -> StreamReader.Finding {
        let (finding, collected) = Self.readFrames(
            plain.span.extracting(range), into: &handshake, limit: limits.bytesPerFlow, visit)
        piecesBeyond += collected.beyond
        if collected.differs { piecesInConflict += 1 }
        return finding
    }

    private static func readFrames(
        _ frames: Span<UInt8>, into handshake: inout StreamBuffer, limit: Int,
        _ visit: (borrowing NameBuffer, Showing) -> Void
    ) -> (StreamReader.Finding, QUICFrames.Collected) {
        let collected = QUICFrames.collect(
            frames, into: &handshake, limit: limit, replacing: false)
        var finding = readHello(handshake, limit: limit, visit)
        if collected.differs {
            if case .settled = finding { return (finding, collected) }
            // Another connection on the same ports: the name may stand in either.
            _ = QUICFrames.collect(frames, into: &handshake, limit: limit, replacing: true)
            finding = readHello(handshake, limit: limit, visit)
        }
        return (finding == .open && collected.isMalformed ? .malformed : finding, collected)
    }

    private static func readHello(
        _ handshake: StreamBuffer, limit: Int, _ visit: (borrowing NameBuffer, Showing) -> Void
    ) -> StreamReader.Finding {
        let front = handshake.frontCount
        guard front > 0 else { return .open }
        let bytes = handshake.bytes.span.extracting(first: front)
        let reading = ClientHello.readMessage(bytes) { name, hasECH in
            visit(name, Showing(vector: .quic, hasECH: hasECH))
        }
        switch reading {
        case .settled(let named): return .settled(named ? .named : .nameless)
        case .incomplete: return front < limit ? .open : .settled(.tooLong)
        case .message, .prelude, .foreign, .malformed: return .malformed
        }
    }
}
