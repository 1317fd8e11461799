import Glibc

/// A TCP connection that says something every 50 ms and notes when, and how, it broke.
struct EchoClient {
    private let target: SocketAddress
    private let seconds: Int

    init(_ arguments: Arguments) throws {
        target = try SocketAddress(arguments.text("to"), port: Port.tcpEcho)
        seconds = try arguments.number("seconds")
    }

    func run() throws {
        Interrupt.arm()
        let socket = try Socket.connected(.stream, to: target)
        // Something is sent every 50 ms even when the last answer is missing: a device is refused
        // when it sends, and Nagle's algorithm (RFC 896) would make it wait for a retransmission.
        try socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        Report.printEvent("connected")
        let start = Moment.now
        var sent = 0
        var received = 0
        var broken: Int32 = 0
        var brokenAt = 0
        while broken == 0, Moment.now - start < seconds * 1_000_000, !Interrupt.isPending {
            if Moment.now - start >= sent * 50_000 {
                if socket.send([UInt8](repeating: 0x65, count: 8)) < 0 { broken = errno }
                sent += 1
            }
            if broken == 0, socket.isReadable(withinMilliseconds: 5) {
                if let bytes = socket.receive() {
                    received += bytes.count / 8
                    // An orderly end is none that the network makes.
                    if bytes.isEmpty { break }
                } else if errno != EAGAIN {
                    broken = errno
                }
            }
            if broken != 0 { brokenAt = Moment.now }
        }
        var report = Report()
        report.add("sent", sent)
        report.add("received", received)
        report.add("broken", errnoName(broken))
        report.add("broken_us", brokenAt)
        report.printLine()
    }
}
