import Glibc

/// How many short TLS conversations get through in a second: connect, hello, the first bytes of an
/// answer, reset. So many at a time, in one thread.
struct ConnectionMeter {
    private enum Stage { case connecting, asked }

    private static let helloBytes = 517
    private static let pollMilliseconds: Int32 = 100

    private let target: SocketAddress
    private let hello: [UInt8]
    private let parallel: Int
    private let seconds: Int
    private var finished = 0
    private var failed = 0

    init(_ arguments: Arguments) throws {
        target = try SocketAddress(arguments.text("to"), port: Port.https)
        hello = HelloClient.clientHello(
            name: try arguments.text("name"), size: Self.helloBytes)
        parallel = try arguments.number("parallel", or: 32)
        seconds = try arguments.number("seconds")
    }

    mutating func run() throws {
        var sockets = try (0..<parallel).map { _ in try begin() }
        var stages = [Stage](repeating: .connecting, count: parallel)
        let start = Moment.now
        while Moment.now - start < seconds * 1_000_000 {
            var entries = zip(sockets, stages).map { socket, stage in
                pollfd(
                    fd: socket.descriptor,
                    events: Int16(stage == .connecting ? POLLOUT : POLLIN), revents: 0)
            }
            poll(&entries, nfds_t(entries.count), Self.pollMilliseconds)
            for (index, entry) in entries.enumerated() where entry.hasNews {
                if stages[index] == .connecting, sockets[index].send(hello) > 0 {
                    stages[index] = .asked
                    continue
                }
                let isAnswered =
                    stages[index] == .asked
                    && sockets[index].receive(atMost: 64)?.isEmpty == false
                if isAnswered { finished += 1 } else { failed += 1 }
                sockets[index] = try begin()
                stages[index] = .connecting
            }
        }
        var report = Report()
        report.add("finished", finished)
        report.add("failed", failed)
        report.add("per_second", finished * 1_000_000 / (Moment.now - start))
        report.printLine()
    }

    private func begin() throws -> Socket {
        let socket = try Socket(.stream, family: target.family)
        // A reset at the end: thousands of ports in TIME_WAIT would soon be all there are.
        var linger = linger(l_onoff: 1, l_linger: 0)
        setsockopt(
            socket.descriptor, SOL_SOCKET, SO_LINGER, &linger,
            socklen_t(MemoryLayout.size(ofValue: linger)))
        _ = fcntl(socket.descriptor, F_SETFL, O_NONBLOCK)
        let result = target.withPointer { connect(socket.descriptor, $0, $1) }
        guard result == 0 || errno == EINPROGRESS else { throw Failure.system("connect") }
        return socket
    }
}

/// The other side: answers whatever comes on port 443 with the beginning of a ServerHello.
struct HelloServer {
    private static let maximumConnections = 1024
    /// Handshake record, 122 octets to follow (RFC 8446 section 5.1).
    private static let answer: [UInt8] = [22, 3, 3, 0, 122]

    private let listener: Socket
    private var connections: [Socket] = []

    init(_ arguments: Arguments) throws {
        listener = try .bound(
            .stream, to: SocketAddress(arguments.text("on"), port: Port.https))
    }

    mutating func run() throws {
        guard listen(listener.descriptor, 1024) == 0 else { throw Failure.system("listen") }
        _ = fcntl(listener.descriptor, F_SETFL, O_NONBLOCK)
        Report.printEvent("ready")
        while true {
            var entries = connections.map { pollfd(descriptor: $0.descriptor) }
            entries.append(pollfd(descriptor: listener.descriptor))
            poll(&entries, nfds_t(entries.count), -1)
            for index in connections.indices.reversed() where entries[index].hasNews {
                guard connections[index].receive()?.isEmpty == false else {
                    connections.swapAt(index, connections.count - 1)
                    connections.removeLast()
                    continue
                }
                connections[index].send(Self.answer)
            }
            if entries.last?.hasNews == true { accept() }
        }
    }

    private mutating func accept() {
        while connections.count < Self.maximumConnections {
            let descriptor = Glibc.accept(listener.descriptor, nil, nil)
            guard descriptor >= 0 else { return }
            connections.append(Socket(adopting: descriptor))
        }
    }
}
