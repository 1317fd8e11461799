import CNetfilter
import Glibc
import Wire

/// The source of packets to inspect: a netfilter queue (inline) or log group (passive).
///
/// One `receive` takes up to 32 packets in one system call and answers them in one. Between the two
/// it allocates nothing.
package struct PacketTap: ~Copyable, @unchecked Sendable {
    private static let batchSize = 32
    /// A GSO packet of 64 KiB with its attributes.
    private static let slotSize = 68 * 1024
    /// At 208 KiB, the default, a flood of 20,000 small packets a second loses every tenth.
    private static let receiveBuffer: Int32 = 16 * 1024 * 1024

    private let socket: NetlinkSocket
    private var batch = DatagramBatch(capacity: Self.batchSize, slotSize: Self.slotSize)
    private var reader: TapReader

    /// Binds the queue or log group.
    ///
    /// NETLINK_NO_ENOBUFS is set: without it the first message that does not fit marks the socket
    /// as congested, and the kernel then refuses every further one until we have read all. The loss
    /// itself is counted from the packets' numbers.
    ///
    /// - Parameter beforeBinding: gets the socket while no packet can wait there yet.
    /// - Throws: EPERM when another process has bound it, or without CAP_NET_ADMIN.
    package static func open(
        _ mode: TapMode, beforeBinding: (_ descriptor: Int32) -> Void = { _ in }
    ) throws(NetfilterError) -> PacketTap {
        var channel = NetlinkChannel(try NetlinkSocket.open(NETLINK_NETFILTER), batch: 1)
        try channel.socket.enable(NETLINK_CAP_ACK)
        try channel.socket.enable(NETLINK_EXT_ACK)
        try channel.socket.enable(NETLINK_NO_ENOBUFS)
        try channel.socket.force(SO_RCVBUFFORCE, octets: receiveBuffer)
        beforeBinding(channel.socket.fileDescriptor)
        do throws(NetfilterError) {
            try channel.bind(mode)
        } catch {
            guard error.isNotPermitted else { throw error }
            throw NetfilterError(
                error.operation, error.object, code: error.code,
                detail: "another process has bound it, or CAP_NET_ADMIN is missing")
        }
        return PacketTap(mode: mode, socket: channel.takeSocket())
    }

    /// Goes on with a queue whose socket outlived the process that bound it.
    ///
    /// What waits in the queue stays there: `repeatWaiting` makes it be read.
    ///
    /// - Throws: EINVAL when `mode` is no queue, ENODEV or EPERM when the socket has not bound it.
    static func adopt(
        _ socket: consuming NetlinkSocket, _ mode: TapMode
    ) throws(NetfilterError) -> PacketTap {
        guard case .queue = mode else {
            throw NetfilterError("take over", mode.description, code: EINVAL)
        }
        var channel = NetlinkChannel(socket, batch: 1)
        try channel.configure(mode)
        return PacketTap(mode: mode, socket: channel.takeSocket())
    }

    /// Sets the queue anew; what waits in it is not touched.
    ///
    /// - Parameter mode: of the same queue.
    package mutating func configure(_ mode: TapMode) throws(NetfilterError) {
        precondition(mode.isSameTap(as: self.mode), "\(mode) is another tap")
        var messages = MessageBuffer()
        messages.appendSettings(mode)
        // The answer would come between packets. The kernel refuses nobody who has bound the queue.
        try socket.send(messages)
        reader.mode = mode
    }

    /// Makes everything that waits in the queue be handed over anew, whatever a process before us
    /// has read of it. It meets the chain that queued it once more, in its order.
    package mutating func repeatWaiting() throws(NetfilterError) {
        guard case .queue(let number, _, _) = mode else { return }
        // These name packets that get other numbers now. It ends: the queue holds no more packets
        // than its length, and none is answered meanwhile.
        while case .received = try batch.receive(from: socket.fileDescriptor) {}
        var messages = MessageBuffer()
        messages.appendRepeat(queue: number)
        try socket.send(messages)
    }

    private init(mode: TapMode, socket: consuming NetlinkSocket) {
        self.socket = socket
        reader = TapReader(mode: mode, batchSize: Self.batchSize)
    }

    package var mode: TapMode { reader.mode }
    package var counters: TapCounters { reader.counters }

    /// Memory of the messages that wait in the socket; nil where the kernel does not tell it
    /// (SO_MEMINFO, Linux 4.12).
    package var waitingOctets: Int? { socket.waitingOctets }

    /// For poll(2): readable when packets wait.
    package var fileDescriptor: Int32 { socket.fileDescriptor }

    /// Hands the packets that wait, 32 at most, to `body`, and sends their verdicts together.
    ///
    /// `body` gets what the kernel told, the packet from its IP header on, and whether it answers
    /// for its sender: nothing of the same sender waited behind it, and one at least of the
    /// sender's in this batch came for its own sake. The octets are gone when it returns. The
    /// verdict of a packet leaves after `body` has returned: what `body` has committed to the
    /// ruleset is in force before the packet moves on. From a log group the verdict has no meaning,
    /// and is ignored.
    ///
    /// - Parameter onlyWaits: whether a packet came only because others of its sender wait.
    /// - Returns: how many packets were handed over; 0 when none waits.
    package mutating func receive(
        onlyWaits: (_ packet: TappedPacket) -> Bool = { _ in false },
        _ body: (
            _ packet: TappedPacket, _ payload: Span<UInt8>, _ isLastOfSender: Bool
        ) -> TapVerdict
    ) throws(NetfilterError) -> Int {
        guard case .received = try batch.receive(from: socket.fileDescriptor) else { return 0 }
        for index in 0..<batch.count {
            batch.withDatagram(index) { bytes in reader.take(bytes, at: index) }
        }
        for place in reader.arrivals.indices {
            reader.arrivals[place].onlyWaits = onlyWaits(reader.arrivals[place].packet)
        }
        // After a full batch more may wait, of anybody.
        let isDrained = batch.count < Self.batchSize
        let arrivals = reader.arrivals.count
        for place in 0..<arrivals {
            batch.withDatagram(reader.arrivals[place].datagram) { bytes in
                reader.judge(place, bytes, isDrained: isDrained, body)
            }
        }
        reader.arrivals.removeAll(keepingCapacity: true)
        try reader.verdicts.send(to: socket.fileDescriptor)
        return arrivals
    }
}

