import Glibc

/// A packet of a capture file.
struct CapturedPacket {
    let microseconds: Int
    let source: ArraySlice<UInt8>
    let bytes: ArraySlice<UInt8>
}

/// A capture as tcpdump writes it on this machine: pcap 2.4, host order, microseconds, Ethernet
/// (draft-ietf-opsawg-pcap section 4).
struct Capture {
    /// Far more than a test records; a larger file is a mistake.
    private static let maximumBytes = 512 << 20

    let packets: [CapturedPacket]

    init(file path: String) throws {
        let bytes = try Self.read(path)
        func number32(_ offset: Int) -> Int {
            (0..<4).reduce(0) { $0 | Int(bytes[offset + $1]) << (8 * $1) }
        }
        guard bytes.count >= 24, number32(0) == 0xa1b2_c3d4, number32(20) == 1 else {
            throw Failure("\(path): not an Ethernet capture of this machine")
        }
        var packets: [CapturedPacket] = []
        var offset = 24
        while offset + 16 <= bytes.count {
            let length = number32(offset + 8)
            let frame = offset + 16..<offset + 16 + length
            // The last packet may be cut off when tcpdump was ended in the middle of it.
            guard frame.upperBound <= bytes.count else { break }
            let time = number32(offset) * 1_000_000 + number32(offset + 4)
            if let source = Self.source(of: bytes[frame]) {
                packets.append(
                    CapturedPacket(microseconds: time, source: source, bytes: bytes[frame]))
            }
            offset = frame.upperBound
        }
        self.packets = packets
    }

    /// The source address of an IPv4 or IPv6 packet; nil for every other frame.
    private static func source(of frame: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let start = frame.startIndex
        guard frame.count >= 34 else { return nil }
        switch (frame[start + 12], frame[start + 13]) {
        case (0x08, 0x00): return frame[start + 26..<start + 30]
        case (0x86, 0xdd): return frame.count >= 54 ? frame[start + 22..<start + 38] : nil
        default: return nil
        }
    }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw Failure.system(path) }
        defer { fclose(file) }
        fseek(file, 0, SEEK_END)
        let size = ftell(file)
        guard (0...maximumBytes).contains(size) else { throw Failure("\(path): too large") }
        rewind(file)
        var bytes = [UInt8](repeating: 0, count: size)
        guard fread(&bytes, 1, size, file) == size else { throw Failure.system(path) }
        return bytes
    }
}
