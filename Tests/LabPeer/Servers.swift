import Glibc

/// The internet's side: TCP echo, UDP echo, UDP push and a sink, on each address given.
struct Servers {
    /// More than a test opens; a leak of connections shows as a refusal.
    private static let maximumConnections = 256
    private static let maximumDownlinks = 64
    /// A downlink ends by itself, should nobody stop the lab.
    private static let longestDownlinkMicroseconds = 120_000_000

    private struct Downlink {
        let socket: Socket
        let client: SocketAddress
        let rate: Int
        let start: Int
        var sent = 0
    }

    private let addresses: [String]
    private var listeners: [Socket] = []
    private var echoes: [Socket] = []
    private var pushers: [Socket] = []
    private var sinks: [Socket] = []
    private var connections: [Socket] = []
    private var downlinks: [Downlink] = []

    init(_ arguments: Arguments) { addresses = arguments.all("on") }

    mutating func run() throws {
        for text in addresses {
            let listener = try Socket.bound(.stream, to: SocketAddress(text, port: Port.tcpEcho))
            guard listen(listener.descriptor, 64) == 0 else { throw Failure.system("listen") }
            listeners.append(listener)
            echoes.append(try .bound(.datagram, to: SocketAddress(text, port: Port.udpEcho)))
            pushers.append(try .bound(.datagram, to: SocketAddress(text, port: Port.push)))
            sinks.append(try .bound(.datagram, to: SocketAddress(text, port: Port.sink)))
        }
        Report.printEvent("ready")
        while true { turn() }
    }

    private mutating func turn() {
        let sockets = listeners + echoes + pushers + connections
        var entries = sockets.map { pollfd(descriptor: $0.descriptor) }
        // Downlinks are paced in steps of a millisecond.
        poll(&entries, nfds_t(entries.count), downlinks.isEmpty ? -1 : 1)
        let news = Set(entries.filter(\.hasNews).map(\.fd))
        for socket in listeners where news.contains(socket.descriptor) { accept(from: socket) }
        for socket in echoes where news.contains(socket.descriptor) {
            Self.drain(socket) { bytes, client in socket.send(bytes, to: client) }
        }
        for socket in pushers where news.contains(socket.descriptor) { startDownlink(on: socket) }
        connections.removeAll { news.contains($0.descriptor) && !Self.echo($0) }
        push()
    }

    private mutating func accept(from listener: Socket) {
        let descriptor = Glibc.accept(listener.descriptor, nil, nil)
        guard descriptor >= 0 else { return }
        let connection = Socket(adopting: descriptor)
        if connections.count < Self.maximumConnections { connections.append(connection) }
    }

    /// False when the connection has ended.
    private static func echo(_ connection: Socket) -> Bool {
        guard let bytes = connection.receive() else { return errno == EAGAIN }
        return !bytes.isEmpty && connection.send(bytes) == bytes.count
    }

    private static func drain(_ socket: Socket, _ body: ([UInt8], SocketAddress) -> Void) {
        var buffer = [UInt8](repeating: 0, count: 2048)
        while true {
            var got = 0
            let client = SocketAddress { address, length in
                got = recvfrom(
                    socket.descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT), address,
                    length)
            }
            guard got >= 0 else { return }
            body(Array(buffer.prefix(got)), client)
        }
    }

    /// The hello is the rate wanted, in datagrams a second.
    private mutating func startDownlink(on socket: Socket) {
        Self.drain(socket) { bytes, client in
            guard let rate = bytes.number64(at: 0), downlinks.count < Self.maximumDownlinks else {
                return
            }
            downlinks.append(
                Downlink(
                    socket: socket, client: client, rate: max(1, min(rate, 1000)),
                    start: Moment.now))
        }
    }

    private mutating func push() {
        let now = Moment.now
        downlinks.removeAll { now - $0.start > Self.longestDownlinkMicroseconds }
        for index in downlinks.indices {
            let due = (now - downlinks[index].start) * downlinks[index].rate / 1_000_000 + 1
            while downlinks[index].sent < due {
                var bytes: [UInt8] = []
                bytes.append64(downlinks[index].sent)
                downlinks[index].socket.send(bytes, to: downlinks[index].client)
                downlinks[index].sent += 1
            }
        }
    }
}
