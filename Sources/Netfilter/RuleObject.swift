import CNetfilter
import Firewall

/// A rule being built: libnftnl's expressions in order.
///
/// Every match loads into register 1, the kernel's first register of 16 octets. What must leave it
/// as it is computes into register 2.
@safe
struct RuleObject: ~Copyable {
    private let pointer: OpaquePointer

    init(table: String, chain: String) {
        unsafe pointer = allocated(nftnl_rule_alloc())
        unsafe nftnl_rule_set_str(pointer, UInt16(NFTNL_RULE_TABLE.rawValue), table)
        unsafe nftnl_rule_set_str(pointer, UInt16(NFTNL_RULE_CHAIN.rawValue), chain)
    }

    deinit { unsafe nftnl_rule_free(pointer) }

    func setComment(_ comment: String) {
        let userdata = Userdata.ruleComment(comment)
        _ = unsafe userdata.withUnsafeBytes { octets in
            unsafe nftnl_rule_set_data(
                pointer, UInt16(NFTNL_RULE_USERDATA.rawValue), octets.baseAddress,
                UInt32(octets.count))
        }
    }

    func write(to body: inout MessageBody) {
        unsafe nftnl_rule_nlmsg_build_payload(body.message, pointer)
    }

    /// Appends an expression. The rule owns it from then on.
    private func append(_ name: String) -> Expression {
        let expression = unsafe allocated(nftnl_expr_alloc(name))
        unsafe nftnl_rule_add_expr(pointer, expression)
        return unsafe Expression(pointer: expression)
    }

    // Loads

    func loadMeta(_ key: nft_meta_keys) {
        let meta = append("meta")
        meta.set(NFTNL_EXPR_META_KEY, key.rawValue)
        meta.set(NFTNL_EXPR_META_DREG, register)
    }

    func loadConnection(_ key: nft_ct_keys, of direction: ip_conntrack_dir? = nil) {
        let connection = append("ct")
        connection.set(NFTNL_EXPR_CT_KEY, key.rawValue)
        if let direction { connection.set8(NFTNL_EXPR_CT_DIR, UInt8(direction.rawValue)) }
        connection.set(NFTNL_EXPR_CT_DREG, register)
    }

    func loadPayload(_ base: UInt32, offset: Int, length: Int) {
        let payload = append("payload")
        payload.set(NFTNL_EXPR_PAYLOAD_DREG, register)
        payload.set(NFTNL_EXPR_PAYLOAD_BASE, base)
        payload.set(NFTNL_EXPR_PAYLOAD_OFFSET, UInt32(offset))
        payload.set(NFTNL_EXPR_PAYLOAD_LEN, UInt32(length))
    }

    /// register = (register & mask) ^ xor; `isAside` leaves it and computes into the other one.
    func mask(_ mask: [UInt8], xor: [UInt8]? = nil, isAside: Bool = false) {
        let bitwise = append("bitwise")
        bitwise.set(NFTNL_EXPR_BITWISE_SREG, register)
        bitwise.set(NFTNL_EXPR_BITWISE_DREG, isAside ? sideRegister : register)
        bitwise.set(NFTNL_EXPR_BITWISE_LEN, UInt32(mask.count))
        bitwise.set(NFTNL_EXPR_BITWISE_MASK, mask)
        bitwise.set(NFTNL_EXPR_BITWISE_XOR, xor ?? Array(repeating: 0, count: mask.count))
    }

    // Matches on what is loaded

    func compare(
        _ value: [UInt8], operation: nft_cmp_ops = NFT_CMP_EQ, isAside: Bool = false
    ) {
        let compare = append("cmp")
        compare.set(NFTNL_EXPR_CMP_SREG, isAside ? sideRegister : register)
        compare.set(NFTNL_EXPR_CMP_OP, operation.rawValue)
        compare.set(NFTNL_EXPR_CMP_DATA, value)
    }

    func lookup(_ set: String, isInverted: Bool = false, isAside: Bool = false) {
        let lookup = append("lookup")
        lookup.set(NFTNL_EXPR_LOOKUP_SREG, isAside ? sideRegister : register)
        lookup.set(NFTNL_EXPR_LOOKUP_SET, set)
        if isInverted { lookup.set(NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV.rawValue) }
    }

    // Statements

    /// Adds the loaded key to a set, or takes it away.
    ///
    /// - Parameter timeoutMilliseconds: of an element that is added. It carries a limit that its
    ///   first packet alone does not exceed, and what does not exceed it goes no further. A week
    ///   is longer than any element stays. Nil: it is taken away.
    func change(_ set: String, _ operation: UInt32, timeoutMilliseconds: Int?) {
        let change = append("dynset")
        change.set(NFTNL_EXPR_DYNSET_SREG_KEY, register)
        change.set(NFTNL_EXPR_DYNSET_SET_NAME, set)
        change.set(NFTNL_EXPR_DYNSET_OP, operation)
        guard let timeoutMilliseconds else { return }
        change.set64(NFTNL_EXPR_DYNSET_TIMEOUT, UInt64(timeoutMilliseconds))
        let limit = unsafe Expression(pointer: allocated(nftnl_expr_alloc("limit")))
        limit.set64(NFTNL_EXPR_LIMIT_RATE, 1)
        limit.set64(NFTNL_EXPR_LIMIT_UNIT, 604_800)
        limit.set(NFTNL_EXPR_LIMIT_BURST, 1)
        limit.set(NFTNL_EXPR_LIMIT_TYPE, NFT_LIMIT_PKTS.rawValue)
        limit.set(NFTNL_EXPR_LIMIT_FLAGS, UInt32(NFT_LIMIT_F_INV.rawValue))
        change.own(limit, as: NFTNL_EXPR_DYNSET_EXPR)
    }

