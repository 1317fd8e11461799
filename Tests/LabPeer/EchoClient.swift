import Glibc

/// A TCP connection that says something every 50 ms and notes when, and how, it broke. With an idle
/// time it is silent for that long once ten answers have come.
struct EchoClient {
    private static let answersBeforeIdle = 10

    private let target: SocketAddress
    private let seconds: Int
    private let idleSeconds: Int

    init(_ arguments: Arguments) throws {
        target = try SocketAddress(arguments.text("to"), port: Port.tcpEcho)
        seconds = try arguments.number("seconds")
        idleSeconds = try arguments.number("idle", or: 0)
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
        var nextAt = start
        var awakeAt = 0
        while broken == 0, Moment.now - start < seconds * 1_000_000, !Interrupt.isPending {
            if Moment.now >= nextAt {
                if socket.send([UInt8](repeating: 0x65, count: 8)) < 0 { broken = errno }
                sent += 1
                nextAt += 50_000
            }
            if broken == 0, socket.isReadable(withinMilliseconds: 5) {
                if let bytes = socket.receive() {
                    received += bytes.count / 8
                    // An orderly end is none that the network makes.
                    if bytes.isEmpty { break }
                    if idleSeconds > 0, awakeAt == 0, received >= Self.answersBeforeIdle {
                        awakeAt = Moment.now + idleSeconds * 1_000_000
                        nextAt = awakeAt
                    }
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
        report.add("awake_us", awakeAt)
        report.printLine()
    }
}
