import Glibc

/// A pure receiver: one hello, then only what the server sends.
struct PushClient {
    private let target: SocketAddress
    private let rate: Int
    private let seconds: Int

    init(_ arguments: Arguments) throws {
        target = try SocketAddress(arguments.text("to"), port: Port.push)
        rate = try arguments.number("rate")
        seconds = try arguments.number("seconds")
    }

    func run() throws {
        Interrupt.arm()
        let socket = try Socket(.datagram, family: target.family)
        var hello: [UInt8] = []
        hello.append64(rate)
        guard socket.send(hello, to: target) > 0 else { throw Failure.system("sendto") }
        Report.printEvent("connected")
        let end = Moment.now + seconds * 1_000_000
        var arrivals: [Int] = []
        var highest = -1
        while Moment.now < end, !Interrupt.isPending {
            guard socket.isReadable(withinMilliseconds: 20), let bytes = socket.receive() else {
                continue
            }
            arrivals.append(Moment.now)
            highest = max(highest, bytes.number64(at: 0) ?? -1)
        }
        var report = Report()
        report.add("received", arrivals.count)
        report.add("missing", highest + 1 - arrivals.count)
        report.add("arrivals_us", arrivals)
        report.printLine()
    }
}
