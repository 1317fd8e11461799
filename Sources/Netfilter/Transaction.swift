import CNetfilter
import Firewall
import Glibc

/// Writes operations as one nfnetlink batch, and knows which message came from which operation.
struct Transaction {
    /// NFT_TABLE_F_PERSIST, which Linux 6.9 brought and older headers lack.
    static let persistFlag: UInt32 = 1 << 2
    static let ownerFlag = NFT_TABLE_F_OWNER.rawValue

    /// Elements of one message. A list of elements is an attribute, whose length has 16 bits.
    private static let maximumListLength = 60_000
    private static let maximumListCount = 1000

    let features: KernelFeatures
    /// Nil leaves the flags of an existing table as they are.
    let tableFlags: UInt32?
    var table = Ruleset.tableName
    private var nextSetID: UInt32 = 1
    /// By operation: the sequence number before its first message.
    private var starts: [UInt32] = []
    private(set) var lastSequence: UInt32 = 0
    /// There is nothing between the marks of its beginning and end.
    private(set) var isEmpty = true

    init(features: KernelFeatures, tableFlags: UInt32?) {
        self.features = features
        self.tableFlags = tableFlags
    }

    /// Writes the whole batch. Without `commits` the kernel checks every message and then drops the
    /// batch, as it does for `nft --check`: a batch without its end is never committed.
    mutating func write(
        _ operations: [FirewallOperation], to messages: inout MessageBuffer, commits: Bool = true
    ) throws(NetfilterError) {
        appendMarker(NFNL_MSG_BATCH_BEGIN, to: &messages)
        let begin = messages.sequence
        starts.reserveCapacity(operations.count)
        for (index, operation) in operations.enumerated() {
            starts.append(messages.sequence)
            do throws(NetfilterError) {
                try append(operation, to: &messages)
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
    func error(
        for refusal: NetlinkChannel.Acknowledgement, in operations: [FirewallOperation]
    ) -> NetfilterError {
        guard let index = starts.lastIndex(where: { $0 < refusal.sequence }) else {
            return NetfilterError(
                "commit", "transaction", code: refusal.code, detail: refusal.text)
        }
        let (operation, object) = operations[index].words
        return NetfilterError(
            operation, object, code: refusal.code, detail: refusal.text, operationIndex: index)
    }

    private func appendMarker(_ type: Int32, to messages: inout MessageBuffer) {
        messages.append(
            subsystem: NFNL_SUBSYS_NONE, message: type, family: AF_UNSPEC,
            resource: UInt16(NFNL_SUBSYS_NFTABLES), flags: 0)
    }

    private mutating func append(
        _ operation: FirewallOperation, to messages: inout MessageBuffer
    ) throws(NetfilterError) {
        switch operation {
        case .addTable:
            let object = TableObject(name: table, flags: tableFlags)
            messages.appendTableMessage(NFT_MSG_NEWTABLE, flags: NLM_F_CREATE) {
                object.write(to: &$0)
            }
        case .deleteTable:
            let object = TableObject(name: table)
            messages.appendTableMessage(NFT_MSG_DELTABLE) { object.write(to: &$0) }
        case .addSet(let set):
            let object = SetObject(table: table, definition: set, id: nextSetID)
            nextSetID += 1
            messages.appendTableMessage(NFT_MSG_NEWSET, flags: NLM_F_CREATE) {
                object.write(to: &$0)
            }
        case .deleteSet(let name):
            let object = SetObject(table: table, name: name)
            messages.appendTableMessage(NFT_MSG_DELSET) { object.write(to: &$0) }
        case .addChain(let name, let base):
            let object = ChainObject(table: table, name: name, base: base)
            messages.appendTableMessage(NFT_MSG_NEWCHAIN, flags: NLM_F_CREATE) {
                object.write(to: &$0)
            }
        case .deleteChain(let name):
            let object = ChainObject(table: table, name: name)
            messages.appendTableMessage(NFT_MSG_DELCHAIN) { object.write(to: &$0) }
        case .flushChain(let name):
            // A rule without handle and expressions stands for all rules of its chain.
            let object = RuleObject(table: table, chain: name)
            messages.appendTableMessage(NFT_MSG_DELRULE) { object.write(to: &$0) }
        case .addRule(let chain, let rule):
            let object = RuleExpressions(table: table, chain: chain, rule, features: features)
            messages.appendTableMessage(NFT_MSG_NEWRULE, flags: NLM_F_CREATE | NLM_F_APPEND) {
                object.write(to: &$0)
            }
        case .addElements(let set, let elements):
            try append(
                elements, of: set, type: NFT_MSG_NEWSETELEM, flags: NLM_F_CREATE, to: &messages)
        case .deleteElements(let set, let elements):
            let keys = elements.map { SetElement($0.key) }
            try append(keys, of: set, type: NFT_MSG_DELSETELEM, flags: 0, to: &messages)
        case .flushElements(let set):
            // Elements without a list stand for all elements of the set.
            let object = SetObject(table: table, name: set.name)
            messages.appendTableMessage(NFT_MSG_DELSETELEM) { object.writeElements(to: &$0) }
        }
    }

    /// Writes elements in messages of a size the kernel takes; none at all for no elements, because
    /// the kernel refuses an empty list.
    private func append(
        _ elements: [SetElement], of set: NftSet, type: nf_tables_msg_types, flags: Int32,
        to messages: inout MessageBuffer
    ) throws(NetfilterError) {
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
            messages.appendTableMessage(type, flags: flags) { object.writeElements(to: &$0) }
        }
    }
}

extension FirewallOperation {
    /// The operation and its object for an error message.
    fileprivate var words: (operation: String, object: String) {
        switch self {
        case .addTable: ("add", "table inet \(Ruleset.tableName)")
        case .deleteTable: ("delete", "table inet \(Ruleset.tableName)")
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
