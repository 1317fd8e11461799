import NIOCore
import NIOHTTP1
import Wire

/// Closes a connection that has sent more than any request for the notice needs.
final class RequestSizeGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var received = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        received += unwrapInboundIn(data).readableBytes
        guard received <= ConnectionLimits.maximumRequestBytes else {
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(data)
    }
}

/// Answers one request and closes: the next packet of the device may be none of ours any more.
final class NoticeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let address: IPAddress
    private let lookup: @Sendable (IPAddress) async -> NoticeContent?
    private var request: NoticeAnswer.Request?
    private var isHead = false

    init(address: IPAddress, lookup: @escaping @Sendable (IPAddress) async -> NoticeContent?) {
        self.address = address
        self.lookup = lookup
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            isHead = head.method == .HEAD
            request = NoticeAnswer.Request(
                target: head.uri, accept: head.headers["accept"].joined(separator: ","),
                acceptLanguage: head.headers["accept-language"].joined(separator: ","))
        case .body: break
        case .end:
            guard let request = request.take() else { return }
            answer(request, context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func answer(_ request: NoticeAnswer.Request, _ context: ChannelHandlerContext) {
        let promise = context.eventLoop.makePromise(of: NoticeContent?.self)
        promise.completeWithTask { [address, lookup] in await lookup(address) }
        promise.futureResult.assumeIsolated().whenSuccess { content in
            self.write(NoticeAnswer(to: request, content: content), context)
        }
    }

    private func write(_ answer: NoticeAnswer, _ context: ChannelHandlerContext) {
        var headers: HTTPHeaders = [
            "content-type": answer.contentType.rawValue,
            "content-length": String(answer.body.utf8.count),
            "cache-control": "no-store",
            "content-security-policy":
                "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
                + " form-action 'none'; frame-ancestors 'none'",
            "referrer-policy": "no-referrer",
            "x-content-type-options": "nosniff",
            "vary": "accept, accept-language",
            "connection": "close",
        ]
        if let location = answer.location { headers.add(name: "location", value: location) }
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: answer.status),
            headers: headers)
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !isHead {
            let body = context.channel.allocator.buffer(string: answer.body)
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil))).assumeIsolated().whenComplete { _ in
            context.close(promise: nil)
        }
    }
}
