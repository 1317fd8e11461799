import CNetfilter
import Firewall
import Glibc
import Wire

extension NftConnection {
    /// Asks the kernel what it can do.
    ///
    /// Each question is a batch that would make a table with one chain and one rule. The batch has
    /// no end, so the kernel checks it and drops it, as for `nft --check`: nothing is ever there to
    /// be seen, and no listener hears of it. The table is dormant, so that its chains are hooked in
    /// nowhere: with the end of a hook the kernel drops all packets that wait in any queue, ours
    /// and everybody else's (nf_queue_nf_hook_drop, net/netfilter/core.c). Conntrack's own hooks
    /// still come and go with the question for `redirect`, where no rule needs them yet.
    ///
    /// - Throws: EPERM without CAP_NET_ADMIN, and whatever else refuses a bare table.
    package mutating func probe() throws(NetfilterError) -> KernelFeatures {
        // A refusal here is about us, not about a feature.
        if let refusal = try refusal(of: [.addTable]) {
            throw NetfilterError(
                "probe", "nf_tables", code: refusal.code, detail: refusal.detail)
        }
        var features = KernelFeatures()
        let accepted = KernelFeatures()
        var native = KernelFeatures()
        native.nativeQueue = true
        let queue = Statement.queue(number: 0, bypass: true)
        features.nativeQueue = try takes(queue, features: native)
        features.xtQueue = try takes(queue, features: accepted)
        features.logGroup = try takes(.log(group: 0, prefix: Ruleset.tableName))
        features.innerHeaderPayload = try takes(.hasPayload)
        features.redirect = try takes(
            .layer4(.tcp), .redirect(toPort: 1),
            in: BaseChain(kind: .nat, hook: .prerouting, priority: -100))
        features.senderSets = try takesSenderSets()
        features.bridgeTable = try takes(
            .drop, in: BaseChain(kind: .filter, hook: .forward, priority: 0), of: .bridge)
        features.owner = try takesTableFlags(Transaction.ownerFlag)
        features.ownerPersist = try takesTableFlags(
            Transaction.ownerFlag | Transaction.persistFlag)
        features.conntrackFilteredDelete = try FlowTable.probeFilteredDelete()
        return features
    }

    private mutating func takes(
        _ statements: Statement...,
        in base: BaseChain = BaseChain(kind: .filter, hook: .forward, priority: -150),
        of family: TableFamily = .inet, features: KernelFeatures = KernelFeatures()
    ) throws(NetfilterError) -> Bool {
        let chain = "probe"
        return try refusal(
            of: [
                .addTable, .addChain(name: chain, base: base),
                .addRule(chain: chain, Rule(statements)),
            ], in: family, features: features, tableFlags: Transaction.dormantFlag) == nil
    }

    private mutating func takesSenderSets() throws(NetfilterError) -> Bool {
        let chain = "probe"
        let set = NftSet(name: chain, key: .etherAddress, upkeep: .packets(limit: 1))
        let actions: [ElementAction] = [
            .add(timeoutSeconds: 1), .refresh(timeoutSeconds: 1), .delete,
        ]
        let rules = actions.map { action in
            FirewallOperation.addRule(
                chain: chain, Rule([.change(set: set.name, key: .etherSource, action)]))
        }
        return try refusal(
            of: [.addTable, .addSet(set), .addChain(name: chain, base: nil)] + rules,
            features: KernelFeatures()) == nil
    }

    private mutating func takesTableFlags(_ flags: UInt32) throws(NetfilterError) -> Bool {
        try refusal(of: [.addTable], tableFlags: flags) == nil
    }

    /// The kernel's first refusal of a batch that is checked and never committed.
    private mutating func refusal(
        of operations: [FirewallOperation], in family: TableFamily = .inet,
        features: KernelFeatures = KernelFeatures(), tableFlags: UInt32? = nil
    ) throws(NetfilterError) -> NetfilterError? {
        var batch = Transaction(
            [TableChange(family, operations)], features: features, tableFlags: tableFlags)
        // Our own table may exist and be owned, which would answer another question.
        batch.table = "\(Ruleset.tableName)-probe-\(channel.socket.port)"
        try batch.write(to: &channel.messages, commits: false)
        let answers = try channel.exchange()
        guard let refused = answers.first(where: { $0.code != 0 }) else { return nil }
        return batch.error(for: refused)
    }
}
