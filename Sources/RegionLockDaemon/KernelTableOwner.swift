import Engine
import Firewall
import Netfilter
import Wire

/// The one writer of our tables: it remembers what it committed, so that each change is only what
/// differs, and every change is one transaction over all of them.
struct KernelTableOwner: ~Copyable {
    private var connection: NftConnection
    let features: KernelFeatures
    private(set) var committed: [Ruleset] = []
    /// `committed` has every table that was asked for.
    private var isWhole = true
    /// Transactions of ours that changed something, as the kernel's generations count them.
    private var transactions: UInt32 = 0

    init(connection: consuming NftConnection, features: KernelFeatures) {
        self.connection = connection
        self.features = features
    }

    /// What the kernel holds of our tables.
    mutating func read(
        unread: [NftSet] = []
    ) throws(NetfilterError) -> [TableFamily: KernelTable] {
        try connection.readTables(unread: unread)
    }

    private mutating func send(_ changes: [TableChange]) throws(NetfilterError) {
        try connection.commit(changes, features: features)
        transactions &+= 1
    }

    /// A moment in the history of the kernel's ruleset.
    struct Moment: Sendable {
        fileprivate let generation: UInt32
        fileprivate let transactions: UInt32
    }

    mutating func moment() throws(NetfilterError) -> Moment {
        Moment(generation: try connection.generation(), transactions: transactions)
    }

    /// Whether nobody else has changed any table since. A transaction of ours that changed nothing
    /// makes it false as well.
    mutating func wasAlone(since past: Moment) throws(NetfilterError) -> Bool {
        let now = try moment()
        return now.generation &- past.generation == now.transactions &- past.transactions
    }

    /// Whether the tables we committed are there, without reading what they hold.
    mutating func exists() throws(NetfilterError) -> Bool {
        for ruleset in committed where try connection.ownership(ruleset.family) == nil {
            return false
        }
        return !committed.isEmpty
    }

    /// Tells what others do to the tables, and nothing of what is done here.
    func watch() throws(NetfilterError) -> RulesetWatch {
        try RulesetWatch.open(besides: connection)
    }

    /// Whether the kernel keeps others from changing our tables.
    mutating func isOwned() throws(NetfilterError) -> Bool {
        for ruleset in committed where try connection.ownership(ruleset.family) != .owned {
            return false
        }
        return true
    }

    /// Elements of cut devices in the tables as they were committed.
    var blockedCount: Int {
        let routed = committed.first { $0.family == .inet }
        return TableSets.blocked
            .reduce(0) { $0 + (routed?.elements[$1.name]?.count ?? 0) }
    }

    mutating func commit(_ elements: [ElementChange]) throws(NetfilterError) {
        let changes = committed.changes(for: elements)
        guard !changes.isEmpty else { return }
        try send(changes)
        committed.note(elements)
    }

    /// What leads from what was committed to `rulesets`; nil when that has to be read back first.
    func changes(to rulesets: [Ruleset]) -> [TableChange]? {
        committed.isEmpty || !isWhole ? nil : RulesetPlan.changes(from: committed, to: rulesets)
    }

    /// Commits what `changes(to:)` has found.
    mutating func install(
        _ rulesets: [Ruleset], by changes: [TableChange]
    ) throws(NetfilterError) {
        if !changes.isEmpty { try send(changes) }
        committed = rulesets
    }

    /// Reads the tables back and commits what is missing, whoever changed them.
    ///
    /// - Parameters:
    ///   - unread: sets that only get what is missing; what is foreign in them stays.
    ///   - families: the tables to look after now.
    /// - Returns: what differed, in words; nothing of the elements of unread sets.
    @discardableResult
    mutating func reconcile(
        with rulesets: [Ruleset], unread: [NftSet] = [],
        families: [TableFamily] = TableFamily.allCases
    ) throws(NetfilterError) -> [String] {
        let held = try connection.readTables(unread: unread, families: families)
        try align(held, with: rulesets, families: families)
        return rulesets.filter { families.contains($0.family) }.drift(in: held)
    }

