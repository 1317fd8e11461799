import CNetfilter
import Firewall
import Wire

/// Translates the statements of one rule, and remembers what earlier matches have established, so
/// that a protocol is checked once per rule as nft itself does.
struct RuleExpressions: ~Copyable {
    private let rule: RuleObject
    private let features: KernelFeatures
    private let tableFamily: TableFamily
    private var isEthernet: Bool
    /// The register holds the source MAC, whole.
    private var holdsEtherSource = false
    private var family: IPFamily?
    private var transport: UInt8?

    init(
        in tableFamily: TableFamily, table: String, chain: String, _ source: Rule,
        features: KernelFeatures
    ) {
        rule = RuleObject(table: table, chain: chain)
        self.features = features
        self.tableFamily = tableFamily
        // Whatever crosses a bridge is an Ethernet frame.
        isEthernet = tableFamily == .bridge
        for statement in source.statements { append(statement) }
        if let comment = source.comment { rule.setComment(comment) }
    }

    func write(to body: inout MessageBody) { rule.write(to: &body) }

    private mutating func append(_ statement: Statement) {
        switch statement {
        case .etherSourceNotIn, .etherSourceMaskedNotIn, .etherSourceLooksNot:
            return appendStranger(statement)
        default: holdsEtherSource = false
        }
        switch statement {
        case .inputInterface, .outputInterface, .inputInterfaceIn, .etherSourceIn,
            .etherDestinationIn, .etherSourceMasked, .etherSourceLooks, .lacksEthernet,
            .linkProtocol, .isUnicast:
            appendLinkMatch(statement)
        case .sourceIn, .destinationIn, .source, .destination, .familyNotIn:
            appendAddressMatch(statement)
        case .layer4, .destinationPort, .sourcePort, .hasPayload, .neighbourDiscovery, .isTCPReset:
            appendTransportMatch(statement)
        case .originalPort, .isReply, .connectionMark, .connectionMarkIsNot, .connectionMarkIsSet,
            .packetMark,
            .packetMarkIsClear:
            appendStateMatch(statement)
        case .change(let set, let key, let action): appendChange(of: set, key: key, action)
        default: appendAction(statement)
        }
    }

    private mutating func appendLinkMatch(_ statement: Statement) {
        switch statement {
        case .inputInterface(let name):
            // iifname "lan0"
            rule.loadMeta(NFT_META_IIFNAME)
            rule.compare(name.paddedOctets)
        case .outputInterface(let name):
            // oifname "wan0"
            rule.loadMeta(NFT_META_OIFNAME)
            rule.compare(name.paddedOctets)
        case .lacksEthernet:
            // meta iiftype != ether
            rule.loadMeta(NFT_META_IFTYPE)
            rule.compare(UInt16(1).hostOctets, operation: NFT_CMP_NEQ)
        case .inputInterfaceIn(let set):
            // iifname @name
            rule.loadMeta(NFT_META_IIFNAME)
            rule.lookup(set)
        case .etherSourceIn(let set):
            // ether saddr @name
            loadEtherAddress(offset: etherSource)
            rule.lookup(set)
        case .etherDestinationIn(let set):
            // ether daddr @name
            loadEtherAddress(offset: etherDestination)
            rule.lookup(set)
        case .linkProtocol(let number):
            // meta protocol arp
            rule.loadMeta(NFT_META_PROTOCOL)
            rule.compare(number.rawValue.networkOctets)
        case .etherSourceMasked(let length, let set):
            // ether saddr & ff:ff:ff:00:00:00 == @name
            loadEtherAddress(offset: etherSource)
            rule.mask(MACPrefix.mask(length: length).octets)
            rule.lookup(set)
        case .etherSourceLooks(let kind):
            // ether saddr & 03:00:00:00:00:00 == 02:00:00:00:00:00
            loadEtherAddress(offset: etherSource)
            rule.mask(MACKind.mask.octets)
            rule.compare(kind.bits.octets)
        case .isUnicast:
            // meta pkttype host
            rule.loadMeta(NFT_META_PKTTYPE)
            rule.compare([0])  // PACKET_HOST of linux/if_packet.h
        default: preconditionFailure("not a link match")
        }
    }

