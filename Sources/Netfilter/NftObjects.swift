import CNetfilter
import Firewall

/// libnftnl returns null from its allocators only when memory is exhausted.
func allocated(_ pointer: OpaquePointer?) -> OpaquePointer {
    guard let pointer = unsafe pointer else { fatalError("out of memory") }
    return unsafe pointer
}

extension TableFamily {
    /// NFPROTO_ of linux/netfilter.h, as it stands in the header of every message.
    var number: Int32 {
        switch self {
        case .inet: Int32(NFPROTO_INET)
        case .bridge: Int32(NFPROTO_BRIDGE)
        }
    }
}

extension MessageBuffer {
    /// Appends one nf_tables message that libnftnl fills.
    mutating func appendTableMessage(
        _ type: nf_tables_msg_types, _ family: TableFamily, flags: Int32 = 0,
        _ body: (inout MessageBody) -> Void
    ) {
        append(
            subsystem: NFNL_SUBSYS_NFTABLES, message: type.rawValue, family: family.number,
            flags: flags, body)
    }
}

/// A table's name and flags, for NEWTABLE and DELTABLE.
@safe
struct TableObject: ~Copyable {
    private let pointer: OpaquePointer

    init(name: String, flags: UInt32? = nil) {
        unsafe pointer = allocated(nftnl_table_alloc())
        unsafe nftnl_table_set_str(pointer, UInt16(NFTNL_TABLE_NAME.rawValue), name)
        if let flags {
            unsafe nftnl_table_set_u32(pointer, UInt16(NFTNL_TABLE_FLAGS.rawValue), flags)
        }
    }

    deinit { unsafe nftnl_table_free(pointer) }

    func write(to body: inout MessageBody) {
        unsafe nftnl_table_nlmsg_build_payload(body.message, pointer)
    }
}

/// A chain's name and hook, for NEWCHAIN and DELCHAIN.
@safe
struct ChainObject: ~Copyable {
    private let pointer: OpaquePointer

    init(table: String, name: String, base: BaseChain? = nil) {
        unsafe pointer = allocated(nftnl_chain_alloc())
        set(NFTNL_CHAIN_TABLE, table)
        set(NFTNL_CHAIN_NAME, name)
        guard let base else { return }
        set(NFTNL_CHAIN_TYPE, base.kind.rawValue)
        unsafe nftnl_chain_set_u32(
            pointer, UInt16(NFTNL_CHAIN_HOOKNUM.rawValue), base.hook.number)
        unsafe nftnl_chain_set_s32(pointer, UInt16(NFTNL_CHAIN_PRIO.rawValue), base.priority)
        unsafe nftnl_chain_set_u32(
            pointer, UInt16(NFTNL_CHAIN_POLICY.rawValue), UInt32(NF_ACCEPT))
    }

    deinit { unsafe nftnl_chain_free(pointer) }

    private func set(_ attribute: nftnl_chain_attr, _ text: String) {
        unsafe nftnl_chain_set_str(pointer, UInt16(attribute.rawValue), text)
    }

    func write(to body: inout MessageBody) {
        unsafe nftnl_chain_nlmsg_build_payload(body.message, pointer)
    }
}

extension BaseChain.Hook {
    /// The kernel's number of the hook (linux/netfilter.h); a bridge counts them alike
    /// (linux/netfilter_bridge.h).
    var number: UInt32 {
        switch self {
        case .prerouting: NF_INET_PRE_ROUTING.rawValue
        case .input: NF_INET_LOCAL_IN.rawValue
        case .forward: NF_INET_FORWARD.rawValue
        case .output: NF_INET_LOCAL_OUT.rawValue
        }
    }

    init?(number: UInt32) {
        let all: [BaseChain.Hook] = [.prerouting, .input, .forward, .output]
        guard let hook = all.first(where: { $0.number == number }) else { return nil }
        self = hook
    }
}

/// A set, or some of its elements, for NEWSET, DELSET, NEWSETELEM and DELSETELEM.
@safe
struct SetObject: ~Copyable {
    private let pointer: OpaquePointer

    /// The set's name alone: enough to delete it, or to carry elements.
    init(table: String, name: String) {
        unsafe pointer = allocated(nftnl_set_alloc())
        unsafe nftnl_set_set_str(pointer, UInt16(NFTNL_SET_TABLE.rawValue), table)
        unsafe nftnl_set_set_str(pointer, UInt16(NFTNL_SET_NAME.rawValue), name)
    }

    /// The whole definition. The kernel insists on an id, unique in the transaction.
    init(table: String, definition set: NftSet, id: UInt32) {
        self.init(table: table, name: set.name)
        self.set(NFTNL_SET_ID, id)
        self.set(NFTNL_SET_KEY_TYPE, set.key.number)
        self.set(NFTNL_SET_KEY_LEN, UInt32(set.key.length))
        self.set(NFTNL_SET_FLAGS, set.kernelFlags)
        switch set.upkeep {
        case .ours: break
        case .packets(let limit): self.set(NFTNL_SET_DESC_SIZE, limit)
        case .expiring(let seconds):
            unsafe nftnl_set_set_u64(
                pointer, UInt16(NFTNL_SET_TIMEOUT.rawValue), UInt64(seconds) * 1000)
        }
        if set.hasCounter {
            unsafe nftnl_set_add_expr(pointer, allocated(nftnl_expr_alloc("counter")))
        }
        let userdata = Userdata.set(set)
        _ = unsafe userdata.withUnsafeBytes { octets in
            unsafe nftnl_set_set_data(
                pointer, UInt16(NFTNL_SET_USERDATA.rawValue), octets.baseAddress,
                UInt32(octets.count))
        }
    }

