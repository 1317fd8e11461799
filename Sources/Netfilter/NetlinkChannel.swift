import CNetfilter
import Glibc

/// A socket with its send and receive buffers: requests, acknowledgements and dumps.
///
/// The kernel handles a request inside the sending call. So its answers are there as soon as `send`
/// returns, and nothing here ever waits.
struct NetlinkChannel: ~Copyable {
    /// The kernel fills dump datagrams up to the size of the reader's buffer, 32 KiB at most
    /// (net/netlink/af_netlink.c); an acknowledgement with its text is much smaller.
    private static let slotSize = 64 * 1024

    let socket: NetlinkSocket
    var messages = MessageBuffer()
    var replies: DatagramBatch

    init(_ socket: consuming NetlinkSocket, batch: Int = 8) {
        self.socket = socket
        replies = DatagramBatch(capacity: batch, slotSize: Self.slotSize)
    }

    /// Ends the channel and keeps its socket.
    consuming func takeSocket() -> NetlinkSocket { socket }

    /// One refusal, or the plain acknowledgement when `code` is 0.
    struct Acknowledgement {
        let sequence: UInt32
        /// errno(3), positive.
        let code: Int32
        let text: String?
    }

    /// Sends what is in `messages` and returns every acknowledgement the kernel gave, in order.
    mutating func exchange() throws(NetfilterError) -> [Acknowledgement] {
        try discardPending()
        defer { messages.removeAll() }
        try socket.send(messages)
        var all: [Acknowledgement] = []
        while true {
            switch try replies.receive(from: socket.fileDescriptor) {
            case .empty: return all
            case .overrun: continue
            case .received:
                try eachReply { message, bytes throws(NetfilterError) in
                    guard message.type == UInt16(NLMSG_ERROR),
                        let answer = Acknowledgement(message, bytes)
                    else { return }
                    all.append(answer)
                }
            }
        }
    }

    /// Sends the one message in `messages` and throws what the kernel says against it.
    mutating func request(_ operation: String, _ object: String) throws(NetfilterError) {
        messages.requestAcknowledgement()
        let sequence = messages.sequence
        guard let answer = try exchange().last(where: { $0.sequence == sequence }) else {
            throw NetfilterError(operation, object, code: ENOBUFS, detail: "the answer was lost")
        }
        guard answer.code == 0 else {
            throw NetfilterError(operation, object, code: answer.code, detail: answer.text)
        }
    }

    /// Sends the one question in `messages` and returns what `read` finds in its one answer.
    mutating func answer<Value>(
        _ operation: String, _ object: String,
        _ read: (NetlinkMessage, Span<UInt8>) -> Value?
    ) throws(NetfilterError) -> Value {
        try discardPending()
        defer { messages.removeAll() }
        let sequence = messages.sequence
        try socket.send(messages)
        var value: Value?
        if case .received = try replies.receive(from: socket.fileDescriptor) {
            try eachReply { message, bytes throws(NetfilterError) in
                guard message.sequence == sequence else { return }
                if message.type == UInt16(NLMSG_ERROR),
                    let refusal = Acknowledgement(message, bytes)
                {
                    throw NetfilterError(
                        operation, object, code: refusal.code, detail: refusal.text)
                }
                value = read(message, bytes)
            }
        }
        guard let value else {
            throw NetfilterError(operation, object, code: ENOBUFS, detail: "the answer was lost")
        }
        return value
    }

    /// Sends the one message in `messages` without asking for an acknowledgement, and throws what
    /// the kernel says against it. Whatever else waits in the socket stays there: packets may
    /// arrive as soon as a queue is bound, and each one read here would be one that gets no
    /// verdict.
    mutating func requestAndKeep(
        _ operation: String, _ object: String
    ) throws(NetfilterError) {
        defer { messages.removeAll() }
        try socket.send(messages)
        // A socket that is not bound to anything receives nothing but the refusal.
        let outcome = try replies.receive(from: socket.fileDescriptor, peeking: true)
        guard case .received = outcome else { return }
        try eachReply { message, bytes throws(NetfilterError) in
            guard message.type == UInt16(NLMSG_ERROR),
                let answer = Acknowledgement(message, bytes)
            else { return }
            throw NetfilterError(operation, object, code: answer.code, detail: answer.text)
        }
    }

    /// Sends the one dump request in `messages` and calls `body` for each message of the answer.
    ///
    /// - Returns: false when the kernel says that the state changed during the dump.
    mutating func dump(
        _ operation: String, _ object: String,
        _ body: (NetlinkMessage, Span<UInt8>) throws(NetfilterError) -> Void
    ) throws(NetfilterError) -> Bool {
        try discardPending()
        defer { messages.removeAll() }
        let sequence = messages.sequence
        try socket.send(messages)
        var isDone = false
        var isConsistent = true
        while !isDone {
            switch try replies.receive(from: socket.fileDescriptor) {
            case .empty, .overrun:
                throw NetfilterError(operation, object, code: ENOBUFS, detail: "dump cut short")
            case .received:
                try eachReply { message, bytes throws(NetfilterError) in
                    guard message.sequence == sequence, !isDone else { return }
                    if message.flags & UInt16(NLM_F_DUMP_INTR) != 0 { isConsistent = false }
                    switch Int32(message.type) {
                    case NLMSG_DONE: isDone = true
                    case NLMSG_ERROR:
                        isDone = true
                        guard let answer = Acknowledgement(message, bytes), answer.code != 0
                        else { return }
                        throw NetfilterError(
                            operation, object, code: answer.code, detail: answer.text)
                    default: try body(message, bytes)
                    }
                }
            }
        }
        return isConsistent
    }

    /// Calls `body` for every message received.
    private func eachReply(
        _ body: (NetlinkMessage, Span<UInt8>) throws(NetfilterError) -> Void
    ) throws(NetfilterError) {
        for index in 0..<replies.count {
            try replies.withDatagram(index) { bytes throws(NetfilterError) in
                var cursor = MessageCursor()
                while let message = cursor.next(in: bytes) { try body(message, bytes) }
            }
        }
    }

    /// Drops what an earlier call that threw may have left unread.
    private mutating func discardPending() throws(NetfilterError) {
        while true {
            if case .empty = try replies.receive(from: socket.fileDescriptor) { return }
        }
    }
}

extension NetlinkChannel.Acknowledgement {
    /// Reads `struct nlmsgerr` and, behind it, the extended acknowledgement (NETLINK_EXT_ACK).
    ///
    /// With NETLINK_CAP_ACK the request is echoed as its bare header; without, whole.
    init?(_ message: NetlinkMessage, _ bytes: Span<UInt8>) {
        let codeLength = 4
        let payload = message.payload
        guard payload.count >= codeLength + NetlinkMessage.headerLength else { return nil }
        sequence = message.sequence
        code = Int32(bitPattern: 0 &- bytes.hostUInt32(at: payload.lowerBound))
        var text: String?
        if message.flags & UInt16(NLM_F_ACK_TLVS) != 0 {
            let isCapped = message.flags & UInt16(NLM_F_CAPPED) != 0
            let echoed =
                isCapped
                ? NetlinkMessage.headerLength
                : Int(bytes.hostUInt32(at: payload.lowerBound + codeLength)).aligned
            let attributes = message.attributes(after: codeLength + echoed)
            text = bytes.string(attributes.first(NLMSGERR_ATTR_MSG.rawValue, in: bytes))
        }
        self.text = text
    }
}