    /// Several of these in a row share one load: it costs more than any lookup.
    private mutating func appendStranger(_ statement: Statement) {
        if !holdsEtherSource { loadEtherAddress(offset: etherSource) }
        holdsEtherSource = true
        switch statement {
        case .etherSourceNotIn(let set):
            // ether saddr != @name
            rule.lookup(set, isInverted: true)
        case .etherSourceMaskedNotIn(let length, let set):
            // ether saddr & ff:ff:ff:00:00:00 != @name
            rule.mask(MACPrefix.mask(length: length).octets, isAside: true)
            rule.lookup(set, isInverted: true, isAside: true)
        case .etherSourceLooksNot(let kind):
            // ether saddr & 03:00:00:00:00:00 != 02:00:00:00:00:00
            rule.mask(MACKind.mask.octets, isAside: true)
            rule.compare(kind.bits.octets, operation: NFT_CMP_NEQ, isAside: true)
        default: preconditionFailure("not a match of strangers")
        }
    }

    /// A packet from a ppp or tun interface has no such header: the type is checked first.
    private mutating func loadEtherAddress(offset: Int) {
        if !isEthernet {
            // meta iiftype ether
            rule.loadMeta(NFT_META_IFTYPE)
            rule.compare(UInt16(1).hostOctets)
            isEthernet = true
        }
        rule.loadPayload(NFT_PAYLOAD_LL_HEADER.rawValue, offset: offset, length: 6)
    }

    private mutating func appendChange(
        of set: String, key: PacketKey, _ action: ElementAction
    ) {
        // update @name { ether saddr timeout 1s }
        switch key {
        case .etherSource: loadEtherAddress(offset: 6)
        case .ipv4Source:
            loadAddress(
                .ipv4, offset: IPFamily.ipv4.sourceOffset, length: IPFamily.ipv4.addressLength)
        case .ipv6Source:
            loadAddress(
                .ipv6, offset: IPFamily.ipv6.sourceOffset, length: IPFamily.ipv6.addressLength)
        }
        switch action {
        case .add(let seconds):
            // add @name { ether saddr timeout 1s limit rate over 1/week burst 1 packets }
            rule.change(set, NFT_DYNSET_OP_ADD.rawValue, timeoutMilliseconds: 1000 * seconds)
        case .refresh(let seconds):
            // update @name { ether saddr timeout 1s limit rate over 1/week burst 1 packets }
            rule.change(set, NFT_DYNSET_OP_UPDATE.rawValue, timeoutMilliseconds: 1000 * seconds)
        case .delete: rule.change(set, dynsetDelete, timeoutMilliseconds: nil)
        }
    }

    private mutating func appendAddressMatch(_ statement: Statement) {
        switch statement {
        case .familyNotIn(let set):
            // meta nfproto != @name
            rule.loadMeta(NFT_META_NFPROTO)
            rule.lookup(set, isInverted: true)
        case .sourceIn(let set, let family):
            // ip saddr @name
            loadAddress(family, offset: family.sourceOffset, length: family.addressLength)
            rule.lookup(set)
        case .destinationIn(let set, let family):
            // ip daddr @name
            loadAddress(family, offset: family.destinationOffset, length: family.addressLength)
            rule.lookup(set)
        case .source(let prefix):
            // ip saddr 203.0.113.0/24
            match(prefix, offset: prefix.family.sourceOffset)
        case .destination(let prefix):
            // ip daddr 203.0.113.0/24
            match(prefix, offset: prefix.family.destinationOffset)
        default: preconditionFailure("not an address match")
        }
    }

    private mutating func loadAddress(_ family: IPFamily, offset: Int, length: Int) {
        requireFamily(family)
        rule.loadPayload(NFT_PAYLOAD_NETWORK_HEADER.rawValue, offset: offset, length: length)
    }

    private mutating func requireFamily(_ family: IPFamily) {
        guard self.family != family else { return }
        switch tableFamily {
        case .inet:
            // meta nfproto ipv4
            rule.loadMeta(NFT_META_NFPROTO)
            rule.compare([family.number])
        case .bridge:
            // meta protocol ip
            rule.loadMeta(NFT_META_PROTOCOL)
            rule.compare(family.etherType.networkOctets)
        }
        self.family = family
    }

    /// A prefix of whole octets loads only those; any other loads the address and masks it.
    private mutating func match(_ prefix: IPPrefix, offset: Int) {
        let octets = prefix.base.octets
        if prefix.length > 0, prefix.length % 8 == 0 {
            let length = prefix.length / 8
            loadAddress(prefix.family, offset: offset, length: length)
            rule.compare(Array(octets.prefix(length)))
        } else {
            loadAddress(prefix.family, offset: offset, length: octets.count)
            rule.mask(prefix.maskOctets)
            rule.compare(octets)
        }
    }

