/// pcap (draft-ietf-opsawg-pcap).
extension CaptureParser {
    private static let fileHeaderLength = 24
    private static let recordHeaderLength = 16
    /// Bits of the link type's field that tell of a frame check sequence.
    private static let linkMask: UInt32 = 0x03ff_ffff

    mutating func pcapHeader(
        _ bytes: Span<UInt8>, isBig: Bool, _ clock: CaptureClock
    ) throws(CaptureFault) -> Step {
        guard bytes.count >= Self.fileHeaderLength else {
            return .wants(Self.fileHeaderLength, "the file's header")
        }
        let major = bytes.number16(at: 4, isBig: isBig)
        guard major == 2 else {
            throw CaptureFault("version \(major) of pcap is not known", at: 4)
        }
        let number = Int(bytes.number32(at: 20, isBig: isBig) & Self.linkMask)
        guard let link = LinkType(number: number) else {
            throw CaptureFault(
                "link type \(number) is not read", at: 20,
                hint: "Ethernet, raw IP and Linux \"any\" captures are; tcpdump -y EN10MB")
        }
        interfaces = [CaptureInterface(link: link, name: nil, clock: clock, snapLength: 0)]
        form = .pcap(isBig: isBig)
        return .read(Self.fileHeaderLength)
    }

    mutating func pcapRecord(
        _ bytes: Span<UInt8>, isBig: Bool, _ visit: (CapturedPacket, Span<UInt8>) -> Void
    ) throws(CaptureFault) -> Step {
        let header = Self.recordHeaderLength
        guard bytes.count >= header else { return .wants(header, "a packet's header") }
        let count = Int(bytes.number32(at: 8, isBig: isBig))
        guard count <= CaptureLimits.packetBytes else {
            throw CaptureFault(
                "a packet of \(count) octets; \(CaptureLimits.packetBytes) are the most",
                at: offset + 8, hint: "The file is damaged here, or before.")
        }
        guard bytes.count >= header + count else { return .wants(header + count, "a packet") }
        packets += 1
        // The file's header named a link that is read.
        guard let interface = interfaces.first, let link = interface.link else {
            return .read(header + count)
        }
        let seconds = UInt64(bytes.number32(at: 0, isBig: isBig))
        let fraction = UInt64(bytes.number32(at: 4, isBig: isBig))
        let nanoseconds = seconds * 1_000_000_000 + UInt64(interface.clock.nanoseconds(fraction))
        visit(
            CapturedPacket(
                number: packets, link: link, interface: nil,
                nanoseconds: Int64(clamping: nanoseconds),
                originalLength: Int(bytes.number32(at: 12, isBig: isBig))),
            bytes.extracting(header..<header + count))
        return .read(header + count)
    }
}
