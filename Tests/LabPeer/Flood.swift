import Glibc

/// Numbered datagrams over many flows at a steady rate, and, when asked to, one DNS question in
/// their midst. It goes on whatever the network answers.
struct Flood {
    private static let flowCount = 16

    private let target: SocketAddress
    private let rate: Int
    private let seconds: Int
    private let question: (after: Int, name: String, resolver: SocketAddress)?

    init(_ arguments: Arguments) throws {
        target = try SocketAddress(arguments.text("to"), port: Port.sink)
        rate = try arguments.number("rate")
        seconds = try arguments.number("seconds")
        if arguments.all("ask").isEmpty {
            question = nil
        } else {
            question = (
                try arguments.number("after"), try arguments.text("ask"),
                try SocketAddress(arguments.text("resolver"), port: 53)
            )
        }
    }

    func run() throws {
        Interrupt.arm()
        // Not connected, so that ICMP errors do not come back as errors of send(2).
        let flows = try (0..<Self.flowCount).map { _ in
            try Socket(.datagram, family: target.family)
        }
        let start = Moment.now
        let total = rate * seconds
        var sent = 0
        var refused = 0
        var askedAt = 0
        while sent < total, !Interrupt.isPending {
            let due = min(total, (Moment.now - start) * rate / 1_000_000)
            while sent < due {
                if let question, sent == question.after {
                    askedAt = try Self.ask(question.name, question.resolver)
                }
                var bytes: [UInt8] = []
                bytes.append64(sent)
                bytes.append64(Moment.now)
                if flows[sent % flows.count].send(bytes, to: target) < 0 { refused += 1 }
                sent += 1
            }
            Moment.sleep(untilMicroseconds: Moment.now + 500)
        }
        var report = Report()
        report.add("sent", sent)
        report.add("refused", refused)
        report.add("started_us", start)
        report.add("ended_us", Moment.now)
        report.add("asked_us", askedAt)
        report.printLine()
    }

    static func ask(_ name: String, _ resolver: SocketAddress) throws -> Int {
        let socket = try Socket(.datagram, family: resolver.family)
        let instant = Moment.now
        socket.send(DNSQuestion.bytes(name: name, id: 0x5252), to: resolver)
        return instant
    }
}

/// A question for an A record (RFC 1035 section 4).
enum DNSQuestion {
    static func bytes(name: String, id: UInt16) -> [UInt8] {
        // Recursion desired, one question.
        let header: [UInt8] = [UInt8(id >> 8), UInt8(id & 0xff), 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        return header + labels(of: name) + [0, 1, 0, 1]
    }

    static func labels(of name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }
}
