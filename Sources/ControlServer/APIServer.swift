package import ControlAPI
import Glibc
package import NIOCore
import NIOHTTP1
import NIOPosix

/// Something the daemon may want to log; the server itself never does.
package enum ServerObservation: Hashable, Sendable {
    case refusedConnection(uid: UInt32, pid: Int32)
    case refusedChange(Operation, Caller)
}

/// Where the two sockets stand, and who may use the first.
package struct ServerSockets: Hashable, Sendable {
    /// 0660, for root (or the daemon's user) and `adminsGroup`.
    package var control: String
    /// 0666, GET only.
    package var status: String
    /// Nil: only root and the daemon's user may change things, and `control` is 0600.
    package var adminsGroup: UInt32?

    package init(control: String, status: String, adminsGroup: UInt32?) {
        self.control = control
        self.status = status
        self.adminsGroup = adminsGroup
    }
}

/// The control API on its two Unix sockets, HTTP/1.1 and JSON.
package struct APIServer: Sendable {
    /// What more than this many clients that connect at the same moment meet is `EAGAIN`.
    private static let backlog: Int32 = 128

    private let sockets: ServerSockets
    private let context: ServerContext
    private let group: any EventLoopGroup
    private let onReady: @Sendable () -> Void

    /// - Parameters:
    ///   - group: Where the sockets' I/O runs; one thread is plenty.
    ///   - observe: Called for what is worth a log line; must not block.
    ///   - onReady: Called once, when both sockets listen.
    package init(
        backend: any ControlBackend, sockets: ServerSockets, limits: ServerLimits = ServerLimits(),
        group: any EventLoopGroup,
        observe: @escaping @Sendable (ServerObservation) -> Void = { _ in },
        onReady: @escaping @Sendable () -> Void = {}
    ) {
        let owner = geteuid()
        self.sockets = sockets
        self.group = group
        self.onReady = onReady
        context = ServerContext(
            responder: Responder(backend: backend), limits: limits,
            admission: Admission(limits: limits, owner: owner), owner: owner,
            adminsGroup: sockets.adminsGroup, observe: observe)
    }

    /// Serves until the task is cancelled; then both socket files are gone.
    ///
    /// - Throws: `SocketError` when a socket cannot be made: another daemon's is never taken.
    package func run() async throws {
        // Both files go at the end of this scope, after the last connection.
        let controlMode: UInt32 = sockets.adminsGroup == nil ? 0o600 : 0o660
        let control = try SocketFile.bind(
            sockets.control, mode: controlMode, group: sockets.adminsGroup)
        let status: SocketFile
        do {
            status = try SocketFile.bind(sockets.status, mode: 0o666, group: nil)
        } catch {
            close(control.descriptor)
            throw error
        }
        let controlChannel = try await listen(control.descriptor)
        let statusChannel = try await listen(status.descriptor)
        onReady()
        do {
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask { try await serve(controlChannel, as: .control) }
                group.addTask { try await serve(statusChannel, as: .status) }
            }
        } catch is CancellationError {
            // That is how it ends.
        }
    }

    private typealias Accepted = (channel: ServerChannel, peer: Peer?)

    private func listen(_ descriptor: Int32) async throws -> NIOAsyncChannel<Accepted, Never> {
        let idle = TimeAmount.seconds(context.limits.idleSeconds)
        return try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: Self.backlog)
            // Else NIO closes on the client's half-close, before it answers (`echo ... | socat`).
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .bind(descriptor) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    let peer = try pipeline.withUnsafeTransportIfAvailable(
                        of: NIOBSDSocket.Handle.self
                    ) { Peer(descriptor: $0) }
                    try pipeline.addHandlers(IdleStateHandler(allTimeout: idle), IdleCloser())
                    // Connections answer one request at a time anyway; NIO's help with pipelining
                    // would forbid to refuse a connection before its first request.
                    try pipeline.configureHTTPServerPipeline(
                        withPipeliningAssistance: false, withErrorHandling: true)
                    return (try ServerChannel(wrappingChannelSynchronously: channel), peer ?? nil)
                }
            }
    }

    private func serve(
        _ listener: NIOAsyncChannel<Accepted, Never>, as role: SocketRole
    ) async throws {
        try await listener.executeThenClose { inbound in
            try await withThrowingDiscardingTaskGroup { group in
                for try await accepted in inbound {
                    let connection = Connection(
                        channel: accepted.channel, peer: accepted.peer, role: role,
                        context: context)
                    group.addTask { await connection.run() }
                }
            }
        }
    }
}

/// Closes a connection that has been idle for too long.
private final class IdleCloser: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is IdleStateHandler.IdleStateEvent {
            context.close(promise: nil)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }
}
