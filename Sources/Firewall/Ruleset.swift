package struct Rule: Hashable, Sendable {
    package let statements: [Statement]
    /// nft keeps at most 128 bytes with the terminating zero.
    package let comment: String?

    package init(_ statements: [Statement], comment: String? = nil) {
        self.statements = statements
        self.comment = comment
    }
}

/// The nf_tables family of a table. A set belongs to one table, so what both have to know stands in
/// each, and changes in both in one transaction.
package enum TableFamily: String, Hashable, Sendable, CaseIterable {
    /// What is routed or meant for the gateway itself, IPv4 and IPv6.
    case inet
    /// Frames that a bridge hands from port to port. The other table sees these only where
    /// br_netfilter shows them to it.
    case bridge

    /// Our table of this family, as nft names it.
    package var table: String { "table \(rawValue) \(Ruleset.tableName)" }
}

/// Where a base chain is attached. All our chains accept by default: only set members are cut.
package struct BaseChain: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable {
        case filter
        case nat
    }
    package enum Hook: String, Hashable, Sendable {
        case prerouting
        case input
        case forward
        case output
    }

    package let kind: Kind
    package let hook: Hook
    package let priority: Int32

    package init(kind: Kind, hook: Hook, priority: Int32) {
        self.kind = kind
        self.hook = hook
        self.priority = priority
    }
}

package struct Chain: Hashable, Sendable {
    package let name: String
    /// Nil for a chain that is only jumped to.
    package let base: BaseChain?
    package let rules: [Rule]

    package init(name: String, base: BaseChain? = nil, rules: [Rule]) {
        self.name = name
        self.base = base
        self.rules = rules
    }
}

/// The whole of one of our tables as it should be.
package struct Ruleset: Hashable, Sendable {
    package static let tableName = "regionlock"

    package let family: TableFamily
    /// In creation order.
    package let sets: [NftSet]
    /// In creation order; a chain stands before those that jump to it.
    package let chains: [Chain]
    /// By set name.
    package var elements: [String: Set<SetElement>]

    package init(
        family: TableFamily = .inet, sets: [NftSet], chains: [Chain],
        elements: [String: Set<SetElement>]
    ) {
        self.family = family
        self.sets = sets
        self.chains = chains
        self.elements = elements
    }
}

/// What the kernel holds of one of our tables, as read back.
package struct KernelTable: Hashable, Sendable {
    package struct ChainState: Hashable, Sendable {
        package let base: BaseChain?
        package let ruleCount: Int

        package init(base: BaseChain?, ruleCount: Int) {
            self.base = base
            self.ruleCount = ruleCount
        }
    }

    package let sets: [String: NftSet]
    package let chains: [String: ChainState]
    package let elements: [String: Set<SetElement>]
    /// Sets whose elements nobody asked for.
    package let unread: Set<String>

    package init(
        sets: [String: NftSet], chains: [String: ChainState],
        elements: [String: Set<SetElement>], unread: Set<String> = []
    ) {
        self.sets = sets
        self.chains = chains
        self.elements = elements
        self.unread = unread
    }
}

/// Steps on one of our tables. A list of these, over all tables, is committed as one atomic
/// nfnetlink batch.
package struct TableChange: Hashable, Sendable {
    package let family: TableFamily
    package let operations: [FirewallOperation]

    package init(_ family: TableFamily, _ operations: [FirewallOperation]) {
        self.family = family
        self.operations = operations
    }
}

/// One step of a transaction.
package enum FirewallOperation: Hashable, Sendable {
    /// Creates the table, or claims it when it is an orphan of ours. Owner and persist flags are
    /// the kernel edge's to add where the kernel takes them.
    case addTable
    case deleteTable
    case addSet(NftSet)
    case deleteSet(name: String)
    /// Creates the chain without its rules.
    case addChain(name: String, base: BaseChain?)
    case deleteChain(name: String)
    /// Deletes every rule of the chain.
    case flushChain(name: String)
    case addRule(chain: String, Rule)
    case addElements(set: NftSet, [SetElement])
    case deleteElements(set: NftSet, [SetElement])
    /// Deletes every element of the set, however many there are.
    case flushElements(set: NftSet)
}