    private mutating func appendTransportMatch(_ statement: Statement) {
        switch statement {
        case .layer4(let number):
            // meta l4proto tcp
            requireTransport(number.rawValue)
        case .destinationPort(let transport, let port):
            // tcp dport 53
            requireTransport(transport.rawValue)
            rule.loadPayload(NFT_PAYLOAD_TRANSPORT_HEADER.rawValue, offset: 2, length: 2)
            rule.compare(port.networkOctets)
        case .sourcePort(let transport, let port):
            // tcp sport 53
            requireTransport(transport.rawValue)
            rule.loadPayload(NFT_PAYLOAD_TRANSPORT_HEADER.rawValue, offset: 0, length: 2)
            rule.compare(port.networkOctets)
        case .neighbourDiscovery:
            // ip6 hoplimit 255 icmpv6 type 133-137
            requireFamily(.ipv6)
            rule.loadPayload(NFT_PAYLOAD_NETWORK_HEADER.rawValue, offset: 7, length: 1)
            rule.compare([255])
            requireTransport(Layer4Protocol.icmpv6.rawValue)
            rule.loadPayload(NFT_PAYLOAD_TRANSPORT_HEADER.rawValue, offset: 0, length: 1)
            rule.compare([133], operation: NFT_CMP_GTE)
            rule.compare([137], operation: NFT_CMP_LTE)
        case .isTCPReset:
            // tcp flags & rst == rst
            requireTransport(Layer4Protocol.tcp.rawValue)
            rule.loadPayload(NFT_PAYLOAD_TRANSPORT_HEADER.rawValue, offset: 13, length: 1)
            rule.mask([4])
            rule.compare([4])
        case .hasPayload:
            // @ih,0,8 >= 0x0
            // The load does the work: it breaks off the rule for a segment without payload. The
            // comparison always holds, and is there because nft prints no load without one.
            rule.loadPayload(innerHeader, offset: 0, length: 1)
            rule.compare([0], operation: NFT_CMP_GTE)
        default: preconditionFailure("not a transport match")
        }
    }

    private mutating func requireTransport(_ number: UInt8) {
        guard transport != number else { return }
        rule.loadMeta(NFT_META_L4PROTO)
        rule.compare([number])
        transport = number
    }

    private mutating func appendStateMatch(_ statement: Statement) {
        switch statement {
        case .originalPort(let transport, let port):
            // meta l4proto tcp ct original proto-dst 443
            requireTransport(transport.rawValue)
            rule.loadConnection(NFT_CT_PROTO_DST, of: IP_CT_DIR_ORIGINAL)
            rule.compare(port.networkOctets)
        case .isReply:
            // ct direction reply
            rule.loadConnection(NFT_CT_DIRECTION)
            rule.compare([UInt8(IP_CT_DIR_REPLY.rawValue)])
        case .connectionMark(let value, let field):
            // ct mark & 0x000f0000 == 0x00020000
            rule.loadConnection(NFT_CT_MARK)
            rule.mask(field.mask.hostOctets)
            rule.compare(field.bits(value).hostOctets)
        case .connectionMarkIsNot(let value, let field):
            // ct mark & 0x000f0000 != 0x00010000
            rule.loadConnection(NFT_CT_MARK)
            rule.mask(field.mask.hostOctets)
            rule.compare(field.bits(value).hostOctets, operation: NFT_CMP_NEQ)
        case .connectionMarkIsSet(let field):
            // ct mark & 0x000f0000 != 0x00000000
            rule.loadConnection(NFT_CT_MARK)
            rule.mask(field.mask.hostOctets)
            rule.compare(UInt32(0).hostOctets, operation: NFT_CMP_NEQ)
        case .packetMark(let value, let field):
            // meta mark & 0x000f0000 == 0x00020000
            rule.loadMeta(NFT_META_MARK)
            rule.mask(field.mask.hostOctets)
            rule.compare(field.bits(value).hostOctets)
        case .packetMarkIsClear(let field):
            // meta mark & 0x000f0000 == 0x00000000
            rule.loadMeta(NFT_META_MARK)
            rule.mask(field.mask.hostOctets)
            rule.compare(UInt32(0).hostOctets)
        default: preconditionFailure("not a state match")
        }
    }

