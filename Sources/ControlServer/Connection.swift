import ControlAPI
import NIOCore
import NIOHTTP1
import NIOPosix

/// One connection: its requests, one after the other.
struct Connection: Sendable {
    let channel: ServerChannel
    let peer: Peer?
    let role: SocketRole
    let context: ServerContext

    /// Returns when either side is done. What goes wrong with one client is that client's alone.
    func run() async {
        do {
            try await channel.executeThenClose { inbound, outbound in
                let writer = ResponseWriter(outbound: outbound)
                guard let peer else {
                    try await writer.send(
                        .unavailable("who you are is not known"), keepAlive: false)
                    return
                }
                do throws(Problem) {
                    try context.admission.enter(peer.uid)
                } catch {
                    context.observe(.refusedConnection(uid: peer.uid, pid: peer.pid))
                    try await writer.send(error, keepAlive: false)
                    return
                }
                defer { context.admission.leave(peer.uid) }
                try await serve(inbound, writer, peer)
            }
        } catch {
            // The client is gone, or the server stops: there is nobody left to tell.
        }
    }

    private func serve(
        _ inbound: NIOAsyncChannelInboundStream<HTTPServerRequestPart>, _ writer: ResponseWriter,
        _ peer: Peer
    ) async throws {
        var head: HTTPRequestHead?
        var body = ByteBuffer()
        var bodyBytes = context.limits.bodyBytes
        for try await part in inbound {
            switch part {
            case .head(let received):
                head = received
                body = ByteBuffer()
                bodyBytes = bodyLimit(of: received, from: peer)
                guard received.size <= context.limits.headBytes else {
                    try await writer.send(.headTooLarge(context.limits), keepAlive: false)
                    return
                }
            case .body(var received):
                guard body.readableBytes + received.readableBytes <= bodyBytes else {
                    try await writer.send(.bodyTooLarge(bodyBytes), keepAlive: false)
                    return
                }
                body.writeBuffer(&received)
            case .end:
                guard let request = head else { return }
                guard try await answer(request, body, writer, peer) else { return }
            }
        }
    }

    private func bodyLimit(of head: HTTPRequestHead, from peer: Peer) -> Int {
        let path = head.uri.prefix { $0 != "?" }
        guard mayChange(peer),
            case .operation(.importLedger, _) = RouteMatch.find(
                method: head.method.rawValue, path: path)
        else { return context.limits.bodyBytes }
        return context.limits.importBytes
    }

    private func mayChange(_ peer: Peer) -> Bool {
        role == .control && peer.mayChange(owner: context.owner, admins: context.adminsGroup)
    }

    /// Answers one request; whether the connection stays.
    private func answer(
        _ head: HTTPRequestHead, _ body: ByteBuffer, _ writer: ResponseWriter, _ peer: Peer
    ) async throws -> Bool {
        let reply: Reply
        do throws(Problem) {
            let request = try Request(head: head, body: body, role: role)
            let caller = await caller(peer, for: request.operation)
            if request.operation.isChange, !caller.mayChange {
                context.observe(.refusedChange(request.operation, caller))
            }
            reply = try await context.responder.reply(to: request, from: caller)
        } catch {
            try await writer.send(error, keepAlive: head.isKeepAlive)
            return head.isKeepAlive
        }
        switch reply {
        case .document(let status, let json):
            try await writer.send(status: status, json: json, keepAlive: head.isKeepAlive)
            return head.isKeepAlive
        case .metrics(let metrics):
            try await writer.send(metrics, keepAlive: head.isKeepAlive)
            return head.isKeepAlive
        case .events(let after, let since):
            do {
                try await stream(after: after, since: since, writer)
            } catch let problem as Problem {
                try await writer.send(problem, keepAlive: false)
            }
            return false
        }
    }

    private func stream(
        after: Int64?, since: EventQuery?, _ writer: ResponseWriter
    ) async throws {
        try context.admission.openStream()
        defer { context.admission.closeStream() }
        let stream = EventStream(
            backend: context.responder.backend, writer: writer, limits: context.limits)
        try await stream.run(after: after, since: since, until: channel.channel.closeFuture)
    }

    private func caller(_ peer: Peer, for operation: Operation) async -> Caller {
        // Only history needs a name, and the look-up may block.
        let name: String? =
            operation.isChange
            ? try? await NIOThreadPool.singleton.runIfActive { peer.accountName } : nil
        return Caller(
            uid: peer.uid, gid: peer.gid, pid: peer.pid, userName: name, mayChange: mayChange(peer))
    }
}

/// What every connection shares.
struct ServerContext: Sendable {
    let responder: Responder
    let limits: ServerLimits
    let admission: Admission
    let owner: UInt32
    let adminsGroup: UInt32?
    let observe: @Sendable (ServerObservation) -> Void
}

extension HTTPRequestHead {
    /// Bytes of target and fields; the few of syntax are not counted.
    fileprivate var size: Int {
        headers.reduce(uri.utf8.count) { $0 + $1.name.utf8.count + $1.value.utf8.count }
    }
}

extension Problem {
    fileprivate static func headTooLarge(_ limits: ServerLimits) -> Problem {
        Problem(
            title: "Head too large", status: 431, code: .headTooLarge,
            detail: "request line and fields may have \(limits.headBytes) bytes")
    }

    fileprivate static func bodyTooLarge(_ limit: Int) -> Problem {
        Problem(
            title: "Body too large", status: 413, code: .requestTooLarge,
            detail: "a body may have \(limit) bytes")
    }
}
