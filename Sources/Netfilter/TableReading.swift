import CNetfilter
package import Firewall
import Glibc

extension NftConnection {
    /// Somebody who changes the ruleset without pause would keep us reading for ever.
    private static let maximumReads = 8

    /// Reads our table of a family as it is; nil when there is none.
    ///
    /// Sets whose key type, and base chains whose hook or type, is none of ours are left out: they
    /// are not our work, and a plan that needs their name is refused by the kernel with its errno.
    /// All parts come from one generation of the ruleset.
    ///
    /// - Parameter unread: sets whose elements are not asked for.
    /// - Throws: EAGAIN when the ruleset changes faster than it can be read.
    package mutating func readTable(
        _ family: TableFamily = .inet, unread: [NftSet] = []
    ) throws(NetfilterError) -> KernelTable? {
        for _ in 0..<Self.maximumReads {
            var reader = TableReader(family, unread: Set(unread.map(\.name)))
            do throws(NetfilterError) {
                try reader.read(from: &channel)
            } catch {
                // A set that was deleted between two dumps.
                if error.isMissing { continue }
                throw error
            }
            if reader.isConsistent { return reader.table }
        }
        throw NetfilterError(
            "read", family.table, code: EAGAIN,
            detail: "the ruleset keeps changing")
    }
}

/// Gathers the table from five kinds of dumps.
private struct TableReader {
    /// A table of 100,000 elements is resized within 0.1 s, the time of one or two dumps.
    private static let maximumDumps = 32

    private let family: TableFamily
    private let unread: Set<String>
    private var exists = false
    private var sets: [String: NftSet] = [:]
    private var chains: [String: BaseChain?] = [:]
    private var ruleCounts: [String: Int] = [:]
    private var elements: [String: Set<SetElement>] = [:]
    /// Low half of the generation that each message carries; it rises with every commit.
    private var generation: UInt16?
    private(set) var isConsistent = true

    init(_ family: TableFamily, unread: Set<String>) {
        self.family = family
        self.unread = unread
    }

    var table: KernelTable? {
        guard exists else { return nil }
        return KernelTable(
            sets: sets,
            chains: Dictionary(
                uniqueKeysWithValues: chains.map { name, base in
                    (name, .init(base: base, ruleCount: ruleCounts[name] ?? 0))
                }),
            elements: elements, unread: unread)
    }

    mutating func read(from channel: inout NetlinkChannel) throws(NetfilterError) {
        try dump(NFT_MSG_GETTABLE, from: &channel) { $0.readTable($1, $2) }
        guard exists else { return }
        try dump(NFT_MSG_GETSET, tableAttribute: NFTA_SET_TABLE.rawValue, from: &channel) {
            $0.readSet($1, $2)
        }
        try dump(NFT_MSG_GETCHAIN, tableAttribute: NFTA_CHAIN_TABLE.rawValue, from: &channel) {
            $0.readChain($1, $2)
        }
        try dump(NFT_MSG_GETRULE, tableAttribute: NFTA_RULE_TABLE.rawValue, from: &channel) {
            $0.readRule($1, $2)
        }
        // What packets add and what expires is never the same twice, and nobody asks for it.
        for set in sets.values where set.upkeep == .ours && !unread.contains(set.name) {
            try readElements(of: set, from: &channel)
        }
    }

    private mutating func dump(
        _ type: nf_tables_msg_types, tableAttribute: UInt32? = nil, set: String? = nil,
        from channel: inout NetlinkChannel,
        _ body: (inout TableReader, NetlinkMessage, Span<UInt8>) -> Void
    ) throws(NetfilterError) {
        channel.messages.appendTableMessage(type, family, flags: NLM_F_DUMP) { request in
            if let tableAttribute { request.put(tableAttribute, Ruleset.tableName) }
            if let set { request.put(NFTA_SET_ELEM_LIST_SET.rawValue, set) }
        }
        let object = set.map { "set \($0)" } ?? family.table
        let isWhole = try channel.dump("read", object) { message, bytes in
            noteGeneration(message, bytes)
            body(&self, message, bytes)
        }
        if !isWhole { isConsistent = false }
    }

    private mutating func noteGeneration(_ message: NetlinkMessage, _ bytes: Span<UInt8>) {
        guard message.payload.count >= NetlinkMessage.familyHeaderLength else { return }
        let seen = bytes.networkUInt16(at: message.payload.lowerBound + 2)
        if generation ?? seen != seen { isConsistent = false }
        generation = seen
    }

    private mutating func readTable(_ message: NetlinkMessage, _ bytes: Span<UInt8>) {
        let name = message.attributes.first(NFTA_TABLE_NAME.rawValue, in: bytes)
        if bytes.string(name) == Ruleset.tableName { exists = true }
    }

    /// The dump of chains is not filtered by table on every kernel, so each message is checked.
    private func isOurs(
        _ message: NetlinkMessage, _ table: UInt32, _ bytes: Span<UInt8>
    ) -> Bool {
        bytes.string(message.attributes.first(table, in: bytes)) == Ruleset.tableName
    }