/// What a tap does with the messages of a batch.
private struct TapReader {
    var mode: TapMode
    var counters = TapCounters()
    var verdicts: VerdictBatch
    /// The packets of the batch, in memory that is allocated once.
    var arrivals: [Arrival] = []
    /// The number of the newest packet: the queue's id, or the log's sequence number.
    private var lastNumber: UInt32?

    init(mode: TapMode, batchSize: Int) {
        self.mode = mode
        var queue: UInt16 = 0
        if case .queue(let number, _, _) = mode { queue = number }
        verdicts = VerdictBatch(queue: queue, capacity: batchSize)
        arrivals.reserveCapacity(batchSize)
    }

    /// One packet of a batch.
    struct Arrival {
        let packet: TappedPacket
        /// Which datagram of the batch it came in.
        let datagram: Int
        /// Equal for packets of one sender.
        let sender: UInt64
        var onlyWaits = false
    }

    /// Notes the packets of one datagram.
    mutating func take(_ bytes: Span<UInt8>, at index: Int) {
        var cursor = MessageCursor()
        while let message = cursor.next(in: bytes) { take(message, bytes, at: index) }
        // An empty datagram is one that was cut, or not from the kernel.
        if cursor.isMalformed || bytes.isEmpty { counters.malformed += 1 }
    }

    /// Asks for the verdict on one packet.
    mutating func judge(
        _ place: Int, _ bytes: Span<UInt8>, isDrained: Bool,
        _ body: (TappedPacket, Span<UInt8>, Bool) -> TapVerdict
    ) {
        let arrival = arrivals[place]
        var isLast = isDrained
        var next = place + 1
        while isLast, next < arrivals.count {
            isLast = arrivals[next].sender != arrival.sender
            next += 1
        }
        if isLast, arrival.onlyWaits {
            isLast = arrivals[..<place].contains { $0.sender == arrival.sender && !$0.onlyWaits }
        }
        let packet = arrival.packet
        let verdict = body(packet, bytes.extracting(packet.payload), isLast)
        if case .queue = mode { verdicts.append(packet.id, verdict) }
    }

    private mutating func take(_ message: NetlinkMessage, _ bytes: Span<UInt8>, at index: Int) {
        switch (message.type, mode) {
        case (Self.queuedPacket, .queue):
            guard let packet = TappedPacket(queued: message, bytes) else {
                counters.malformed += 1
                return
            }
            count(packet.id)
            note(packet, bytes, at: index)
        case (Self.loggedPacket, .log):
            var sequence: UInt32?
            guard let packet = TappedPacket(logged: message, bytes, sequence: &sequence) else {
                counters.malformed += 1
                return
            }
            count(sequence)
            note(packet, bytes, at: index)
        case (UInt16(NLMSG_ERROR), _):
            // The other requests on this socket are refused when there is nothing to do.
            if message.sequence == MessageBuffer.plainSequence { counters.refusedVerdicts += 1 }
        case (UInt16(NLMSG_DONE), .log): break
        default: counters.malformed += 1
        }
    }

    private mutating func note(_ packet: TappedPacket, _ bytes: Span<UInt8>, at index: Int) {
        let sender =
            packet.hardwareAddress?.value ?? bytes.extracting(packet.payload).senderWithoutMAC
        arrivals.append(Arrival(packet: packet, datagram: index, sender: sender))
    }

