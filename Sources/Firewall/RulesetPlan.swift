import Wire

/// The steps that make the kernel's table equal to a desired one.
///
/// Base chains are kept wherever they can be: unregistering a hook makes the kernel drop every
/// packet that waits in a queue (nf_queue_nf_hook_drop, net/netfilter/core.c), bystanders of our
/// tap among them. So chains are flushed and refilled in place, and sets are changed by element.
package enum RulesetPlan {
    /// From what was read back to what is wanted. Nil: there is no table yet. Rules are always
    /// written anew, because what the kernel returns of them is not compared expression by
    /// expression.
    package static func operations(from kernel: KernelTable?, to desired: Ruleset)
        -> [FirewallOperation]
    {
        guard let kernel else { return fresh(desired) }
        var plan: [FirewallOperation] = [.addTable]
        // Rules go first: nothing they refer to can be deleted before them.
        plan += kernel.chains.keys.sorted().map { .flushChain(name: $0) }
        let wanted = Dictionary(uniqueKeysWithValues: desired.chains.map { ($0.name, $0) })
        for (name, state) in kernel.chains.sorted(by: { $0.key < $1.key })
        where wanted[name]?.base != state.base || wanted[name] == nil {
            plan.append(.deleteChain(name: name))
        }
        let sets = Dictionary(uniqueKeysWithValues: desired.sets.map { ($0.name, $0) })
        func isKept(_ set: NftSet) -> Bool {
            // A set of tagged devices that nobody has read is large, and made anew: to empty it
            // costs the kernel far more. What was not read of cut devices stays: it cuts.
            kernel.sets[set.name] == set
                && (!kernel.unread.contains(set.name) || !TableSets.devices.contains(set))
        }
        for name in kernel.sets.keys.sorted() where !(sets[name].map(isKept) ?? false) {
            plan.append(.deleteSet(name: name))
        }
        for set in desired.sets {
            let isKept = isKept(set)
            if !isKept { plan.append(.addSet(set)) }
            // Adding what is there already changes nothing: a set that was not read gets all.
            plan += changes(
                of: set, from: isKept ? kernel.elements[set.name] ?? [] : [],
                to: desired.elements[set.name] ?? [])
        }
        for chain in desired.chains {
            let isKept = kernel.chains[chain.name].map { $0.base == chain.base } ?? false
            if !isKept { plan.append(.addChain(name: chain.name, base: chain.base)) }
        }
        return plan + rules(of: desired)
    }

    /// From one state we committed to the next: only what differs, and the rules only when one of
    /// them does.
    package static func operations(from current: Ruleset, to desired: Ruleset)
        -> [FirewallOperation]
    {
        if current.chains == desired.chains, current.sets == desired.sets {
            return desired.sets.flatMap {
                changes(
                    of: $0, from: current.elements[$0.name] ?? [],
                    to: desired.elements[$0.name] ?? [])
            }
        }
        return operations(from: current.asKernelTable, to: desired)
    }

    /// From what was read back of all our tables to what is wanted; a table nobody wants any more
    /// goes.
    package static func changes(
        from held: [TableFamily: KernelTable], to desired: [Ruleset]
    ) -> [TableChange] {
        removals(of: held.keys, unlessIn: desired)
            + desired.map { TableChange($0.family, operations(from: held[$0.family], to: $0)) }
    }

    /// From what we committed to the next, over all our tables.
    package static func changes(from current: [Ruleset], to desired: [Ruleset]) -> [TableChange] {
        let changed = desired.map { ruleset in
            let before = current.first { $0.family == ruleset.family }
            return TableChange(
                ruleset.family,
                before.map { operations(from: $0, to: ruleset) }
                    ?? operations(from: nil as KernelTable?, to: ruleset))
        }
        return removals(of: current.map(\.family), unlessIn: desired)
            + changed.filter { !$0.operations.isEmpty }
    }

    /// The steps that make the elements of some sets equal, in tables whose sets and chains are.
    package static func elementChanges(
        of names: Set<String>, from held: [TableFamily: KernelTable], to desired: [Ruleset]
    ) -> [TableChange] {
        desired.compactMap { ruleset in
            let there = held[ruleset.family]?.elements ?? [:]
            let operations = ruleset.sets.filter { names.contains($0.name) }.flatMap {
                changes(of: $0, from: there[$0.name] ?? [], to: ruleset.elements[$0.name] ?? [])
            }
            return operations.isEmpty ? nil : TableChange(ruleset.family, operations)
        }
    }

    private static func removals(
        of families: some Sequence<TableFamily>, unlessIn desired: [Ruleset]
    ) -> [TableChange] {
        families.filter { family in !desired.contains { $0.family == family } }
            .map { TableChange($0, [.deleteTable]) }
    }

    private static func fresh(_ desired: Ruleset) -> [FirewallOperation] {
        var plan: [FirewallOperation] = [.addTable]
        for set in desired.sets {
            plan.append(.addSet(set))
            plan += changes(of: set, from: [], to: desired.elements[set.name] ?? [])
        }
        plan += desired.chains.map { .addChain(name: $0.name, base: $0.base) }
        return plan + rules(of: desired)
    }

    private static func rules(of ruleset: Ruleset) -> [FirewallOperation] {
        ruleset.chains.flatMap { chain in
            chain.rules.map { FirewallOperation.addRule(chain: chain.name, $0) }
        }
    }

    /// Deletions first: an element whose comment changed has the same key as the new one.
    private static func changes(
        of set: NftSet, from current: Set<SetElement>, to desired: Set<SetElement>
    ) -> [FirewallOperation] {
        let gone = desired.isEmpty ? current : current.subtracting(desired)
        let new = current.isEmpty ? desired : desired.subtracting(current)
        var plan: [FirewallOperation] = []
        if !gone.isEmpty { plan.append(.deleteElements(set: set, sorted(gone))) }
        if !new.isEmpty { plan.append(.addElements(set: set, sorted(new))) }
        return plan
    }

    private static func sorted(_ elements: Set<SetElement>) -> [SetElement] {
        // Numbers are sorted in place of elements, whose comments would be counted at each move.
        var places: [(mac: UInt64, index: Set<SetElement>.Index)] = []
        places.reserveCapacity(elements.count)
        for index in elements.indices {
            guard case .mac(let mac) = elements[index].key else {
                return elements.sorted { $0.key < $1.key }
            }
            places.append((mac.value, index))
        }
        places.sort { $0.mac < $1.mac }
        return places.map { elements[$0.index] }
    }
}

