import Glibc

/// A TCP connection whose handshake the kernel makes, and whose segments we write ourselves: in any
/// order, twice, overlapping.
final class RawStream {
    private let raw: Socket
    private let connection: Socket
    private let remote: [UInt8]
    private let local: [UInt8]
    private let localPort: UInt16
    private let remotePort: UInt16
    /// The number of the first octet to send, and of the first to receive.
    private var sequence: UInt32 = 0
    private var acknowledgment: UInt32 = 0
    let isV6: Bool

    init(to text: String, port: UInt16) throws {
        let target = try SocketAddress(text, port: port)
        isV6 = target.family == AF_INET6
        let descriptor = socket(target.family, Int32(SOCK_RAW.rawValue), Int32(IPPROTO_TCP))
        guard descriptor >= 0 else { throw Failure.system("raw socket") }
        raw = Socket(adopting: descriptor)
        let host = try SocketAddress(text, port: 0)
        guard host.withPointer({ Glibc.connect(descriptor, $0, $1) }) == 0 else {
            throw Failure.system("connect a raw socket")
        }
        let connection = try Socket.connected(.stream, to: target)
        self.connection = connection
        var name = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_storage>.size)
        _ = SocketAddress { address, length in
            getsockname(connection.descriptor, address, length)
            let raw = UnsafeRawPointer(address)
            for index in 0..<28 { name[index] = raw.load(fromByteOffset: index, as: UInt8.self) }
        }
        localPort = UInt16(name[2]) << 8 | UInt16(name[3])
        local = Array(target.family == AF_INET6 ? name[8..<24] : name[4..<8])
        remotePort = port
        remote = target.withPointer { address, _ in
            let raw = UnsafeRawPointer(address)
            return (target.family == AF_INET6 ? 8..<24 : 4..<8).map {
                raw.load(fromByteOffset: $0, as: UInt8.self)
            }
        }
        try readHandshake()
    }

    deinit {
        // Without it the server would wait for the rest: its kernel knows our numbers only.
        _ = try? send([], at: 0, flags: 0x04)
    }

    func send(_ payload: [UInt8], at offset: Int) throws {
        try send(payload, at: offset, flags: 0x18)
    }

    /// Payload octets of the server that reach this device, until some come or the time is over.
    func octetsReceived(withinMilliseconds limit: Int) -> Int {
        let end = Moment.now + limit * 1000
        while Moment.now < end {
            guard raw.isReadable(withinMilliseconds: max(1, (end - Moment.now) / 1000)),
                let segment = nextSegment()
            else { continue }
            let count = segment.count - Int(segment[12] >> 4) * 4
            // The next only: the server sends again what its kernel has no acknowledgement of.
            guard count > 0, Self.number(segment, at: 4) == acknowledgment else { continue }
            acknowledgment &+= UInt32(count)
            return count
        }
        return 0
    }

    /// The SYN-ACK has both numbers.
    private func readHandshake() throws {
        for _ in 0..<1000 where raw.isReadable(withinMilliseconds: 1000) {
            guard let segment = nextSegment(), segment[13] & 0x12 == 0x12 else { continue }
            acknowledgment = Self.number(segment, at: 4) &+ 1
            sequence = Self.number(segment, at: 8)
            return
        }
        throw Failure("no SYN-ACK was seen")
    }

    /// The next segment of this connection from its header on; nil for another's.
    private func nextSegment() -> [UInt8]? {
        guard var bytes = raw.receive() else { return nil }
        if !isV6, let first = bytes.first {
            bytes.removeFirst(min(bytes.count, Int(first & 15) * 4))
        }
        guard bytes.count >= 20, bytes[0...1] == Self.big16(remotePort)[...],
            Array(bytes[2...3]) == Self.big16(localPort)
        else { return nil }
        return bytes
    }

    private func send(_ payload: [UInt8], at offset: Int, flags: UInt8) throws {
        var segment = Self.big16(localPort) + Self.big16(remotePort)
        segment += Self.big32(sequence &+ UInt32(offset)) + Self.big32(acknowledgment)
        segment += [0x50, flags, 0xff, 0xff, 0, 0, 0, 0] + payload
        let sum = Self.big16(checksum(segment))
        segment.replaceSubrange(16...17, with: sum)
        guard raw.send(segment) == segment.count else { throw Failure.system("send a segment") }
    }

    /// RFC 9293 section 3.1, with the pseudo-header of either version.
    private func checksum(_ segment: [UInt8]) -> UInt16 {
        var octets = local + remote + [0, 6] + Self.big16(UInt16(segment.count)) + segment
        if octets.count % 2 == 1 { octets.append(0) }
        var sum: UInt32 = 0
        for index in stride(from: 0, to: octets.count, by: 2) {
            sum += UInt32(octets[index]) << 8 | UInt32(octets[index + 1])
        }
        while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
        return ~UInt16(sum)
    }

    private static func number(_ bytes: [UInt8], at offset: Int) -> UInt32 {
        bytes[offset..<offset + 4].reduce(0) { $0 << 8 | UInt32($1) }
    }

    private static func big16(_ value: UInt16) -> [UInt8] {
        [UInt8(value >> 8), UInt8(value & 0xff)]
    }

    private static func big32(_ value: UInt32) -> [UInt8] {
        big16(UInt16(value >> 16)) + big16(UInt16(value & 0xffff))
    }
}
