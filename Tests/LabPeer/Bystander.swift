import Glibc

/// Somebody who must not notice anything: numbered exchanges over UDP, TCP and DNS without a pause,
/// until SIGTERM, and then how many were not answered.
struct Bystander {
    /// How long the last answers may take.
    private static let graceMicroseconds = 1_000_000

    private let targets: [String]
    private let resolver: String?
    private let seconds: Int

    init(_ arguments: Arguments) throws {
        targets = arguments.all("to")
        resolver = arguments.all("resolver").last
        seconds = try arguments.number("seconds", or: 120)
    }

    func run() throws {
        Interrupt.arm()
        var conversations: [Conversation] = []
        for target in targets {
            conversations += [
                try Conversation(.udp, to: target, everyMicroseconds: 5000),
                try Conversation(.tcp, to: target, everyMicroseconds: 10_000),
            ]
        }
        if let resolver {
            conversations.append(try Conversation(.dns, to: resolver, everyMicroseconds: 25_000))
        }
        Report.printEvent("connected")
        let end = Moment.now + seconds * 1_000_000
        while Moment.now < end, !Interrupt.isPending {
            Self.turn(conversations, isSending: true)
        }
        let last = Moment.now + Self.graceMicroseconds
        while Moment.now < last, conversations.contains(where: { !$0.isComplete }) {
            Self.turn(conversations, isSending: false)
        }
        for kind in [Conversation.Kind.udp, .tcp, .dns] {
            let same = conversations.filter { $0.kind == kind }
            guard !same.isEmpty else { continue }
            var report = Report()
            report.add("kind", "\(kind)")
            report.add("sent", same.reduce(0) { $0 + $1.sent })
            report.add("received", same.reduce(0) { $0 + $1.received })
            report.add("lost", same.reduce(0) { $0 + $1.sent - $1.received })
            report.add("longest_us", same.reduce(0) { max($0, $1.longestMicroseconds) })
            report.printLine()
        }
    }

    private static func turn(_ conversations: [Conversation], isSending: Bool) {
        if isSending {
            for conversation in conversations { conversation.sendWhenDue() }
        }
        var entries = conversations.map { pollfd(descriptor: $0.socket.descriptor) }
        poll(&entries, nfds_t(entries.count), 1)
        for (index, entry) in entries.enumerated() where entry.hasNews {
            conversations[index].receiveAll()
        }
    }
}

/// One flow of questions and answers.
final class Conversation {
    enum Kind { case udp, tcp, dns }

    let kind: Kind
    let socket: Socket
    private let interval: Int
    private let start = Moment.now
    private(set) var sent = 0
    private(set) var received = 0
    private(set) var longestMicroseconds = 0
    /// When each number that is still open was sent.
    private var open: [Int: Int] = [:]
    /// TCP delivers any number of bytes; a message is eight.
    private var rest: [UInt8] = []

    init(_ kind: Kind, to text: String, everyMicroseconds interval: Int) throws {
        self.kind = kind
        self.interval = interval
        switch kind {
        case .udp:
            socket = try .connected(.datagram, to: SocketAddress(text, port: Port.udpEcho))
        case .dns: socket = try .connected(.datagram, to: SocketAddress(text, port: 53))
        case .tcp:
            socket = try .connected(.stream, to: SocketAddress(text, port: Port.tcpEcho))
            try socket.set(Int32(IPPROTO_TCP), TCP_NODELAY, 1)
        }
    }

    var isComplete: Bool { open.isEmpty }

    func sendWhenDue() {
        let now = Moment.now
        guard now - start >= sent * interval else { return }
        open[sent] = now
        var bytes: [UInt8] = []
        if kind == .dns {
            bytes = DNSQuestion.bytes(
                name: "n\(sent).example.org", id: UInt16(truncatingIfNeeded: sent))
        } else {
            bytes.append64(sent)
        }
        socket.send(bytes)
        sent += 1
    }

    func receiveAll() {
        while let bytes = socket.receive(), !bytes.isEmpty {
            switch kind {
            case .udp: close(bytes.number64(at: 0))
            // 65,536 questions at 40 a second take longer than a run may.
            case .dns: close(Int(bytes[0]) << 8 | Int(bytes[1]))
            case .tcp:
                rest += bytes
                while let number = rest.number64(at: 0) {
                    close(number)
                    rest.removeFirst(8)
                }
            }
        }
    }

    private func close(_ number: Int?) {
        guard let number, let sentAt = open.removeValue(forKey: number) else { return }
        received += 1
        longestMicroseconds = max(longestMicroseconds, Moment.now - sentAt)
    }
}