    func storeConnectionMark() {
        let connection = append("ct")
        connection.set(NFTNL_EXPR_CT_KEY, NFT_CT_MARK.rawValue)
        connection.set(NFTNL_EXPR_CT_SREG, register)
    }

    func storePacketMark() {
        let meta = append("meta")
        meta.set(NFTNL_EXPR_META_KEY, NFT_META_MARK.rawValue)
        meta.set(NFTNL_EXPR_META_SREG, register)
    }

    func count() { _ = append("counter") }

    func queueNatively(_ number: UInt16, bypass: Bool) {
        let queue = append("queue")
        queue.set16(NFTNL_EXPR_QUEUE_NUM, number)
        queue.set16(NFTNL_EXPR_QUEUE_TOTAL, 1)
        queue.set16(NFTNL_EXPR_QUEUE_FLAGS, bypass ? UInt16(NFT_QUEUE_FLAG_BYPASS) : 0)
    }

    /// The xt target through nft_compat, for kernels built without NFT_QUEUE.
    func queueByTarget(_ number: UInt16, bypass: Bool) {
        let target = append("target")
        target.set(NFTNL_EXPR_TG_NAME, "NFQUEUE")
        target.set(NFTNL_EXPR_TG_REV, 3)
        target.setQueueInfo(number, bypass: bypass)
    }

    func log(group: UInt16, prefix: String) {
        let log = append("log")
        log.set16(NFTNL_EXPR_LOG_GROUP, group)
        // Without a threshold of 1 the kernel gathers packets for up to a second.
        log.set16(NFTNL_EXPR_LOG_QTHRESHOLD, 1)
        log.set(NFTNL_EXPR_LOG_PREFIX, prefix)
    }

    func reject(type: nft_reject_types, code: UInt8 = 0) {
        let reject = append("reject")
        reject.set(NFTNL_EXPR_REJECT_TYPE, type.rawValue)
        reject.set8(NFTNL_EXPR_REJECT_CODE, code)
    }

    func redirect(toPort port: UInt16) {
        let immediate = append("immediate")
        immediate.set(NFTNL_EXPR_IMM_DREG, register)
        immediate.set(NFTNL_EXPR_IMM_DATA, port.networkOctets)
        let redirect = append("redir")
        redirect.set(NFTNL_EXPR_REDIR_REG_PROTO_MIN, register)
        redirect.set(NFTNL_EXPR_REDIR_REG_PROTO_MAX, register)
        // NF_NAT_RANGE_PROTO_SPECIFIED (linux/netfilter/nf_nat.h)
        redirect.set(NFTNL_EXPR_REDIR_FLAGS, 1 << 1)
    }

    func verdict(_ verdict: Int32, chain: String? = nil) {
        let immediate = append("immediate")
        immediate.set(NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT.rawValue)
        immediate.set(NFTNL_EXPR_IMM_VERDICT, UInt32(bitPattern: verdict))
        if let chain { immediate.set(NFTNL_EXPR_IMM_CHAIN, chain) }
    }

    private var sideRegister: UInt32 { NFT_REG_2.rawValue }
    private var register: UInt32 { NFT_REG_1.rawValue }
}

/// An expression of a rule under construction; borrowed from the rule, never kept.
@safe
private struct Expression {
    private let pointer: OpaquePointer

    init(pointer: OpaquePointer) { unsafe self.pointer = pointer }

    func set(_ attribute: some BinaryInteger, _ value: UInt32) {
        unsafe nftnl_expr_set_u32(pointer, UInt16(attribute), value)
    }

    func set64(_ attribute: some BinaryInteger, _ value: UInt64) {
        unsafe nftnl_expr_set_u64(pointer, UInt16(attribute), value)
    }

    func set16(_ attribute: some BinaryInteger, _ value: UInt16) {
        unsafe nftnl_expr_set_u16(pointer, UInt16(attribute), value)
    }

    func set8(_ attribute: some BinaryInteger, _ value: UInt8) {
        unsafe nftnl_expr_set_u8(pointer, UInt16(attribute), value)
    }

    func set(_ attribute: some BinaryInteger, _ text: String) {
        _ = unsafe nftnl_expr_set_str(pointer, UInt16(attribute), text)
    }

    func set(_ attribute: some BinaryInteger, _ octets: [UInt8]) {
        _ = unsafe octets.withUnsafeBytes { value in
            unsafe nftnl_expr_set(
                pointer, UInt16(attribute), value.baseAddress, UInt32(value.count))
        }
    }

    /// Makes another expression a part of this one, which frees it.
    func own(_ part: Expression, as attribute: some BinaryInteger) {
        _ = unsafe nftnl_expr_set(pointer, UInt16(attribute), UnsafeRawPointer(part.pointer), 0)
    }

    /// libnftnl keeps this one pointer instead of copying, and frees it: hence memory from C.
    func setQueueInfo(_ number: UInt16, bypass: Bool) {
        var length: UInt32 = 0
        guard let info = unsafe cnf_queue_target_info(number, bypass ? 1 : 0, &length) else {
            fatalError("out of memory")
        }
        _ = unsafe nftnl_expr_set(pointer, UInt16(NFTNL_EXPR_TG_INFO), info, length)
    }
}
