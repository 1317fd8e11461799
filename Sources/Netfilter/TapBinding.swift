import CNetfilter
import Glibc

extension NetlinkChannel {
    /// Binds the socket to a queue or log group.
    ///
    /// All settings travel in the message that binds: between two messages a packet would meet a
    /// queue that copies nothing, and be dropped.
    mutating func bind(_ mode: TapMode) throws(NetfilterError) {
        switch mode {
        case .queue(let number, let maximumLength, let failOpen):
            messages.append(
                subsystem: NFNL_SUBSYS_QUEUE, message: NFQNL_MSG_CONFIG.rawValue,
                family: AF_UNSPEC, resource: number, flags: 0
            ) {
                $0.put(.bind)
                $0.setQueue(maximumLength: maximumLength, failOpen: failOpen)
            }
        case .log(let group, let range):
            messages.append(
                subsystem: NFNL_SUBSYS_ULOG, message: NFULNL_MSG_CONFIG.rawValue,
                family: AF_UNSPEC, resource: group, flags: 0
            ) { $0.bindLog(range: range) }
        }
        try requestAndKeep("bind", mode.description)
    }

    /// Sets a queue that this socket has bound already, and drops what waits in the socket.
    ///
    /// - Throws: ENODEV when there is no such queue, EPERM when another socket has bound it.
    mutating func configure(_ mode: TapMode) throws(NetfilterError) {
        messages.appendSettings(mode)
        try request("take over", mode.description)
    }
}

extension MessageBuffer {
    /// The number of a request whose refusal means nothing: the plain verdicts of a tap have 0.
    static let plainSequence: UInt32 = 0

    /// The settings of a queue without binding it; nothing for a log group, whose settings do not
    /// change.
    mutating func appendSettings(_ mode: TapMode) {
        guard case .queue(let number, let maximumLength, let failOpen) = mode else { return }
        appendQueue(NFQNL_MSG_CONFIG, number) {
            $0.setQueue(maximumLength: maximumLength, failOpen: failOpen)
        }
    }

    /// Runs everything that waits in a queue through the chain again that queued it: NF_REPEAT.
    ///
    /// A batch verdict answers all packets up to a number, and stops at the first that is beyond:
    /// 32-bit numbers compare by their signed distance (nfq_id_after, nfnetlink_queue.c). Packets
    /// that are queued again get new numbers. So three batches reach every number, wherever in its
    /// circle the queue stands, and none runs for ever. Where there is nothing up to its number a
    /// batch is refused with ENOENT.
    mutating func appendRepeat(queue number: UInt16) {
        for last: UInt32 in [.max, .max / 2, .max] {
            appendQueue(NFQNL_MSG_VERDICT_BATCH, number) {
                // struct nfqnl_msg_verdict_hdr: verdict, id
                $0.put(
                    NFQA_VERDICT_HDR.rawValue,
                    UInt32(NF_REPEAT).networkOctets + last.networkOctets)
            }
        }
    }

    /// Ends a queue without losing what waits in it, or letting a cut device's packet go.
    ///
    /// A queue that holds 0 packets takes none: with NFQA_CFG_F_FAIL_OPEN what is queued passes,
    /// without it is dropped, which is the fail policy it was bound with. Then what waits meets the
    /// chain anew: the cut devices' part is refused there, the rest is queued, and so passes or
    /// not. Nothing is left that the end of the queue could drop.
    mutating func appendRelease(queue number: UInt16) {
        appendQueue(NFQNL_MSG_CONFIG, number) {
            $0.put(NFQA_CFG_QUEUE_MAXLEN.rawValue, network: UInt32(0))
        }
        appendRepeat(queue: number)
        appendQueue(NFQNL_MSG_CONFIG, number) { $0.put(.unbind) }
    }

    fileprivate mutating func appendQueue(
        _ message: some RawRepresentable<UInt32>, _ number: UInt16,
        _ body: (inout MessageBody) -> Void
    ) {
        append(
            subsystem: NFNL_SUBSYS_QUEUE, message: message.rawValue, family: AF_UNSPEC,
            resource: number, flags: 0, body)
    }
}

private enum QueueCommand {
    case bind, unbind
}

extension MessageBody {
    fileprivate mutating func put(_ command: QueueCommand) {
        let number =
            switch command {
            case .bind: NFQNL_CFG_CMD_BIND
            case .unbind: NFQNL_CFG_CMD_UNBIND
            }
        // struct nfqnl_msg_config_cmd: command, padding, family (unused since Linux 3.8)
        put(NFQA_CFG_CMD.rawValue, [UInt8(number.rawValue), 0, 0, 0])
    }

    fileprivate mutating func setQueue(maximumLength: UInt32, failOpen: Bool) {
        // struct nfqnl_msg_config_params: range, mode
        let wholePacket = UInt32(0xffff).networkOctets
        put(NFQA_CFG_PARAMS.rawValue, wholePacket + [UInt8(NFQNL_COPY_PACKET.rawValue)])
        put(NFQA_CFG_QUEUE_MAXLEN.rawValue, network: maximumLength)
        // Without GSO the kernel cuts a large packet into segments that have lost the source MAC.
        let all = UInt32(NFQA_CFG_F_GSO) | UInt32(NFQA_CFG_F_FAIL_OPEN)
        put(
            NFQA_CFG_FLAGS.rawValue, network: failOpen ? all : UInt32(NFQA_CFG_F_GSO))
        put(NFQA_CFG_MASK.rawValue, network: all)
    }

    fileprivate mutating func bindLog(range: UInt32) {
        // struct nfulnl_msg_config_cmd: command
        put(NFULA_CFG_CMD.rawValue, [UInt8(NFULNL_CFG_CMD_BIND.rawValue)])
        // struct nfulnl_msg_config_mode: range, mode, padding
        put(NFULA_CFG_MODE.rawValue, range.networkOctets + [UInt8(NFULNL_COPY_PACKET), 0])
        // Each packet at once: by default the kernel gathers them for up to a second.
        put(NFULA_CFG_QTHRESH.rawValue, network: UInt32(1))
        put(NFULA_CFG_FLAGS.rawValue, network: UInt16(NFULNL_CFG_F_SEQ))
    }
}