    /// As `reconcile`, from what somebody has just read.
    mutating func align(
        _ held: [TableFamily: KernelTable], with rulesets: [Ruleset],
        families: [TableFamily] = TableFamily.allCases
    ) throws(NetfilterError) {
        // An orphan is claimed on its own: the kernel refuses new base chains (EINVAL) in the
        // transaction that claims their table (__NFT_TABLE_F_WAS_ORPHAN, nf_tables_addchain).
        for family in families where held[family] != nil {
            let before = try connection.generation()
            try connection.commit([TableChange(family, [.addTable])], features: features)
            // Claiming what is ours already changes nothing.
            if try connection.generation() != before { transactions &+= 1 }
        }
        let wanted = rulesets.filter { families.contains($0.family) }
        try send(
            RulesetPlan.changes(from: held.filter { families.contains($0.key) }, to: wanted))
        committed = rulesets.filter { ruleset in
            families.contains(ruleset.family)
                || committed.contains { $0.family == ruleset.family }
        }
        isWhole = committed.count == rulesets.count
    }

    /// Puts all back as it was committed but the elements of cut devices, which are not read.
    ///
    /// - Returns: what differed, in words.
    mutating func restoreShape() throws(NetfilterError) -> [String] {
        var shape = committed
        for index in shape.indices {
            for set in TableSets.changing { shape[index].elements[set.name] = nil }
        }
        let held = try read(unread: TableSets.changing)
        let changes = RulesetPlan.changes(from: held, to: shape)
        if !changes.isEmpty { try send(changes) }
        return shape.drift(in: held)
    }

    /// Commits changes that bring the kernel nearer to what was committed before.
    mutating func put(_ changes: [TableChange]) throws(NetfilterError) {
        if !changes.isEmpty { try send(changes) }
    }

    /// Brings the sets of cut devices from what somebody has read of them to what is wanted.
    ///
    /// - Throws: ENOENT when they have changed since.
    mutating func alignBlocked(
        from held: [TableFamily: KernelTable], to rulesets: [Ruleset]
    ) throws(NetfilterError) {
        let changes = RulesetPlan.elementChanges(
            of: Set(TableSets.blocked.map(\.name)), from: held, to: rulesets)
        if !changes.isEmpty { try send(changes) }
        committed = rulesets
    }

    /// Gives the elements that tell the kernel somebody inspects their whole time again, where the
    /// table has them.
    ///
    /// - Parameter second: of the daemon's life; not every set is renewed in each.
    mutating func sayAlive(second: Int) throws(NetfilterError) {
        let due = second % TableSets.attendedSeconds == 0
        let sets = [TableSets.alive] + (due ? [TableSets.attended] : [])
        guard
            let set = sets.first(where: { set in
                committed.contains { $0.sets.contains(set) }
            })
        else { return }
        // Adding an element that is there gives it no new time on every kernel.
        try send(
            [
                TableChange(
                    .inet,
                    [
                        .flushElements(set: set),
                        .addElements(set: set, TableSets.aliveElements),
                    ])
            ])
    }

    /// What differs in the kernel now, in words.
    mutating func drift(
        from rulesets: [Ruleset], unread: [NftSet] = []
    ) throws(NetfilterError) -> [String] {
        rulesets.drift(in: try read(unread: unread))
    }

    /// Everybody's flowtables: flows in them come to no table of ours.
    mutating func offloadTables() throws(NetfilterError) -> [OffloadTable] {
        try connection.offloadTables()
    }

    /// Deletes every table of ours, with all that is in it, in one transaction.
    ///
    /// - Returns: the families that had one.
    @discardableResult
    mutating func clear() throws(NetfilterError) -> [TableFamily] {
        var families: [TableFamily] = []
        for family in TableFamily.allCases where try connection.ownership(family) != nil {
            families.append(family)
        }
        if !families.isEmpty {
            try send(families.map { TableChange($0, [.deleteTable]) })
        }
        committed = []
        isWhole = true
        return families
    }
}

extension [TableChange] {
    /// Elements that enter or leave.
    var elementCount: Int {
        reduce(0) { sum, change in
            change.operations.reduce(sum) { sum, operation in
                switch operation {
                case .addElements(_, let elements), .deleteElements(_, let elements):
                    sum + elements.count
                default: sum
                }
            }
        }
    }
}

extension NftConnection {
    /// What the kernel holds of our tables; reading takes no ownership.
    mutating func readTables(
        unread: [NftSet] = [], families: [TableFamily] = TableFamily.allCases
    ) throws(NetfilterError) -> [TableFamily: KernelTable] {
        var held: [TableFamily: KernelTable] = [:]
        for family in families {
            held[family] = try readTable(family, unread: unread)
        }
        return held
    }
}

/// Everything of the kernel the packet thread takes over.
struct KernelParts: ~Copyable {
    var kernel: KernelTableOwner
    var flows: FlowTable
    var tap: PacketTap
    var identities: PacketTap?
    var routes: RouteWatch
    var foreign: RulesetWatch
}
