import Glibc

/// Answers a hello the moment it is complete, as the fastest server would: over TCP when all of its
/// records are there, over UDP when the client says that it was the last datagram. A client that
/// takes it for a SOCKS proxy is answered as by one.
struct FormServer {
    private static let maximumConnections = 256

    private struct Conversation {
        let socket: Socket
        var bytes: [UInt8] = []
        var proxy = ProxyTalk()
    }

    /// Said to whoever connects.
    private let banner: String
    private var listeners: [Socket] = []
    private var datagrams: [Socket] = []
    private var conversations: [Conversation] = []

    init(_ arguments: Arguments) throws {
        let port = UInt16(try arguments.number("port"))
        banner = arguments.all("banner").first.map { $0 + "\r\n" } ?? ""
        for text in arguments.all("on") {
            let address = try SocketAddress(text, port: port)
            listeners.append(try .bound(.stream, to: address))
            datagrams.append(try .bound(.datagram, to: address))
        }
    }

    mutating func run() throws {
        for listener in listeners {
            guard listen(listener.descriptor, 64) == 0 else { throw Failure.system("listen") }
        }
        Report.printEvent("ready")
        while true {
            let sockets = listeners + datagrams + conversations.map(\.socket)
            var entries = sockets.map { pollfd(descriptor: $0.descriptor) }
            poll(&entries, nfds_t(entries.count), -1)
            let news = Set(entries.filter(\.hasNews).map(\.fd))
            for socket in datagrams where news.contains(socket.descriptor) { answer(on: socket) }
            for index in conversations.indices.reversed()
            where news.contains(conversations[index].socket.descriptor) {
                if !read(index) { conversations.remove(at: index) }
            }
            for socket in listeners where news.contains(socket.descriptor) {
                let descriptor = accept(socket.descriptor, nil, nil)
                guard descriptor >= 0 else { continue }
                let connection = Socket(adopting: descriptor)
                if conversations.count < Self.maximumConnections {
                    if !banner.isEmpty { connection.send(Array(banner.utf8)) }
                    conversations.append(Conversation(socket: connection))
                }
            }
        }
    }

    /// False when the connection is over.
    private mutating func read(_ index: Int) -> Bool {
        guard let bytes = conversations[index].socket.receive() else { return errno == EAGAIN }
        guard !bytes.isEmpty else { return false }
        var conversation = conversations[index]
        conversation.bytes += bytes
        while let reply = conversation.proxy.answer(&conversation.bytes) {
            conversation.socket.send(reply)
        }
        if Self.isComplete(conversation.bytes) { conversation.socket.send([22, 3, 3, 0, 122]) }
        conversations[index] = conversation
        return true
    }

    /// The records hold the whole handshake message (RFC 8446 sections 4 and 5.1).
    private static func isComplete(_ bytes: [UInt8]) -> Bool {
        var message: [UInt8] = []
        var offset = 0
        while offset + 5 <= bytes.count {
            let length = Int(bytes[offset + 3]) << 8 | Int(bytes[offset + 4])
            message += bytes[(offset + 5)..<min(bytes.count, offset + 5 + length)]
            offset += 5 + length
        }
        guard message.count >= 4 else { return false }
        return message.count >= 4 + Int(message[2]) << 8 + Int(message[3])
    }

    private func answer(on socket: Socket) {
        var buffer = [UInt8](repeating: 0, count: 2048)
        var count = 0
        let client = SocketAddress { address, length in
            count = recvfrom(
                socket.descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT), address, length)
        }
        guard count > 8 else { return }
        // Behind the destination's id stands the source's (RFC 9000 section 17.2).
        let source = 6 + Int(buffer[5])
        guard source + 2 < count, buffer[source + 2] == 0xff else { return }
        socket.send([0xc0, 0, 0, 0, 1], to: client)
    }
}
