package import ControlAPI
import NIOCore
import NIOHTTP1
import NIOPosix

/// Asks the daemon, one connection for each request.
package struct APIClient: Sendable {
    /// The largest reply is a page of devices, about 1 MB.
    static let maximumReplyBytes = 16 * 1_024 * 1_024
    /// A socket on this machine answers at once or not at all.
    private static let connectSeconds: Int64 = 5

    private let controlPath: String
    private let statusPath: String
    private let timeoutSeconds: Int

    /// - Parameters:
    ///   - runDirectory: Where the daemon keeps its sockets.
    ///   - timeoutSeconds: For one whole request; event streams have none.
    package init(runDirectory: String, timeoutSeconds: Int = 30) {
        controlPath = runDirectory + "/control.sock"
        statusPath = runDirectory + "/status.sock"
        self.timeoutSeconds = timeoutSeconds
    }

    /// The reply to one call. Looking goes through the socket that everybody may use.
    package func send<Reply>(_ call: APICall<Reply>) async throws(ClientError) -> Reply {
        try await send(call) { body throws(ClientError) in
            try JSONDocument.decode(Reply.self, from: body.readableBytesView)
        }
    }

    /// The page of `GET /metrics`, as Prometheus would read it.
    package func metrics() async throws(ClientError) -> String {
        try await send(APICall<String>(.metrics)) { String(buffer: $0) }
    }

    private func send<Reply>(
        _ call: APICall<Reply>,
        _ decode: @escaping @Sendable (ByteBuffer) throws(ClientError) -> Reply
    ) async throws(ClientError) -> Reply {
        let path = path(for: call.operation)
        let outcome = await withTaskGroup(of: Result<Reply, ClientError>?.self) { group in
            group.addTask { await Self.exchange(call, path, decode) }
            group.addTask {
                // Nil when it is cancelled because the reply is there.
                do { try await Task.sleep(for: .seconds(timeoutSeconds)) } catch { return nil }
                return .failure(.timedOut(seconds: timeoutSeconds))
            }
            defer { group.cancelAll() }
            for await result in group { if let result { return result } }
            return .failure(.timedOut(seconds: timeoutSeconds))
        }
        return try outcome.get()
    }

    /// Every item of a list, page by page.
    package func all<Item>(
        _ page: (_ cursor: String?) -> APICall<Page<Item>>
    ) async throws(ClientError) -> [Item] {
        var items: [Item] = []
        var cursor: String?
        repeat {
            let reply = try await send(page(cursor))
            items += reply.items
            // A cursor that stands still would never end.
            guard reply.next == nil || reply.next != cursor else {
                throw .broken("the list does not go on after \(cursor ?? "")")
            }
            cursor = reply.next
        } while cursor != nil
        return items
    }

    /// Hands each event over as it happens; returns when the daemon ends the stream.
    ///
    /// - Throws: `ClientError`, or whatever `handle` throws.
    package func follow(
        _ query: EventQuery, _ handle: (EventRecord) async throws -> Void
    ) async throws {
        do {
            try await stream(query, handle)
        } catch let error as any NIOStreamError {
            throw ClientError.broken("the stream broke off: \(error)")
        }
    }

    private func stream(
        _ query: EventQuery, _ handle: (EventRecord) async throws -> Void
    ) async throws {
        let call = APICall<EventRecord>.eventStream(query)
        try await Self.connected(path(for: .events)) { inbound, outbound in
            try await Self.write(call, outbound)
            var parser = EventStreamParser()
            var status = 200
            var problem = ByteBuffer()
            for try await part in inbound {
                switch part {
                case .head(let head): status = Int(head.status.code)
                case .body(var buffer) where status != 200:
                    problem.writeBuffer(&buffer)
                    guard problem.readableBytes <= Self.maximumReplyBytes else {
                        throw ClientError.broken("the reply is too long")
                    }
                case .body(let buffer):
                    guard let messages = parser.feed(buffer.readableBytesView) else {
                        throw ClientError.broken("a line of the stream is too long")
                    }
                    for message in messages { try await handle(try Self.event(message)) }
                case .end:
                    if status != 200 { throw try Self.problem(status, problem) }
                    return
                }
            }
            throw ClientError.broken("the stream broke off")
        }
    }

    private static func event(
        _ message: EventStreamParser.Message
    ) throws(ClientError) -> EventRecord {
        let bytes = Array(message.data.utf8)
        if message.type == "problem" {
            throw .problem(try JSONDocument.decode(Problem.self, from: bytes))
        }
        return try JSONDocument.decode(EventRecord.self, from: bytes)
    }

    private func path(for operation: Operation) -> String {
        operation.isChange ? controlPath : statusPath
    }
}