    private func appendAction(_ statement: Statement) {
        switch statement {
        case .setConnectionMark(let value, let field):
            // ct mark set ct mark & 0xfff2ffff | 0x00020000
            rule.loadConnection(NFT_CT_MARK)
            rule.mask((~field.mask).hostOctets, xor: field.bits(value).hostOctets)
            rule.storeConnectionMark()
        case .setPacketMark(let value, let field):
            // meta mark set meta mark & 0xfff2ffff | 0x00020000
            rule.loadMeta(NFT_META_MARK)
            rule.mask((~field.mask).hostOctets, xor: field.bits(value).hostOctets)
            rule.storePacketMark()
        case .clearPacketMark(let field):
            // meta mark set meta mark & 0xfff0ffff
            rule.loadMeta(NFT_META_MARK)
            rule.mask((~field.mask).hostOctets)
            rule.storePacketMark()
        case .counter: rule.count()
        case .queue(let number, let bypass):
            // queue num 5 bypass
            if features.nativeQueue {
                rule.queueNatively(number, bypass: bypass)
            } else {
                rule.queueByTarget(number, bypass: bypass)
            }
        case .log(let group, let prefix):
            // log prefix "regionlock" group 7 queue-threshold 1
            rule.log(group: group, prefix: prefix)
        case .rejectWithTCPReset: rule.reject(type: NFT_REJECT_TCP_RST)
        case .rejectAsProhibited:
            // reject with icmpx admin-prohibited
            rule.reject(
                type: NFT_REJECT_ICMPX_UNREACH,
                code: UInt8(NFT_REJECT_ICMPX_ADMIN_PROHIBITED.rawValue))
        case .redirect(let port): rule.redirect(toPort: port)
        case .accept: rule.verdict(NF_ACCEPT)
        case .drop: rule.verdict(NF_DROP)
        case .jump(let chain): rule.verdict(NFT_JUMP.rawValue, chain: chain)
        case .goto(let chain): rule.verdict(NFT_GOTO.rawValue, chain: chain)
        case .return: rule.verdict(NFT_RETURN.rawValue)
        default: preconditionFailure("not an action")
        }
    }
}

/// Where the addresses stand in an Ethernet header (IEEE 802.3).
private let etherDestination = 0
private let etherSource = 6

/// NFT_PAYLOAD_INNER_HEADER, which Linux 5.17 brought and older headers lack: the octets behind the
/// transport header.
private let innerHeader: UInt32 = 3

/// NFT_DYNSET_OP_DELETE, which Linux 5.4 brought and older headers lack.
private let dynsetDelete: UInt32 = 2

extension IPFamily {
    /// NFPROTO_IPV4 or NFPROTO_IPV6.
    var number: UInt8 {
        switch self {
        case .ipv4: UInt8(NFPROTO_IPV4)
        case .ipv6: UInt8(NFPROTO_IPV6)
        }
    }

    init?(number: UInt8) {
        let all: [IPFamily] = [.ipv4, .ipv6]
        guard let family = all.first(where: { $0.number == number }) else { return nil }
        self = family
    }

    /// ETH_P_IP or ETH_P_IPV6.
    fileprivate var etherType: UInt16 {
        switch self {
        case .ipv4: 0x0800
        case .ipv6: 0x86dd
        }
    }

    /// Where the source address stands in the header (RFC 791 section 3.1, RFC 8200 section 3).
    fileprivate var sourceOffset: Int {
        switch self {
        case .ipv4: 12
        case .ipv6: 8
        }
    }

    fileprivate var destinationOffset: Int { sourceOffset + addressLength }

    fileprivate var addressLength: Int {
        switch self {
        case .ipv4: 4
        case .ipv6: 16
        }
    }
}

extension IPPrefix {
    /// Ones for the prefix, zeros behind it.
    fileprivate var maskOctets: [UInt8] {
        (0..<base.bitWidth / 8).map { index in
            let bits = max(0, min(8, length - 8 * index))
            return UInt8(truncatingIfNeeded: 0xff00 >> bits)
        }
    }
}

extension FixedWidthInteger {
    /// In this machine's order, as registers hold marks and types.
    var hostOctets: [UInt8] {
        #if _endian(little)
            networkOctets.reversed()
        #else
            networkOctets
        #endif
    }
}
