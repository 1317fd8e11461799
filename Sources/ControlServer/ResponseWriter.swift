import ControlAPI
import NIOCore
import NIOHTTP1

typealias ServerChannel = NIOAsyncChannel<
    HTTPServerRequestPart, HTTPServerResponsePart
>

/// Writes replies of one connection.
struct ResponseWriter: Sendable {
    let outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>

    func send(status: Int, json: ByteBuffer, keepAlive: Bool) async throws {
        try await send(status: status, json, type: "application/json", keepAlive: keepAlive)
    }

    func send(_ metrics: GatewayMetrics, keepAlive: Bool) async throws {
        try await send(
            status: 200, ByteBuffer(string: metrics.text), type: GatewayMetrics.contentType,
            keepAlive: keepAlive)
    }

    func send(_ problem: Problem, keepAlive: Bool) async throws {
        var extra = HTTPHeaders()
        if problem.status == 405 {
            extra.add(name: "Allow", value: (problem.candidates ?? []).joined(separator: ", "))
        }
        try await send(
            status: problem.status, try JSONText.bytes(problem), type: "application/problem+json",
            keepAlive: keepAlive, extra: extra)
    }

    /// Begins a reply of unknown length; NIO sends it in chunks.
    func begin(type: String) async throws {
        var headers = HTTPHeaders(common)
        headers.add(name: "Content-Type", value: type)
        try await outbound.write(
            .head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers)))
    }

    func write(_ text: String) async throws {
        try await outbound.write(.body(.byteBuffer(ByteBuffer(string: text))))
    }

    func end() async throws { try await outbound.write(.end(nil)) }

    /// Replies say what is so now; nobody may keep them.
    private var common: [(String, String)] {
        [("Server", "regionlockd/\(ProductVersion.text)"), ("Cache-Control", "no-store")]
    }

    private func send(
        status: Int, _ body: ByteBuffer, type: String, keepAlive: Bool,
        extra: HTTPHeaders = HTTPHeaders()
    ) async throws {
        var headers = HTTPHeaders(common)
        headers.add(name: "Content-Type", value: type)
        headers.add(name: "Content-Length", value: String(body.readableBytes))
        headers.add(contentsOf: extra)
        if !keepAlive { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
        try await outbound.write(contentsOf: [.head(head), .body(.byteBuffer(body)), .end(nil)])
    }
}
