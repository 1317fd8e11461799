import Glibc
package import NIOCore
import NIOHTTP1
import NIOPosix
package import Wire

/// The port could not be opened.
package struct NoticeListenError: Error, Hashable, Sendable, CustomStringConvertible {
    package let port: Int
    package let message: String

    package var description: String { "cannot listen on TCP port \(port): \(message)" }
}

/// Plain HTTP on every address of the gateway, for devices whose port 80 was redirected here.
///
/// It answers from the client's address alone and can reach nothing but its `lookup`.
package final class NoticeListener: Sendable {
    /// Connections the kernel keeps until they are accepted.
    private static let backlog: Int32 = 128

    private static let v6Only = ChannelOptions.Types.SocketOption(
        level: .ipv6, name: .ipv6_v6only)
    /// What a kernel without IPv6, or with IPv6 disabled, says.
    private static let noIPv6: Set<CInt> = [EAFNOSUPPORT, EADDRNOTAVAIL, EPROTONOSUPPORT]

    private let channels: [any Channel]
    package let port: Int

    private init(channels: [any Channel], port: Int) {
        self.channels = channels
        self.port = port
    }

    /// Opens the port for IPv4, and for IPv6 where the kernel has it. Port 0 takes a free one.
    ///
    /// A connection is closed `lifetime` after it was accepted, whatever it is doing.
    /// `lookup` gives the notice for a client's address, nil when that client is not cut off.
    package static func bind(
        port: Int, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton,
        lifetime: Duration = ConnectionLimits.lifetime,
        lookup: @escaping @Sendable (IPAddress) async -> NoticeContent?
    ) async throws(NoticeListenError) -> NoticeListener {
        let limits = ConnectionLimits()
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: backlog)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            // A client may close its side right after the request (`nc`, some probes).
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { accept($0, limits, TimeAmount(lifetime), lookup) }
        let v4: any Channel
        do {
            v4 = try await bootstrap.bind(host: "0.0.0.0", port: port).get()
        } catch {
            throw NoticeListenError(port: port, message: "\(error)")
        }
        let opened = v4.localAddress?.port ?? port
        do {
            let v6 = try await bootstrap.serverChannelOption(v6Only, value: 1)
                .bind(host: "::", port: opened).get()
            return NoticeListener(channels: [v4, v6], port: opened)
        } catch let error as IOError where noIPv6.contains(error.errnoCode) {
            return NoticeListener(channels: [v4], port: opened)
        } catch {
            try? await v4.close()
            throw NoticeListenError(port: port, message: "\(error)")
        }
    }

    /// Returns when `stop` was called, or the task was cancelled.
    package func run() async throws {
        try await withTaskCancellationHandler {
            for channel in channels { try await channel.closeFuture.get() }
        } onCancel: {
            stop()
        }
    }

    /// Takes no further connection; those that are open end by themselves within seconds.
    package func stop() {
        for channel in channels { channel.close(promise: nil) }
    }

    private static func accept(
        _ channel: any Channel, _ limits: ConnectionLimits, _ lifetime: TimeAmount,
        _ lookup: @escaping @Sendable (IPAddress) async -> NoticeContent?
    ) -> EventLoopFuture<Void> {
        guard let address = clientAddress(channel.remoteAddress), limits.enter(address) else {
            return channel.close()
        }
        channel.closeFuture.whenComplete { _ in limits.leave(address) }
        let deadline = channel.eventLoop.scheduleTask(in: lifetime) {
            channel.close(promise: nil)
        }
        channel.closeFuture.whenComplete { _ in deadline.cancel() }
        return channel.eventLoop.makeCompletedFuture {
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(RequestSizeGuard())
            try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
            try pipeline.addHandler(NoticeHandler(address: address, lookup: lookup))
        }
    }

    private static func clientAddress(_ address: SocketAddress?) -> IPAddress? {
        address?.ipAddress.flatMap { IPAddress($0) }
    }
}
