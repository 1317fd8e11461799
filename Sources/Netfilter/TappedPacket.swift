package import Wire

/// What the kernel told about one packet besides its octets.
package struct TappedPacket: Sendable {
    /// Number of the packet in its queue; 0 from a log group.
    package fileprivate(set) var id: UInt32 = 0
    /// The source address of the link layer; nil where the interface has none (ppp, tun).
    package fileprivate(set) var hardwareAddress: MACAddress?
    /// 0 when the packet did not come in by an interface.
    package fileprivate(set) var inputInterfaceIndex: UInt32 = 0
    /// The whole packet mark, other people's bits included.
    package fileprivate(set) var mark: UInt32 = 0
    /// NF_INET_LOCAL_IN (1), NF_INET_FORWARD (2) or NF_INET_LOCAL_OUT (3), see linux/netfilter.h.
    package fileprivate(set) var hook: UInt8 = 0
    /// A program of the gateway sends it.
    package var isFromGateway: Bool { hook == 3 }
    var payload: Range<Int> = 0..<0

    init() {}
}

extension TappedPacket {
    /// Reads the attributes of a packet from a queue; nil without the header that names it.
    init?(queued message: NetlinkMessage, _ bytes: Span<UInt8>) {
        self.init()
        var isNamed = false
        var attributes = message.attributes
        while let attribute = attributes.next(in: bytes) {
            let value = attribute.value
            switch QueueAttribute(rawValue: attribute.type) {
            case .packetHeader:
                // struct nfqnl_msg_packet_hdr: id, EtherType, hook
                guard value.count >= 7 else { return nil }
                id = bytes.networkUInt32(at: value.lowerBound)
                hook = bytes[value.lowerBound + 6]
                isNamed = true
            case .mark: mark = bytes.networkUInt32(attribute) ?? 0
            case .inputInterface: inputInterfaceIndex = bytes.networkUInt32(attribute) ?? 0
            case .hardwareAddress: hardwareAddress = bytes.hardwareAddress(value)
            case .payload: payload = value
            case nil: break
            }
        }
        if !isNamed { return nil }
    }

    /// Reads the attributes of a copy from a log group, and its sequence number.
    init?(logged message: NetlinkMessage, _ bytes: Span<UInt8>, sequence: inout UInt32?) {
        self.init()
        var isNamed = false
        var attributes = message.attributes
        while let attribute = attributes.next(in: bytes) {
            let value = attribute.value
            switch LogAttribute(rawValue: attribute.type) {
            case .packetHeader:
                // struct nfulnl_msg_packet_hdr: EtherType, hook
                guard value.count >= 3 else { return nil }
                hook = bytes[value.lowerBound + 2]
                isNamed = true
            case .mark: mark = bytes.networkUInt32(attribute) ?? 0
            case .inputInterface: inputInterfaceIndex = bytes.networkUInt32(attribute) ?? 0
            case .hardwareAddress: hardwareAddress = bytes.hardwareAddress(value)
            case .payload: payload = value
            case .sequence: sequence = bytes.networkUInt32(attribute)
            case nil: break
            }
        }
        if !isNamed { return nil }
    }
}

/// NFQA_* of linux/netfilter/nfnetlink_queue.h. As an enum of ours the switch above is one jump.
private enum QueueAttribute: Int {
    case packetHeader = 1
    case mark = 3
    case inputInterface = 5
    case hardwareAddress = 9
    case payload = 10
}

/// NFULA_* of linux/netfilter/nfnetlink_log.h.
private enum LogAttribute: Int {
    case packetHeader = 1
    case mark = 2
    case inputInterface = 4
    case hardwareAddress = 8
    case payload = 9
    case sequence = 12
}

extension Span<UInt8> {
    /// `struct nfqnl_msg_packet_hw` and its twin of the log: length, padding, eight octets.
    fileprivate func hardwareAddress(_ range: Range<Int>) -> MACAddress? {
        guard range.count >= 10, networkUInt16(at: range.lowerBound) == 6 else { return nil }
        let high = UInt64(networkUInt32(at: range.lowerBound + 4))
        return MACAddress(value: high << 16 | UInt64(networkUInt16(at: range.lowerBound + 8)))
    }
}