    deinit { unsafe nftnl_set_free(pointer) }

    private func set(_ attribute: nftnl_set_attr, _ value: UInt32) {
        unsafe nftnl_set_set_u32(pointer, UInt16(attribute.rawValue), value)
    }

    func write(to body: inout MessageBody) {
        unsafe nftnl_set_nlmsg_build_payload(body.message, pointer)
    }

    func add(_ item: EncodedElement) {
        let element = unsafe allocated(nftnl_set_elem_alloc())
        func put(_ attribute: Int, _ octets: [UInt8]) {
            _ = unsafe octets.withUnsafeBytes { value in
                unsafe nftnl_set_elem_set(
                    element, UInt16(attribute), value.baseAddress, UInt32(value.count))
            }
        }
        put(Int(NFTNL_SET_ELEM_KEY), item.key)
        if item.isIntervalEnd {
            unsafe nftnl_set_elem_set_u32(
                element, UInt16(NFTNL_SET_ELEM_FLAGS), NFT_SET_ELEM_INTERVAL_END.rawValue)
        }
        if let comment = item.comment {
            put(Int(NFTNL_SET_ELEM_USERDATA), Userdata.elementComment(comment))
        }
        unsafe nftnl_set_elem_add(pointer, element)
    }

    func writeElements(to body: inout MessageBody) {
        unsafe nftnl_set_elems_nlmsg_build_payload(body.message, pointer)
    }
}

extension NftSet {
    /// NFT_SET_* of linux/netfilter/nf_tables.h.
    var kernelFlags: UInt32 {
        let kind = isInterval ? NFT_SET_INTERVAL.rawValue : 0
        return switch upkeep {
        case .ours: kind
        case .packets: kind | NFT_SET_EVAL.rawValue | NFT_SET_TIMEOUT.rawValue
        case .expiring: kind | NFT_SET_TIMEOUT.rawValue
        }
    }
}

extension SetKeyType {
    /// nft's own number of the type (include/datatype.h of nftables); the kernel only stores it.
    var number: UInt32 {
        switch self {
        case .protocolFamily: 2
        case .ipv4Address: 7
        case .ipv6Address: 8
        case .etherAddress: 9
        case .interfaceName: 41
        }
    }

    /// Octets of a key.
    var length: Int {
        switch self {
        case .protocolFamily: 1
        case .ipv4Address: 4
        case .ipv6Address: 16
        case .etherAddress: 6
        case .interfaceName: 16
        }
    }

    init?(number: UInt32) {
        let all: [SetKeyType] = [
            .etherAddress, .ipv4Address, .ipv6Address, .interfaceName, .protocolFamily,
        ]
        guard let type = all.first(where: { $0.number == number }) else { return nil }
        self = type
    }
}

/// The notes that nft keeps beside rules, sets and elements: type, length, value
/// (libnftnl/udata.h).
enum Userdata {
    static func set(_ set: NftSet) -> [UInt8] {
        // nft prints names as "" without the byte order of the key: 1 is host order, 2 network
        // order.
        let isHostOrder = set.key == .interfaceName || set.key == .protocolFamily
        let order: UInt8 = isHostOrder ? 1 : 2
        let keyOrder: [UInt8] = [UInt8(NFTNL_UDATA_SET_KEYBYTEORDER.rawValue), 4, order, 0, 0, 0]
        guard let comment = set.comment else { return keyOrder }
        return keyOrder + text(UInt8(NFTNL_UDATA_SET_COMMENT.rawValue), comment)
    }

    static func elementComment(_ comment: String) -> [UInt8] {
        text(UInt8(NFTNL_UDATA_SET_ELEM_COMMENT.rawValue), comment)
    }

    static func ruleComment(_ comment: String) -> [UInt8] {
        text(UInt8(NFTNL_UDATA_RULE_COMMENT.rawValue), comment)
    }

    /// The text of one type in userdata read back.
    static func text(_ type: UInt8, in octets: [UInt8]) -> String? {
        var rest = octets[...]
        while rest.count >= 2 {
            let length = Int(rest[rest.startIndex + 1])
            let value = rest.dropFirst(2).prefix(length)
            guard value.count == length else { return nil }
            if rest.first == type {
                return value.textToZero
            }
            rest = rest.dropFirst(2 + length)
        }
        return nil
    }

    private static func text(_ type: UInt8, _ text: String) -> [UInt8] {
        let octets = Array(text.utf8.prefix(Int(NFTNL_UDATA_COMMENT_MAXLEN) - 1)) + [0]
        return [type, UInt8(octets.count)] + octets
    }
}
