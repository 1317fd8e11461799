import CNetfilter
import Firewall
import Glibc

/// Writes operations as one nfnetlink batch, and knows which message came from which operation.
struct Transaction {
    /// NFT_TABLE_F_PERSIST, which Linux 6.9 brought and older headers lack.
    static let persistFlag: UInt32 = 1 << 2
    static let ownerFlag = NFT_TABLE_F_OWNER.rawValue
    /// The chains of such a table are hooked in nowhere.
    static let dormantFlag = NFT_TABLE_F_DORMANT.rawValue

    /// Elements of one message. A list of elements is an attribute, whose length has 16 bits.
    private static let maximumListLength = 60_000
    private static let maximumListCount = 1000

    /// An operation and its table, as `starts` counts them.
    typealias Step = (family: TableFamily, operation: FirewallOperation)

    let features: KernelFeatures
    /// Nil leaves the flags of an existing table as they are.
    let tableFlags: UInt32?
    /// Tables whose flags are left as they are all the same.
    let plainFamilies: Set<TableFamily>
    var table = Ruleset.tableName
    private let steps: [Step]
    private var nextSetID: UInt32 = 1
    /// By operation: the sequence number before its first message.
    private var starts: [UInt32] = []
    private(set) var lastSequence: UInt32 = 0
    /// There is nothing between the marks of its beginning and end.
    private(set) var isEmpty = true

    init(
        _ changes: [TableChange], features: KernelFeatures, tableFlags: UInt32?,
        plainFamilies: Set<TableFamily> = []
    ) {
        self.features = features
        self.tableFlags = tableFlags
        self.plainFamilies = plainFamilies
        steps = changes.flatMap { change in change.operations.map { (change.family, $0) } }
    }

    /// Writes the whole batch. Without `commits` the kernel checks every message and then drops the
    /// batch, as it does for `nft --check`: a batch without its end is never committed.
    mutating func write(
        to messages: inout MessageBuffer, commits: Bool = true
    ) throws(NetfilterError) {
        appendMarker(NFNL_MSG_BATCH_BEGIN, to: &messages)
        let begin = messages.sequence
        starts.reserveCapacity(steps.count)
        for (index, step) in steps.enumerated() {
            starts.append(messages.sequence)
            do throws(NetfilterError) {
                try append(step.operation, in: step.family, to: &messages)
            } catch {
                throw error.with(
                    operation: error.operation, object: error.object, index: index)
            }
        }
        messages.requestAcknowledgement()
        lastSequence = messages.sequence
        isEmpty = lastSequence == begin
        if commits { appendMarker(NFNL_MSG_BATCH_END, to: &messages) }
    }

    /// The operation that the kernel refused. Refusals of the batch itself carry its first number.
    func error(for refusal: NetlinkChannel.Acknowledgement) -> NetfilterError {
        guard let index = starts.lastIndex(where: { $0 < refusal.sequence }) else {
            return NetfilterError(
                "commit", "transaction", code: refusal.code, detail: refusal.text)
        }
        let (operation, object) = steps[index].operation.words(in: steps[index].family)
        return NetfilterError(
            operation, object, code: refusal.code, detail: refusal.text, operationIndex: index)
    }

    /// The table whose `addTable` the kernel refused because it is there and has no owner.
    func plainFamily(in error: NetfilterError) -> TableFamily? {
        guard error.code == EOPNOTSUPP, let index = error.operationIndex,
            steps[index].operation == .addTable, !plainFamilies.contains(steps[index].family)
        else { return nil }
        return steps[index].family
    }

    private func appendMarker(_ type: Int32, to messages: inout MessageBuffer) {
        messages.append(
            subsystem: NFNL_SUBSYS_NONE, message: type, family: AF_UNSPEC,
            resource: UInt16(NFNL_SUBSYS_NFTABLES), flags: 0)
    }