    private mutating func count(_ number: UInt32?) {
        counters.received += 1
        guard let number else { return }
        if let lastNumber { counters.lost += UInt64(number &- lastNumber &- 1) }
        lastNumber = number
    }

    private static let queuedPacket =
        UInt16(NFNL_SUBSYS_QUEUE) << 8 | UInt16(NFQNL_MSG_PACKET.rawValue)
    private static let loggedPacket =
        UInt16(NFNL_SUBSYS_ULOG) << 8 | UInt16(NFULNL_MSG_PACKET.rawValue)
}

/// Verdict messages under construction, in memory that is allocated once.
private struct VerdictBatch {
    /// nlmsghdr, nfgenmsg, attribute with struct nfqnl_msg_verdict_hdr, attribute with the mark.
    private static let plainLength = 16 + 4 + 12
    private static let markedLength = plainLength + 8

    private let queue: UInt16
    private var octets: [UInt8] = []

    init(queue: UInt16, capacity: Int) {
        self.queue = queue
        octets.reserveCapacity(capacity * Self.markedLength)
    }

    mutating func append(_ id: UInt32, _ verdict: TapVerdict) {
        switch verdict {
        case .accept(let mark): append(id, code: NF_ACCEPT, mark: mark)
        case .replace(let mark, let packet):
            append(id, code: NF_ACCEPT, mark: mark, packet: packet)
        case .drop: append(id, code: NF_DROP, mark: nil)
        }
    }

    private mutating func append(
        _ id: UInt32, code: Int32, mark: UInt32?, packet: [UInt8] = []
    ) {
        // Attributes begin at multiples of four (NLA_ALIGN).
        let padding = (4 - packet.count % 4) % 4
        let payload = packet.isEmpty ? 0 : 4 + packet.count + padding
        appendHost(UInt32((mark == nil ? Self.plainLength : Self.markedLength) + payload))
        appendHost16(UInt16(NFNL_SUBSYS_QUEUE) << 8 | UInt16(NFQNL_MSG_VERDICT.rawValue))
        appendHost16(UInt16(NLM_F_REQUEST))
        appendHost(MessageBuffer.plainSequence)
        appendHost(0)
        // struct nfgenmsg: family, version, queue
        octets.append(UInt8(AF_UNSPEC))
        octets.append(UInt8(NFNETLINK_V0))
        octets.append(UInt8(queue >> 8))
        octets.append(UInt8(truncatingIfNeeded: queue))
        appendHost16(12)
        appendHost16(UInt16(NFQA_VERDICT_HDR.rawValue))
        appendNetwork(UInt32(code))
        appendNetwork(id)
        if let mark {
            appendHost16(8)
            appendHost16(UInt16(NFQA_MARK.rawValue))
            appendNetwork(mark)
        }
        guard !packet.isEmpty else { return }
        appendHost16(UInt16(4 + packet.count))
        appendHost16(UInt16(NFQA_PAYLOAD.rawValue))
        octets += packet
        octets += Array(repeating: 0, count: padding)
    }

    mutating func send(to fileDescriptor: Int32) throws(NetfilterError) {
        guard !octets.isEmpty else { return }
        var sent = -1
        repeat {
            sent = unsafe octets.withUnsafeBytes { bytes in
                unsafe Glibc.send(fileDescriptor, bytes.baseAddress, bytes.count, 0)
            }
        } while sent < 0 && errno == EINTR
        octets.removeAll(keepingCapacity: true)
        if sent < 0 { throw .last("send verdicts", "to queue \(queue)") }
    }

    private mutating func appendNetwork(_ value: UInt32) {
        octets.append(UInt8(truncatingIfNeeded: value >> 24))
        octets.append(UInt8(truncatingIfNeeded: value >> 16))
        octets.append(UInt8(truncatingIfNeeded: value >> 8))
        octets.append(UInt8(truncatingIfNeeded: value))
    }

    private mutating func appendHost(_ value: UInt32) {
        #if _endian(little)
            appendNetwork(value.byteSwapped)
        #else
            appendNetwork(value)
        #endif
    }

    private mutating func appendHost16(_ value: UInt16) {
        #if _endian(little)
            octets.append(UInt8(truncatingIfNeeded: value))
            octets.append(UInt8(value >> 8))
        #else
            octets.append(UInt8(value >> 8))
            octets.append(UInt8(truncatingIfNeeded: value))
        #endif
    }
}

extension Span<UInt8> {
    /// A number for the source address of an IP packet (RFC 791 section 3.1, RFC 8200 section 3),
    /// unlike every MAC. Two senders with the same number only wait a little longer.
    fileprivate var senderWithoutMAC: UInt64 {
        let address = isEmpty ? 0..<0 : self[0] >> 4 == 4 ? 12..<16 : 8..<24
        var number: UInt64 = 1 << 63
        guard count >= address.upperBound else { return number }
        for index in address { number = (number &* 31 &+ UInt64(self[index])) | 1 << 63 }
        return number
    }
}