extension Ruleset {
    /// This ruleset as it would be read back.
    package var asKernelTable: KernelTable {
        KernelTable(
            sets: Dictionary(uniqueKeysWithValues: sets.map { ($0.name, $0) }),
            chains: Dictionary(
                uniqueKeysWithValues: chains.map {
                    ($0.name, .init(base: $0.base, ruleCount: $0.rules.count))
                }),
            elements: elements)
    }

    /// What in the kernel differs from this ruleset, in words; empty when nothing does.
    /// Elements of sets that nobody has read are not compared.
    package func drift(in kernel: KernelTable) -> [String] {
        var drift: [String] = []
        for set in sets {
            if kernel.sets[set.name] != set { drift.append("set \(set.name) differs") }
            guard set.upkeep == .ours, !kernel.unread.contains(set.name) else { continue }
            let here = elements[set.name] ?? []
            let there = kernel.elements[set.name] ?? []
            let missing = here.subtracting(there).count
            let foreign = there.subtracting(here).count
            if missing > 0 { drift.append("set \(set.name) lacks \(missing) elements") }
            if foreign > 0 { drift.append("set \(set.name) has \(foreign) foreign elements") }
        }
        for chain in chains {
            guard let state = kernel.chains[chain.name], state.base == chain.base else {
                drift.append("chain \(chain.name) is missing or differs")
                continue
            }
            if state.ruleCount != chain.rules.count {
                drift.append(
                    "chain \(chain.name) has \(state.ruleCount) rules, not \(chain.rules.count)")
            }
        }
        return drift
    }
}

extension [Ruleset] {
    /// What in the kernel differs from these tables, in words; empty when nothing does.
    package func drift(in held: [TableFamily: KernelTable]) -> [String] {
        var drift: [String] = []
        for ruleset in self {
            guard let table = held[ruleset.family] else {
                drift.append("\(ruleset.family.table) is missing")
                continue
            }
            drift += ruleset.drift(in: table).map {
                "\(ruleset.family.table): \($0)"
            }
        }
        return drift
    }

    /// The steps that bring changed elements into every table that has their set.
    package func changes(for elements: [ElementChange]) -> [TableChange] {
        compactMap { ruleset in
            let operations = elements.filter { ruleset.sets.contains($0.set) }.operations
            return operations.isEmpty ? nil : TableChange(ruleset.family, operations)
        }
    }

    /// Notes that the elements were changed as `changes(for:)` says.
    package mutating func note(_ elements: [ElementChange]) {
        for index in indices {
            for change in elements where self[index].sets.contains(change.set) {
                if change.isAdded {
                    self[index].elements[change.set.name, default: []].insert(change.element)
                } else {
                    self[index].elements[change.set.name]?.remove(change.element)
                }
            }
        }
    }
}