    private mutating func append(
        _ operation: FirewallOperation, in family: TableFamily, to messages: inout MessageBuffer
    ) throws(NetfilterError) {
        switch operation {
        case .addTable:
            let object = TableObject(
                name: table, flags: plainFamilies.contains(family) ? nil : tableFlags)
            messages.appendTableMessage(NFT_MSG_NEWTABLE, family, flags: NLM_F_CREATE) {
                object.write(to: &$0)
            }
        case .deleteTable:
            let object = TableObject(name: table)
            messages.appendTableMessage(NFT_MSG_DELTABLE, family) { object.write(to: &$0) }
        case .addSet(let set):
            let object = SetObject(table: table, definition: set, id: nextSetID)
            nextSetID += 1
            messages.appendTableMessage(NFT_MSG_NEWSET, family, flags: NLM_F_CREATE) {
                object.write(to: &$0)
            }
        case .deleteSet(let name):
            let object = SetObject(table: table, name: name)
            messages.appendTableMessage(NFT_MSG_DELSET, family) { object.write(to: &$0) }
        case .addChain(let name, let base):
            let object = ChainObject(table: table, name: name, base: base)
            messages.appendTableMessage(NFT_MSG_NEWCHAIN, family, flags: NLM_F_CREATE) {
                object.write(to: &$0)
            }
        case .deleteChain(let name):
            let object = ChainObject(table: table, name: name)
            messages.appendTableMessage(NFT_MSG_DELCHAIN, family) { object.write(to: &$0) }
        case .flushChain(let name):
            // A rule without handle and expressions stands for all rules of its chain.
            let object = RuleObject(table: table, chain: name)
            messages.appendTableMessage(NFT_MSG_DELRULE, family) { object.write(to: &$0) }
        case .addRule(let chain, let rule):
            let object = RuleExpressions(
                in: family, table: table, chain: chain, rule, features: features)
            messages.appendTableMessage(NFT_MSG_NEWRULE, family, flags: NLM_F_CREATE | NLM_F_APPEND)
            {
                object.write(to: &$0)
            }
        case .addElements(let set, let elements):
            try append(
                elements, of: set, in: family, type: NFT_MSG_NEWSETELEM, flags: NLM_F_CREATE,
                to: &messages)
        case .deleteElements(let set, let elements):
            let keys = elements.map { SetElement($0.key) }
            try append(
                keys, of: set, in: family, type: NFT_MSG_DELSETELEM, flags: 0, to: &messages)
        case .flushElements(let set):
            // Elements without a list stand for all elements of the set.
            let object = SetObject(table: table, name: set.name)
            messages.appendTableMessage(NFT_MSG_DELSETELEM, family) {
                object.writeElements(to: &$0)
            }
        }
    }

    /// Writes elements in messages of a size the kernel takes; none at all for no elements, because
    /// the kernel refuses an empty list.
    private func append(
        _ elements: [SetElement], of set: NftSet, in family: TableFamily,
        type: nf_tables_msg_types, flags: Int32, to messages: inout MessageBuffer
    ) throws(NetfilterError) {
        if set.key == .etherAddress, elements.allSatisfy(\.key.isMAC) {
            return appendMACs(elements, of: set, in: family, type: type, flags: flags, &messages)
        }
        var rest = try set.encoded(elements)[...]
        while !rest.isEmpty {
            let object = SetObject(table: table, name: set.name)
            var length = 0
            var count = 0
            for element in rest.prefix(Self.maximumListCount) {
                length += element.messageLength
                if length > Self.maximumListLength { break }
                object.add(element)
                count += 1
            }
            rest = rest.dropFirst(count)
            messages.appendTableMessage(type, family, flags: flags) {
                object.writeElements(to: &$0)
            }
        }
    }
}

extension Transaction {
    /// The one kind of which there are ever many. Written without libnftnl, whose objects cost more
    /// than all the rest: two allocations and two copies for each element.
    private func appendMACs(
        _ elements: [SetElement], of set: NftSet, in family: TableFamily,
        type: nf_tables_msg_types, flags: Int32, _ messages: inout MessageBuffer
    ) {
        var rest = elements[...]
        while !rest.isEmpty {
            var count = 0
            messages.appendTableMessage(type, family, flags: flags) { body in
                body.put(NFTA_SET_ELEM_LIST_TABLE.rawValue, table)
                body.put(NFTA_SET_ELEM_LIST_SET.rawValue, set.name)
                body.nest(NFTA_SET_ELEM_LIST_ELEMENTS.rawValue) {
                    count = $0.putMACs(
                        rest.prefix(Self.maximumListCount), octets: Self.maximumListLength)
                }
            }
            rest = rest.dropFirst(count)
        }
    }
}

extension SetKey {
    fileprivate var isMAC: Bool {
        if case .mac = self { true } else { false }
    }
}

extension FirewallOperation {
    /// The operation and its object for an error message.
    fileprivate func words(in family: TableFamily) -> (operation: String, object: String) {
        let (operation, object) = words
        switch (self, family) {
        case (.addTable, _), (.deleteTable, _): return (operation, family.table)
        case (_, .inet): return (operation, object)
        case (_, .bridge): return (operation, "\(object) of \(family.table)")
        }
    }

    private var words: (operation: String, object: String) {
        switch self {
        case .addTable: ("add", "table")
        case .deleteTable: ("delete", "table")
        case .addSet(let set): ("add", "set \(set.name)")
        case .deleteSet(let name): ("delete", "set \(name)")
        case .addChain(let name, _): ("add", "chain \(name)")
        case .deleteChain(let name): ("delete", "chain \(name)")
        case .flushChain(let name): ("flush", "chain \(name)")
        case .addRule(let chain, let rule): ("add rule to", "chain \(chain), \"\(rule.text)\"")
        case .addElements(let set, let elements): ("add", Self.words(elements, set))
        case .deleteElements(let set, let elements): ("delete", Self.words(elements, set))
        case .flushElements(let set): ("flush", "set \(set.name)")
        }
    }

    private static func words(_ elements: [SetElement], _ set: NftSet) -> String {
        elements.count == 1
            ? "element \(elements[0].key) of set \(set.name)"
            : "\(elements.count) elements of set \(set.name)"
    }
}
