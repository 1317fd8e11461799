import Wire

/// pcapng (draft-ietf-opsawg-pcapng).
extension CaptureParser {
    private enum Block: UInt32 {
        case section = 0x0a0d_0d0a
        case interface = 1
        /// Obsolete, and still met.
        case oldPacket = 2
        case simplePacket = 3
        case enhancedPacket = 6

        /// Octets of the body that every block of the kind has.
        var leastBody: Int {
            switch self {
            case .section: 16
            case .interface: 8
            case .oldPacket, .enhancedPacket: 20
            case .simplePacket: 4
            }
        }

        var text: String {
            switch self {
            case .section: "a section's header"
            case .interface: "an interface's description"
            case .oldPacket, .simplePacket, .enhancedPacket: "a packet"
            }
        }
    }

    /// Type and length before the body, the length once more behind it.
    private static let frameLength = 12
    private static let byteOrderMagic: UInt32 = 0x1a2b_3c4d

    mutating func block(
        _ bytes: Span<UInt8>, isBig: Bool, _ visit: (CapturedPacket, Span<UInt8>) -> Void
    ) throws(CaptureFault) -> Step {
        guard bytes.count >= Self.frameLength else { return .wants(Self.frameLength, "a block") }
        var isBig = isBig
        let kind = Block(rawValue: bytes.number32(at: 0, isBig: isBig))
        if kind == .section {
            // Each section has its own order.
            isBig = bytes.number32(at: 8, isBig: true) == Self.byteOrderMagic
            guard bytes.number32(at: 8, isBig: isBig) == Self.byteOrderMagic else {
                throw CaptureFault("no byte order in a section's header", at: offset + 8)
            }
        }
        let length = Int(bytes.number32(at: 4, isBig: isBig))
        guard length >= Self.frameLength + (kind?.leastBody ?? 0), length & 3 == 0 else {
            throw CaptureFault(
                "a block of \(length) octets is none", at: offset + 4,
                hint: "The file is damaged here, or before.")
        }
        guard let kind else {
            skipping = UInt64(length)
            return .read(0)
        }
        guard length <= CaptureLimits.blockBytes else {
            throw CaptureFault(
                "\(kind.text) of \(length) octets; \(CaptureLimits.blockBytes) are the most",
                at: offset + 4, hint: "The file is damaged here, or before.")
        }
        guard bytes.count >= length else { return .wants(length, kind.text) }
        guard bytes.number32(at: length - 4, isBig: isBig) == UInt32(length) else {
            throw CaptureFault(
                "the two lengths of a block differ", at: offset + UInt64(length) - 4,
                hint: "The file is damaged here, or before.")
        }
        let body = bytes.extracting(8..<length - 4)
        switch kind {
        case .section: try readSection(body, isBig: isBig)
        case .interface: try readInterface(body, isBig: isBig)
        case .oldPacket, .simplePacket, .enhancedPacket:
            try readPacket(body, kind, isBig: isBig, visit)
        }
        return .read(length)
    }

    /// Section 4.1.
    private mutating func readSection(_ body: Span<UInt8>, isBig: Bool) throws(CaptureFault) {
        let major = body.number16(at: 4, isBig: isBig)
        guard major == 1 else {
            throw CaptureFault("version \(major) of pcapng is not known", at: offset + 12)
        }
        interfaces = []
        form = .pcapng(isBig: isBig)
    }

    /// Section 4.2.
    private mutating func readInterface(_ body: Span<UInt8>, isBig: Bool) throws(CaptureFault) {
        guard interfaces.count < CaptureLimits.interfaces else {
            throw CaptureFault("more than \(CaptureLimits.interfaces) interfaces", at: offset)
        }
        var name: InterfaceName?
        var resolution: UInt8 = 6
        var offsetSeconds: Int64 = 0
        var place = 8
        // opt_endofopt is 0; at most so many options fit.
        while place + 4 <= min(body.count, CaptureLimits.optionBytes) {
            let code = body.number16(at: place, isBig: isBig)
            let count = body.number16(at: place + 2, isBig: isBig)
            guard code != 0 else { break }
            guard place + 4 + count <= body.count else {
                throw CaptureFault(
                    "an option of \(count) octets goes past its block",
                    at: offset + 8 + UInt64(place))
            }
            let value = body.extracting(place + 4..<place + 4 + count)
            switch (code, count) {
            case (2, 1...InterfaceName.maximumLength):
                name = InterfaceName(
                    String(decoding: (0..<count).map { value[$0] }, as: UTF8.self))
            case (9, 1): resolution = value[0]
            case (14, 8): offsetSeconds = Int64(bitPattern: value.number64(at: 0, isBig: isBig))
            default: break
            }
            place += 4 + (count + 3) & ~3
        }
        guard let clock = CaptureClock(resolution: resolution, offsetSeconds: offsetSeconds) else {
            throw CaptureFault("no clock has the resolution \(resolution)", at: offset)
        }
        interfaces.append(
            CaptureInterface(
                link: LinkType(number: body.number16(at: 0, isBig: isBig)), name: name,
                clock: clock, snapLength: Int(body.number32(at: 4, isBig: isBig))))
    }

    /// Sections 4.3 and 4.4, and appendix A.
    private mutating func readPacket(
        _ body: Span<UInt8>, _ kind: Block, isBig: Bool,
        _ visit: (CapturedPacket, Span<UInt8>) -> Void
    ) throws(CaptureFault) {
        packets += 1
        let index: Int
        let start: Int
        switch kind {
        case .simplePacket: (index, start) = (0, 4)
        case .oldPacket: (index, start) = (body.number16(at: 0, isBig: isBig), 20)
        default: (index, start) = (Int(body.number32(at: 0, isBig: isBig)), 20)
        }
        guard index < interfaces.count else {
            throw CaptureFault(
                "a packet of interface \(index), of which nothing was said", at: offset + 8)
        }
        let interface = interfaces[index]
        let original: Int
        var count: Int
        var nanoseconds: Int64?
        if kind == .simplePacket {
            original = Int(body.number32(at: 0, isBig: isBig))
            count = min(original, body.count - start)
            if interface.snapLength > 0 { count = min(count, interface.snapLength) }
        } else {
            original = Int(body.number32(at: 16, isBig: isBig))
            count = Int(body.number32(at: 12, isBig: isBig))
            let high = UInt64(body.number32(at: 4, isBig: isBig))
            nanoseconds = interface.clock.nanoseconds(
                high << 32 | UInt64(body.number32(at: 8, isBig: isBig)))
        }
        guard count <= body.count - start else {
            throw CaptureFault(
                "a packet of \(count) octets in a block that has \(body.count - start)",
                at: offset + 8 + 12)
        }
        guard let link = interface.link else {
            packetsOfOtherLinks += 1
            return
        }
        visit(
            CapturedPacket(
                number: packets, link: link, interface: interface.name, nanoseconds: nanoseconds,
                originalLength: original),
            body.extracting(start..<start + count))
    }
}