    private mutating func readSet(_ message: NetlinkMessage, _ bytes: Span<UInt8>) {
        let attributes = message.attributes
        func find(_ type: UInt32) -> Attribute? { attributes.first(type, in: bytes) }
        guard isOurs(message, NFTA_SET_TABLE.rawValue, bytes),
            let name = bytes.string(find(NFTA_SET_NAME.rawValue)),
            let number = bytes.networkUInt32(find(NFTA_SET_KEY_TYPE.rawValue)),
            let key = SetKeyType(number: number)
        else { return }
        let flags = bytes.networkUInt32(find(NFTA_SET_FLAGS.rawValue)) ?? 0
        let expression = find(NFTA_SET_EXPR.rawValue)?.children
            .first(NFTA_EXPR_NAME.rawValue, in: bytes)
        let userdata = find(NFTA_SET_USERDATA.rawValue).map { bytes.octets($0.value) } ?? []
        var upkeep = SetUpkeep.ours
        if flags & NFT_SET_EVAL.rawValue != 0 {
            let description = find(NFTA_SET_DESC.rawValue)?.children
                .first(NFTA_SET_DESC_SIZE.rawValue, in: bytes)
            upkeep = .packets(limit: bytes.networkUInt32(description) ?? 0)
        } else if flags & NFT_SET_TIMEOUT.rawValue != 0 {
            upkeep = .expiring(
                timeoutSeconds: Int(bytes.networkUInt64(find(NFTA_SET_TIMEOUT.rawValue)) ?? 0)
                    / 1000)
        }
        sets[name] = NftSet(
            name: name, key: key, isInterval: flags & NFT_SET_INTERVAL.rawValue != 0,
            hasCounter: bytes.string(expression) == "counter", upkeep: upkeep,
            comment: Userdata.text(UInt8(NFTNL_UDATA_SET_COMMENT.rawValue), in: userdata))
    }

    private mutating func readChain(_ message: NetlinkMessage, _ bytes: Span<UInt8>) {
        let attributes = message.attributes
        guard isOurs(message, NFTA_CHAIN_TABLE.rawValue, bytes),
            let name = bytes.string(attributes.first(NFTA_CHAIN_NAME.rawValue, in: bytes))
        else { return }
        guard let hook = attributes.first(NFTA_CHAIN_HOOK.rawValue, in: bytes) else {
            chains[name] = .some(nil)
            return
        }
        guard
            let number = bytes.networkUInt32(
                hook.children.first(NFTA_HOOK_HOOKNUM.rawValue, in: bytes)),
            let priority = bytes.networkUInt32(
                hook.children.first(NFTA_HOOK_PRIORITY.rawValue, in: bytes)),
            let type = bytes.string(attributes.first(NFTA_CHAIN_TYPE.rawValue, in: bytes)),
            let ourHook = BaseChain.Hook(number: number), let kind = BaseChain.Kind(rawValue: type)
        else { return }
        chains[name] = BaseChain(
            kind: kind, hook: ourHook, priority: Int32(bitPattern: priority))
    }

    private mutating func readRule(_ message: NetlinkMessage, _ bytes: Span<UInt8>) {
        guard isOurs(message, NFTA_RULE_TABLE.rawValue, bytes),
            let chain = bytes.string(
                message.attributes.first(NFTA_RULE_CHAIN.rawValue, in: bytes))
        else { return }
        ruleCounts[chain, default: 0] += 1
    }

    /// Reads a set until it stands still.
    ///
    /// While the kernel resizes the hash table of a set that has just grown, a dump of several
    /// parts skips elements: each part goes on by counting those already told, and they have moved.
    /// No flag tells; measured, a read right behind 100,000 additions lacked 12,463. Two dumps in
    /// the same order mean that nothing moved between them. A dump of one part is always whole.
    private mutating func readElements(
        of set: NftSet, from channel: inout NetlinkChannel
    ) throws(NetfilterError) {
        var last: [EncodedElement]?
        for _ in 0..<Self.maximumDumps {
            let (encoded, parts) = try dumpElements(of: set, from: &channel)
            if parts <= 1 || encoded == last {
                if !encoded.isEmpty { elements[set.name] = set.decoded(encoded) }
                return
            }
            last = encoded
        }
        isConsistent = false
    }

    private mutating func dumpElements(
        of set: NftSet, from channel: inout NetlinkChannel
    ) throws(NetfilterError) -> (elements: [EncodedElement], parts: Int) {
        var encoded: [EncodedElement] = []
        var parts = 0
        try dump(
            NFT_MSG_GETSETELEM, tableAttribute: NFTA_SET_ELEM_LIST_TABLE.rawValue, set: set.name,
            from: &channel
        ) { _, message, bytes in
            parts += 1
            let list = message.attributes.first(
                NFTA_SET_ELEM_LIST_ELEMENTS.rawValue, in: bytes)
            var items = list?.children
            while let item = items?.next(in: bytes) {
                if let element = EncodedElement(item, bytes) { encoded.append(element) }
            }
        }
        return (encoded, parts)
    }
}

extension EncodedElement {
    fileprivate init?(_ item: Attribute, _ bytes: Span<UInt8>) {
        var key: [UInt8]?
        var flags: UInt32 = 0
        var comment: String?
        var attributes = item.children
        while let attribute = attributes.next(in: bytes) {
            switch UInt32(attribute.type) {
            case NFTA_SET_ELEM_KEY.rawValue:
                key = attribute.children.first(NFTA_DATA_VALUE.rawValue, in: bytes)
                    .map { bytes.octets($0.value) }
            case NFTA_SET_ELEM_FLAGS.rawValue: flags = bytes.networkUInt32(attribute) ?? 0
            case NFTA_SET_ELEM_USERDATA.rawValue:
                comment = Userdata.text(
                    UInt8(NFTNL_UDATA_SET_ELEM_COMMENT.rawValue),
                    in: bytes.octets(attribute.value))
            default: break
            }
        }
        guard let key else { return nil }
        self.init(
            key: key, isIntervalEnd: flags & NFT_SET_ELEM_INTERVAL_END.rawValue != 0,
            comment: comment)
    }
}
