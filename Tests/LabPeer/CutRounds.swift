import Glibc

/// A device that is cut off again and again in the midst of its own flood: each round it floods,
/// shows the trigger name, floods on, and is given its internet back through the control socket.
///
/// One thread does it all, so that every datagram with a number from the round's trigger to its end
/// was sent after the trigger. None of them may be seen on the wire.
struct CutRounds {
    enum Vector: String { case dns, tls, quic }

    private static let flowCount = 16
    private static let freeMicroseconds = 8_000
    private static let cutMicroseconds = 15_000

    private let sink: SocketAddress
    private let web: SocketAddress
    private let resolver: SocketAddress
    private let vector: Vector
    private let name: String
    private let rate: Int
    private let rounds: Int
    private let control: String
    private let device: String
    private let rangesPath: String
    /// nfnetlink_queue of the gateway, by way of the daemon's own /proc entry.
    private let queuePath: String

    init(_ arguments: Arguments) throws {
        let to = try arguments.text("to")
        sink = try SocketAddress(to, port: Port.sink)
        web = try SocketAddress(to, port: 443)
        resolver = try SocketAddress(arguments.text("resolver"), port: 53)
        guard let vector = Vector(rawValue: try arguments.text("vector")) else { throw WrongUse() }
        self.vector = vector
        name = try arguments.text("name")
        rate = try arguments.number("rate")
        rounds = try arguments.number("rounds")
        control = try arguments.text("control")
        device = try arguments.text("device")
        rangesPath = try arguments.text("ranges")
        queuePath = "/proc/\(try arguments.number("daemon"))/net/netfilter/nfnetlink_queue"
    }

    func run() throws {
        let initial = QUICClient.initial(name: name)
        let flood = try PacedFlood(to: sink, flowCount: Self.flowCount, rate: rate)
        var ranges = ""
        var missed = 0
        for _ in 0..<rounds {
            let connection = vector == .tls ? try Socket.connected(.stream, to: web) : nil
            flood.run(microseconds: Self.freeMicroseconds)
            let first = flood.sent
            switch vector {
            case .tls: connection?.send(HelloClient.clientHello(name: name, size: 500))
            case .dns:
                let socket = try Socket(.datagram, family: resolver.family)
                socket.send(DNSQuestion.bytes(name: name, id: 0x5252), to: resolver)
            case .quic:
                let socket = try Socket(.datagram, family: web.family)
                socket.send(initial, to: web)
            }
            flood.run(microseconds: Self.cutMicroseconds)
            ranges += "\(first) \(flood.sent)\n"
            // What still waits was sent by a device that is to be cut: it must get its verdict
            // before the device is released.
            try awaitEmptyQueue()
            if try !release() { missed += 1 }
        }
        guard let file = fopen(rangesPath, "w") else { throw Failure.system(rangesPath) }
        fputs(ranges, file)
        fclose(file)
        var report = Report()
        report.add("rounds", rounds)
        report.add("missed", missed)
        report.add("sent", flood.sent)
        report.printLine()
    }

    private func awaitEmptyQueue() throws {
        let end = Moment.now + 5_000_000
        while try queueLength() > 0 {
            guard Moment.now < end else { throw Failure("the queue is never empty") }
            Moment.sleep(untilMicroseconds: Moment.now + 1000)
        }
    }

    /// `queue_total`, the third column (net/netfilter/nfnetlink_queue.c, seq_show).
    private func queueLength() throws -> Int {
        guard let file = fopen(queuePath, "r") else { throw Failure.system(queuePath) }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        guard fgets(&line, 256, file) != nil else { throw Failure("\(queuePath) is empty") }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8($0) }, as: UTF8.self)
        let fields = text.split(whereSeparator: \.isWhitespace)
        guard fields.count > 2, let length = Int(fields[2]) else {
            throw Failure("\(queuePath): \(text)")
        }
        return length
    }

    /// False when the device was not cut.
    private func release() throws -> Bool {
        let body = "{\"reason\":\"the next round\"}"
        let request =
            "POST /v1/blocks/\(device)/release HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            + "Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        let socket = try Socket.connected(toPath: control)
        socket.send(Array(request.utf8))
        var reply: [UInt8] = []
        while socket.isReadable(withinMilliseconds: 5000), let bytes = socket.receive(),
            !bytes.isEmpty
        {
            reply += bytes
        }
        let status = String(decoding: reply.dropFirst(9).prefix(3), as: UTF8.self)
        guard status == "200" || status == "404" else {
            throw Failure("release: \(String(decoding: reply, as: UTF8.self))")
        }
        return status == "200"
    }
}

/// Numbered datagrams over many flows at a steady rate, in stretches.
final class PacedFlood {
    private let target: SocketAddress
    private let flows: [Socket]
    private let rate: Int
    private(set) var sent = 0

    init(to target: SocketAddress, flowCount: Int, rate: Int) throws {
        self.target = target
        self.rate = rate
        // Not connected, so that ICMP errors do not come back as errors of send(2).
        flows = try (0..<flowCount).map { _ in try Socket(.datagram, family: target.family) }
    }

    func run(microseconds: Int) {
        let start = Moment.now
        var stretch = 0
        while true {
            let elapsed = Moment.now - start
            guard elapsed < microseconds else { return }
            while stretch < elapsed * rate / 1_000_000 {
                var bytes: [UInt8] = []
                bytes.append64(sent)
                bytes.append64(Moment.now)
                flows[sent % flows.count].send(bytes, to: target)
                sent += 1
                stretch += 1
            }
        }
    }
}
