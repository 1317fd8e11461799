import Glibc

/// A TLS ClientHello of any size in any number of TCP segments, with the server name at its end, as
/// browsers that shuffle their extensions send it.
struct HelloClient {
    private let target: SocketAddress
    private let hello: [UInt8]
    private let segments: Int

    init(_ arguments: Arguments) throws {
        target = try SocketAddress(arguments.text("to"), port: Port.https)
        hello = Self.clientHello(
            name: try arguments.text("name"), size: try arguments.number("size"))
        segments = try arguments.number("segments")
    }

    func run() throws {
        let socket = try Socket.connected(.stream, to: target)
        try socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        var broken: Int32 = 0
        let step = (hello.count + segments - 1) / segments
        for start in stride(from: 0, to: hello.count, by: step) where broken == 0 {
            if socket.send(Array(hello[start..<min(start + step, hello.count)])) < 0 {
                broken = errno
            }
            // Long enough that the kernel does not put two writes into one segment.
            Moment.sleep(untilMicroseconds: Moment.now + 3000)
        }
        var received = 0
        if broken == 0, socket.isReadable(withinMilliseconds: 2000) {
            if let bytes = socket.receive() { received = bytes.count } else { broken = errno }
        }
        var report = Report()
        report.add("bytes", hello.count)
        report.add("received", received)
        report.add("broken", errnoName(broken))
        report.printLine()
        if received == 0 { throw Failure("the hello was not answered: \(errnoName(broken))") }
    }

    /// RFC 8446 section 4.1.2; padding (RFC 7685) makes up the size and stands before the name.
    static func clientHello(name: String, size: Int) -> [UInt8] {
        let label = Array(name.utf8)
        // RFC 6066 section 3.
        let entry = [0] + counted(label)
        let serverName = [0, 0] + counted(counted(entry))
        let supportedVersions: [UInt8] = [0, 43, 0, 3, 2, 3, 4]
        let fixed: [UInt8] = [3, 3] + [UInt8](repeating: 0x52, count: 32) + [0]
        let suites: [UInt8] = [0, 4, 0x13, 0x01, 0x13, 0x02, 1, 0]
        let known = 9 + fixed.count + suites.count + 2 + supportedVersions.count + serverName.count
        let padding = [0, 21] + counted([UInt8](repeating: 0, count: max(0, size - known - 4)))
        let body = fixed + suites + counted(supportedVersions + padding + serverName)
        let handshake = [1, 0] + counted(body)
        return [22, 3, 1] + counted(handshake)
    }

    /// The bytes after their own length in two octets.
    private static func counted(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)] + bytes
    }
}
