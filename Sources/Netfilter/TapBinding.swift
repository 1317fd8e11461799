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
            ) { $0.bindQueue(maximumLength: maximumLength, failOpen: failOpen) }
        case .log(let group, let range):
            messages.append(
                subsystem: NFNL_SUBSYS_ULOG, message: NFULNL_MSG_CONFIG.rawValue,
                family: AF_UNSPEC, resource: group, flags: 0
            ) { $0.bindLog(range: range) }
        }
        try requestAndKeep("bind", mode.description)
    }
}

extension MessageBody {
    fileprivate mutating func bindQueue(maximumLength: UInt32, failOpen: Bool) {
        // struct nfqnl_msg_config_cmd: command, padding, family (unused since Linux 3.8)
        put(NFQA_CFG_CMD.rawValue, [UInt8(NFQNL_CFG_CMD_BIND.rawValue), 0, 0, 0])
        // struct nfqnl_msg_config_params: range, mode
        let wholePacket = UInt32(0xffff).networkOctets
        put(NFQA_CFG_PARAMS.rawValue, wholePacket + [UInt8(NFQNL_COPY_PACKET.rawValue)])
        put(NFQA_CFG_QUEUE_MAXLEN.rawValue, network: maximumLength)
        // Without GSO the kernel cuts a large packet into segments that have lost the source MAC.
        var flags = UInt32(NFQA_CFG_F_GSO)
        if failOpen { flags |= UInt32(NFQA_CFG_F_FAIL_OPEN) }
        put(NFQA_CFG_FLAGS.rawValue, network: flags)
        put(NFQA_CFG_MASK.rawValue, network: flags)
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
