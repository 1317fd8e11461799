import Glibc
import InitialPackets

/// A QUIC client's first flight: Initial packets with a ClientHello, in one datagram or in two.
///
/// The destination's connection id of the last datagram is the name itself: so what witnesses a
/// wire sees it there although the hello is sealed.
struct QUICClient {
    /// RFC 9000 section 14.1.
    private static let datagramSize = 1200
    /// Another one each time: a server that knows it takes the datagram for an old connection's.
    private static let firstID = (0..<8).map { _ in UInt8.random(in: 0...255) }

    private let target: SocketAddress
    private let datagrams: [[UInt8]]

    init(_ arguments: Arguments) throws {
        target = try SocketAddress(arguments.text("to"), port: 443)
        let name = try arguments.text("name")
        let isSecond = try arguments.number("version", or: 1) == 2
        let version = isSecond ? Initial.version2 : Initial.version1
        let count = try arguments.number("datagrams", or: 1)
        guard (1...2).contains(count), (8...20).contains(name.utf8.count) else { throw WrongUse() }
        datagrams = Self.flight(name: Array(name.utf8), version: version, isSplit: count == 2)
    }

    /// One datagram with a whole hello in it.
    static func initial(name: String) -> [UInt8] {
        flight(name: Array(name.utf8), version: Initial.version1, isSplit: false)[0]
    }

    private static func flight(
        name: [UInt8], version: UInt32, isSplit: Bool
    ) -> [[UInt8]] {
        let text = String(decoding: name, as: UTF8.self)
        // Without the header of the TLS record.
        let record = HelloClient.clientHello(name: text, size: isSplit ? 1800 : 400)
        let hello = Array(record.dropFirst(5))
        guard isSplit else {
            // Pieces as browsers shuffle them.
            let frames: [UInt8] = Initial.frames(hello, size: 90).reversed().flatMap { [1] + $0 }
            let initial = Initial(frames, version: version, connectionID: name)
            return [initial.packet(paddedTo: datagramSize)]
        }
        let cut = 1000
        let first = Initial(
            Initial.crypto(hello, 0..<cut), version: version, connectionID: firstID)
        var second = Initial(
            Initial.crypto(hello, cut..<hello.count), version: version, connectionID: name)
        // As when the server has answered the first with an id of its own (RFC 9001 section 5.2).
        second.keysID = firstID
        second.number = 1
        return [first, second].map { $0.packet(paddedTo: datagramSize) }
    }

    /// Fails when nobody answers. Refusals cannot be waited for: under a flood the kernel sends few
    /// ICMP errors.
    func run() throws {
        let socket = try Socket.connected(.datagram, to: target)
        for datagram in datagrams {
            guard socket.send(datagram) == datagram.count else { throw Failure.system("send") }
            Moment.sleep(untilMicroseconds: Moment.now + 3000)
        }
        var received = 0
        var broken: Int32 = 0
        if socket.isReadable(withinMilliseconds: 1000) {
            if let bytes = socket.receive() { received = bytes.count } else { broken = errno }
        }
        var report = Report()
        report.add("datagrams", datagrams.count)
        report.add("received", received)
        report.add("broken", errnoName(broken))
        report.printLine()
        if received == 0 { throw Failure("the hello was not answered: \(errnoName(broken))") }
    }
}
