package import Wire

/// Reads the names a device asks for out of its packets, one packet at a time.
///
/// A whole question, hello or request in one packet is read without allocation: where it lies, or
/// where it was decrypted. Only what is split over packets is kept, within `InspectionLimits`. The
/// inspector does not remember settled flows: the caller marks them in the kernel and shows their
/// packets no more.
///
/// Where the SYN of a flow is not seen, the first segment seen need not be the first sent. So a
/// segment that begins as nothing known is kept until what comes before it arrives, the flow falls
/// silent, or the buffer is full.
package struct PacketInspector: ~Copyable {
    private let limits: InspectionLimits
    private var assembler: StreamAssembler
    private var quic: QUICReader
    private var tally = InspectionCounters()

    package init(limits: InspectionLimits = .standard) {
        self.limits = limits
        assembler = StreamAssembler(limits: limits)
        quic = QUICReader(limits: limits)
    }

    package var counters: InspectionCounters {
        var counters = tally
        counters.quicVersionsUnknown = quic.versionsUnknown
        counters.quicPacketsSealed = quic.packetsSealed
        counters.segmentsOutOfWindow += quic.piecesBeyond
        counters.segmentsInConflict += quic.piecesInConflict
        counters.flowsExpired = assembler.flowsExpired
        counters.flowsEvicted = assembler.flowsEvicted
        counters.flowsOpen = assembler.count
        counters.bytesKept = assembler.bytesKept
        return counters
    }

    /// Looks at one packet, of up to 64 KiB, and calls `visit` for each name it shows or completes.
    ///
    /// `nanoseconds` is a clock that does not go back; flows time out by it. A name may be shown
    /// again when the device sends it again. Where somebody redirected the packet, `originalPort`
    /// is the port the device sent it to.
    package mutating func inspect(
        _ packet: Span<UInt8>, link: LinkLayer, originalPort: UInt16? = nil,
        at nanoseconds: UInt64,
        visit: (borrowing Sighting) -> Void
    ) -> InspectionOutcome {
        tally.packets += 1
        let headers: PacketHeaders
        do throws(HeaderFault) {
            headers = try PacketHeaders(
                packet, link: link, extensionHeaders: limits.extensionHeaders)
        } catch {
            return note(error)
        }
        let flow = headers.flow
        let dialect = InspectedPorts.dialect(
            flow.transport, port: originalPort ?? flow.destinationPort)
        let payload = packet.extracting(headers.payload)
        var sightings: UInt64 = 0
        var hidden: UInt64 = 0
        // A function, and not a closure in a variable: what that captures is allocated.
        func show(_ name: borrowing NameBuffer, _ showing: Showing) {
            sightings += 1
            if showing.hasECH { hidden += 1 }
            visit(
                Sighting(
                    flow: flow, vector: showing.vector, name: copy name, hasECH: showing.hasECH))
        }
        let outcome =
            switch dialect {
            case .dnsDatagram:
                readDatagram(payload, isFirstFragment: headers.isFirstFragment, show)
            case .quic: readInitials(payload, headers, at: nanoseconds, show)
            case .dnsStream, .http, .stream:
                readSegment(payload, headers, dialect, at: nanoseconds, show)
            }
        tally.hellosWithECH += hidden
        tally.sightings += sightings
        return outcome
    }

    /// The flow a packet belongs to; nil when it is not TCP or UDP, or cannot be read.
    package static func flow(of packet: Span<UInt8>, link: LinkLayer) -> FlowKey? {
        try? PacketHeaders(packet, link: link).flow
    }

    /// Who sent an IP packet; nil when it is no IP packet, or a fragment but the first.
    package static func sourceAddress(of packet: Span<UInt8>, link: LinkLayer) -> IPAddress? {
        try? InternetHeader(packet, link: link).source
    }

    private mutating func note(_ fault: HeaderFault) -> InspectionOutcome {
        switch fault {
        case .malformed:
            tally.malformed += 1
            return .malformed
        case .foreign: tally.otherProtocols += 1
        case .fragment: tally.fragments += 1
        }
        // An ICMP error or a fragment can share the conntrack entry of a flow that is inspected.
        return .open
    }

    private mutating func readDatagram(
        _ payload: Span<UInt8>, isFirstFragment: Bool,
        _ show: (borrowing NameBuffer, Showing) -> Void
    ) -> InspectionOutcome {
        switch DNSQuestion.read(payload, name: { show($0, Showing(vector: .dns)) }) {
        case .message: return .open
        case .incomplete where isFirstFragment:
            tally.fragments += 1
            return .open
        default:
            tally.malformed += 1
            return .malformed
        }
    }

    private mutating func readInitials(
        _ payload: Span<UInt8>, _ headers: PacketHeaders, at nanoseconds: UInt64,
        _ show: (borrowing NameBuffer, Showing) -> Void
    ) -> InspectionOutcome {
        assembler.expire(at: nanoseconds)
        let known = assembler.take(headers.flow)
        guard known != nil || QUICHeader.mayBegin(payload) else {
            note(.notHello)
            return .settled
        }
        var kept = known ?? KeptFlow(buffer: StreamBuffer(at: 0))
        let finding = quic.read(payload, of: &kept, name: show)
        if case .settled(let settlement) = finding {
            note(settlement)
            return .settled
        }
        assembler.keep(kept, of: headers.flow, at: nanoseconds)
        guard finding == .malformed else { return .open }
        if headers.isFirstFragment {
            tally.fragments += 1
            return .open
        }
        tally.malformed += 1
        return .malformed
    }

    private mutating func readSegment(
        _ payload: Span<UInt8>, _ headers: PacketHeaders, _ dialect: Dialect,
        at nanoseconds: UInt64, _ show: (borrowing NameBuffer, Showing) -> Void
    ) -> InspectionOutcome {
        guard !payload.isEmpty else { return .open }
        assembler.expire(at: nanoseconds)
        let reader = StreamReader(dialect: dialect, limit: limits.bytesPerFlow)
        let kept = assembler.take(headers.flow)
        var buffer = kept?.buffer ?? StreamBuffer(at: headers.sequence)
        let acknowledgment = kept?.acknowledgment ?? headers.acknowledgment
        let place = buffer.place(
            of: headers.sequence, count: payload.count, limit: limits.bytesPerFlow)
        if place == .outOfWindow {
            tally.segmentsOutOfWindow += 1
            guard reader.mayBegin(payload) else {
                reader.readAlone(payload, name: show)
                keep(buffer, acknowledgment, of: headers.flow, at: nanoseconds)
                return .open
            }
            // The ports may have been given to a new connection.
            buffer = StreamBuffer(at: headers.sequence)
        }
        let conflicts = buffer.conflicts
        let finding = reader.read(payload, at: headers.sequence, into: &buffer, name: show)
        tally.segmentsInConflict += buffer.conflicts - conflicts
        if case .settled(let settlement) = finding {
            note(settlement)
            return .settled
        }
        if dialect == .stream, !buffer.isHTTP,
            isForeign(payload, headers, buffer, reader, answeredSince: acknowledgment)
        {
            note(.notHello)
            return .settled
        }
        let end = headers.sequence &+ UInt32(truncatingIfNeeded: payload.count)
        if buffer.isWorthKeeping(after: end) {
            keep(buffer, acknowledgment, of: headers.flow, at: nanoseconds)
        }
        if finding == .malformed { tally.malformed += 1 }
        if dialect == .stream, buffer.isHTTP { return .http }
        return finding == .malformed ? .malformed : .open
    }

    private mutating func keep(
        _ buffer: StreamBuffer, _ acknowledgment: UInt32?, of flow: FlowKey,
        at nanoseconds: UInt64
    ) {
        let kept = KeptFlow(buffer: buffer, acknowledgment: acknowledgment)
        assembler.keep(kept, of: flow, at: nanoseconds)
    }

    /// Whether a stream that shows no hello and no request never will.
    ///
    /// Its first bytes would tell, but the first segment seen need not be the first sent. Two
    /// things say that nothing is missing before it: it came with the SYN, or the other side has
    /// sent bytes since. A server answers a hello or a request only when it has all of it, and all
    /// of it came by here.
    private func isForeign(
        _ payload: Span<UInt8>, _ headers: PacketHeaders, _ buffer: StreamBuffer,
        _ reader: StreamReader, answeredSince acknowledgment: UInt32?
    ) -> Bool {
        if headers.isStreamStart { return !reader.mayBegin(payload) }
        guard headers.acknowledgment != acknowledgment else { return false }
        return !reader.mayBegin(buffer.bytes.span.extracting(first: buffer.frontCount))
    }

    private mutating func note(_ settlement: StreamReader.Settlement) {
        switch settlement {
        case .named: break
        case .notHello: tally.flowsForeign += 1
        case .nameless: tally.hellosWithoutName += 1
        case .tooLong: tally.hellosTooLong += 1
        }
    }
}
