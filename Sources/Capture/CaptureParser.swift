/// Reads pcap (microseconds and nanoseconds, either byte order) and pcapng, from bytes that come
/// piece by piece.
///
/// The caller keeps one buffer: it shows what it holds, is told how much of that has been read, and
/// adds what comes next. Nothing is copied or allocated for a packet.
package struct CaptureParser {
    /// What one look at the buffer came to.
    package struct Progress: Hashable, Sendable {
        /// Octets read; the caller drops them.
        package let consumed: Int
        /// How many octets the buffer must hold for the next step, at most `requiredRoom`.
        package let wanted: Int
    }

    /// Room that the caller's buffer needs at least.
    package static let requiredRoom = CaptureLimits.blockBytes

    enum Form {
        /// `isBig` is the order of the file's numbers.
        case pcap(isBig: Bool)
        case pcapng(isBig: Bool)
    }

    /// Of the section being read.
    var interfaces: [CaptureInterface] = []
    /// Packets so far, those of other link layers included.
    package internal(set) var packets: UInt64 = 0
    /// Packets of a link layer that is not read.
    package internal(set) var packetsOfOtherLinks: UInt64 = 0
    var form: Form?
    /// Where the bytes shown next begin in the file.
    private(set) var offset: UInt64 = 0
    /// Octets of a long block that are still to come and say nothing.
    var skipping: UInt64 = 0

    package init() {}

    /// Reads every whole record of `bytes`, which go on where the last look's `consumed` ended.
    ///
    /// - Parameters:
    ///   - isEnd: No more bytes follow these.
    ///   - visit: Gets each packet and its octets.
    /// - Throws: where the file breaks its format, or ends inside a record.
    package mutating func read(
        _ bytes: Span<UInt8>, isEnd: Bool, packet visit: (CapturedPacket, Span<UInt8>) -> Void
    ) throws(CaptureFault) -> Progress {
        var consumed = 0
        var wanted = 0
        while true {
            let rest = bytes.extracting(droppingFirst: consumed)
            if skipping > 0 {
                let count = Int(min(skipping, UInt64(rest.count)))
                skipping -= UInt64(count)
                move(count, &consumed)
                if skipping > 0 {
                    guard !isEnd else { throw .truncated("a block", at: offset) }
                    return Progress(consumed: consumed, wanted: 1)
                }
                continue
            }
            if rest.isEmpty, isEnd, form != nil { return Progress(consumed: consumed, wanted: 0) }
            let step: Step
            switch form {
            case nil: step = try begin(rest)
            case .pcap(let isBig)?: step = try pcapRecord(rest, isBig: isBig, visit)
            case .pcapng(let isBig)?: step = try block(rest, isBig: isBig, visit)
            }
            switch step {
            case .read(let count): move(count, &consumed)
            case .wants(let count, let what):
                wanted = count
                guard !isEnd else {
                    if rest.isEmpty, form == nil { throw CaptureFault("the file is empty", at: 0) }
                    throw .truncated(what, at: offset)
                }
                return Progress(consumed: consumed, wanted: wanted)
            }
        }
    }

    /// What can be done with the bytes at hand.
    enum Step {
        case read(Int)
        /// So many octets are needed for this.
        case wants(Int, String)
    }

    private mutating func move(_ count: Int, _ consumed: inout Int) {
        consumed += count
        offset += UInt64(count)
    }

    /// The first four octets tell the form and the order.
    private mutating func begin(_ bytes: Span<UInt8>) throws(CaptureFault) -> Step {
        guard bytes.count >= 4 else { return .wants(4, "its first four octets") }
        switch bytes.number32(at: 0, isBig: true) {
        case 0xa1b2_c3d4: return try pcapHeader(bytes, isBig: true, .microseconds)
        case 0xa1b2_3c4d: return try pcapHeader(bytes, isBig: true, .nanoseconds)
        case 0xd4c3_b2a1: return try pcapHeader(bytes, isBig: false, .microseconds)
        case 0x4d3c_b2a1: return try pcapHeader(bytes, isBig: false, .nanoseconds)
        case 0x0a0d_0d0a:
            form = .pcapng(isBig: false)
            return .read(0)
        case let magic: throw Self.foreign(magic)
        }
    }

    private static func foreign(_ magic: UInt32) -> CaptureFault {
        let unpack: String? =
            switch magic {
            case 0x28b5_2ffd: "zstd -dc"
            case 0xfd37_7a58: "xz -dc"
            case 0x425a_6800...0x425a_68ff: "bzip2 -dc"
            case 0x1f8b_0000...0x1f8b_ffff: "gzip -dc"
            default: nil
            }
        let digits = String(magic, radix: 16)
        let padded = String(repeating: "0", count: 8 - digits.count) + digits
        return CaptureFault(
            "this is no capture: it begins with 0x\(padded)", at: 0,
            hint: unpack.map { "It is compressed: \($0) FILE | regionlock replay -" }
                ?? "pcap and pcapng are read, as tcpdump -w and dumpcap write them.")
    }
}

extension Span where Element == UInt8 {
    /// The caller has checked that the octets are there.
    func number16(at offset: Int, isBig: Bool) -> Int {
        let (first, second) = (Int(self[offset]), Int(self[offset + 1]))
        return isBig ? first << 8 | second : second << 8 | first
    }

    func number32(at offset: Int, isBig: Bool) -> UInt32 {
        let value =
            UInt32(self[offset]) | UInt32(self[offset + 1]) << 8 | UInt32(self[offset + 2]) << 16
            | UInt32(self[offset + 3]) << 24
        return isBig ? value.byteSwapped : value
    }

    func number64(at offset: Int, isBig: Bool) -> UInt64 {
        let first = UInt64(number32(at: offset, isBig: isBig))
        let second = UInt64(number32(at: offset + 4, isBig: isBig))
        return isBig ? first << 32 | second : second << 32 | first
    }
}