// The exchange itself.
extension APIClient {
    private typealias Channel = NIOAsyncChannel<
        HTTPClientResponsePart, HTTPClientRequestPart
    >
    private typealias Inbound = NIOAsyncChannelInboundStream<HTTPClientResponsePart>
    private typealias Outbound = NIOAsyncChannelOutboundWriter<HTTPClientRequestPart>

    private static func exchange<Reply>(
        _ call: APICall<Reply>, _ path: String,
        _ decode: @escaping @Sendable (ByteBuffer) throws(ClientError) -> Reply
    ) async -> Result<Reply, ClientError>? {
        do {
            return try await connected(path) { inbound, outbound in
                try await write(call, outbound)
                let (status, body) = try await read(inbound)
                guard (200...299).contains(status) else { throw try problem(status, body) }
                return .success(try decode(body))
            }
        } catch let error as ClientError {
            return .failure(error)
        } catch is CancellationError {
            return nil
        } catch {
            // The socket was there: it broke under the question or its answer.
            return .failure(.wentAway)
        }
    }

    private static func connected<Value: Sendable>(
        _ path: String, _ body: (Inbound, Outbound) async throws -> Value
    ) async throws -> Value {
        let channel: Channel
        do {
            channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connectTimeout(.seconds(connectSeconds))
                .connect(unixDomainSocketPath: path) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        let pipeline = channel.pipeline.syncOperations
                        try pipeline.addHTTPClientHandlers()
                        return try Channel(wrappingChannelSynchronously: channel)
                    }
                }
        } catch let error as IOError {
            throw connectionError(error, path)
        } catch is SocketAddressError {
            throw ClientError.broken("\(path) is too long for a socket's path")
        }
        return try await channel.executeThenClose(body)
    }

    private static func connectionError(_ error: IOError, _ path: String) -> ClientError {
        switch error.errnoCode {
        case Errno.noEntry, Errno.notDirectory: .noSocket(path: path)
        case Errno.accessDenied, Errno.notPermitted: .notPermitted(path: path)
        case Errno.refused: .refused(path: path)
        default: .broken("cannot connect to \(path): \(error)")
        }
    }

    private static func write<Reply>(
        _ call: APICall<Reply>, _ outbound: Outbound
    ) async throws {
        var headers = HTTPHeaders([("Host", "localhost"), ("Accept", "application/json")])
        if !call.body.isEmpty {
            headers.add(name: "Content-Type", value: "application/json")
        }
        headers.add(name: "Content-Length", value: String(call.body.count))
        let method = HTTPMethod(rawValue: call.operation.method.rawValue)
        let head = HTTPRequestHead(
            version: .http1_1, method: method, uri: call.target, headers: headers)
        try await outbound.write(
            contentsOf: [.head(head), .body(.byteBuffer(ByteBuffer(bytes: call.body))), .end(nil)])
    }

    private static func read(_ inbound: Inbound) async throws -> (status: Int, body: ByteBuffer) {
        var status = 0
        var body = ByteBuffer()
        for try await part in inbound {
            switch part {
            case .head(let head): status = Int(head.status.code)
            case .body(var buffer):
                guard body.readableBytes + buffer.readableBytes <= maximumReplyBytes else {
                    throw ClientError.broken("the reply is too long")
                }
                body.writeBuffer(&buffer)
            case .end: return (status, body)
            }
        }
        throw ClientError.wentAway
    }

    private static func problem(
        _ status: Int, _ body: ByteBuffer
    ) throws(ClientError) -> ClientError {
        guard body.readableBytes > 0 else { throw .broken("the daemon answered HTTP \(status)") }
        return .problem(try JSONDocument.decode(Problem.self, from: body.readableBytesView))
    }
}

/// What NIO throws when the other side goes in the middle of a stream.
private protocol NIOStreamError: Error {}
extension IOError: NIOStreamError {}
extension HTTPParserError: NIOStreamError {}
extension ChannelError: NIOStreamError {}

/// The few numbers of errno(3) that say where the daemon is; the same on every Linux.
private enum Errno {
    static let notPermitted: Int32 = 1
    static let noEntry: Int32 = 2
    static let accessDenied: Int32 = 13
    static let notDirectory: Int32 = 20
    static let refused: Int32 = 111
}
