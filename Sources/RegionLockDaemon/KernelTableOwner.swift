import Engine
import Firewall
import Netfilter
import Wire

/// The one writer of `table inet regionlock`: it remembers what it committed, so that each change
/// is only what differs.
struct KernelTableOwner: ~Copyable {
    private var connection: NftConnection
    let features: KernelFeatures
    private(set) var committed: Ruleset?

    init(connection: consuming NftConnection, features: KernelFeatures) {
        self.connection = connection
        self.features = features
    }

    /// What the kernel holds, when there is a table.
    mutating func read() throws(NetfilterError) -> KernelTable? { try connection.readTable() }

    /// Whether there is a table, without reading what it holds.
    mutating func exists() throws(NetfilterError) -> Bool {
        try connection.ownership() != nil
    }

    /// Elements of cut devices in the table as it was committed.
    var blockedCount: Int {
        [TableSets.blockedMAC, TableSets.blockedIPv4, TableSets.blockedIPv6]
            .reduce(0) { $0 + (committed?.elements[$1.name]?.count ?? 0) }
    }

    mutating func commit(_ changes: [ElementChange]) throws(NetfilterError) {
        let operations = changes.map { change in
            change.isAdded
                ? FirewallOperation.addElements(set: change.set, [change.element])
                : FirewallOperation.deleteElements(set: change.set, [change.element])
        }
        guard !operations.isEmpty else { return }
        try connection.commit(operations, features: features)
        for change in changes {
            if change.isAdded {
                committed?.elements[change.set.name, default: []].insert(change.element)
            } else {
                committed?.elements[change.set.name]?.remove(change.element)
            }
        }
    }

    /// Goes from what was committed to `ruleset`; from nothing, by reading back first.
    mutating func install(_ ruleset: Ruleset) throws(NetfilterError) {
        guard let committed else { return try reconcile(with: ruleset) }
        let operations = RulesetPlan.operations(from: committed, to: ruleset)
        if !operations.isEmpty { try connection.commit(operations, features: features) }
        self.committed = ruleset
    }

    /// Reads the table back and commits what is missing, whoever changed it.
    mutating func reconcile(with ruleset: Ruleset) throws(NetfilterError) {
        let operations = RulesetPlan.operations(
            from: try connection.readTable(), to: ruleset)
        try connection.commit(operations, features: features)
        committed = ruleset
    }

    /// Gives the elements that tell the kernel somebody inspects their whole time again, where the
    /// table has them.
    mutating func sayAlive() throws(NetfilterError) {
        guard committed?.sets.contains(TableSets.alive) ?? false else { return }
        // Adding an element that is there gives it no new time on every kernel.
        try connection.commit(
            [
                .flushElements(set: TableSets.alive),
                .addElements(set: TableSets.alive, TableSets.aliveElements),
            ], features: features)
    }

    /// What differs in the kernel now, in words.
    mutating func drift(from ruleset: Ruleset) throws(NetfilterError) -> [String] {
        guard let table = try connection.readTable() else { return ["the table is missing"] }
        return ruleset.drift(in: table)
    }
}

/// Everything of the kernel the packet thread takes over.
struct KernelParts: ~Copyable {
    var kernel: KernelTableOwner
    var flows: FlowTable
    var tap: PacketTap
    var routes: RouteWatch
}
