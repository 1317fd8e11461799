import Firewall
import Testing
import Wire

@Suite struct RulesetPlanTests {
    private func design(_ change: (inout TableDesign) -> Void = { _ in }) -> TableDesign {
        var design = TableDesign(
            tap: .inline(queue: 5341, bypass: true), mark: MarkField(mask: 0x000f_0000),
            shape: .complete, tagged: .init(), allowed: [], keepsGatewayDNS: true,
            noticePort: 9741, capabilities: .all)
        change(&design)
        return design
    }

    private let phone = SetElement(.mac(MACAddress(value: 0x64b4_7300_0010)), comment: "B-1")

    @Test func nothingToDoWhenNothingDiffers() {
        let ruleset = design().ruleset(cut: ["blocked_mac": [phone]])
        #expect(RulesetPlan.operations(from: ruleset, to: ruleset).isEmpty)
    }

    @Test func aBlockIsOneElement() {
        let before = design().ruleset(cut: [:])
        let after = design().ruleset(cut: ["blocked_mac": [phone]])
        #expect(
            RulesetPlan.operations(from: before, to: after)
                == [.addElements(set: TableSets.blockedMAC, [phone])])
        #expect(
            RulesetPlan.operations(from: after, to: before)
                == [.deleteElements(set: TableSets.blockedMAC, [phone])])
    }

    @Test func aNewCommentReplacesTheElement() {
        let renamed = SetElement(phone.key, comment: "B-2")
        let plan = RulesetPlan.operations(
            from: design().ruleset(cut: ["blocked_mac": [phone]]),
            to: design().ruleset(cut: ["blocked_mac": [renamed]]))
        #expect(
            plan == [
                .deleteElements(set: TableSets.blockedMAC, [phone]),
                .addElements(set: TableSets.blockedMAC, [renamed]),
            ])
    }

    /// Deleting a base chain makes the kernel drop what waits in the queue.
    @Test func baseChainsAreKeptWhenRulesChange() {
        let before = design().ruleset(cut: [:])
        let after = design {
            $0.tagged.macs[MACAddress(value: 0x64b4_7300_0010)] = "phone"
        }.ruleset(cut: [:])
        let plan = RulesetPlan.operations(from: before, to: after)
        #expect(!plan.isEmpty)
        for operation in plan {
            if case .deleteChain = operation { Issue.record("\(operation)") }
            if case .addChain(_, _?) = operation { Issue.record("\(operation)") }
            if case .deleteTable = operation { Issue.record("\(operation)") }
        }
        #expect(plan.contains(.addSet(TableSets.deviceMAC)))
    }

    @Test func blockedElementsSurviveAnyRewrite() {
        let before = design().ruleset(cut: ["blocked_mac": [phone]])
        let after = design { $0.tap = .passive(group: 1) }.ruleset(cut: ["blocked_mac": [phone]])
        for operation in RulesetPlan.operations(from: before, to: after) {
            if case .deleteElements = operation { Issue.record("\(operation)") }
            // What says that somebody inspects is another matter.
            if case .deleteSet(let name) = operation, name != TableSets.attended.name {
                Issue.record("\(operation)")
            }
        }
    }

    /// A repair that reads no elements puts chains and sets right, and frees nobody by it.
    @Test func whatWasNotReadOfCutDevicesStays() {
        let shape = design().ruleset(cut: [:])
        let held = shape.asKernelTable
        let unread = KernelTable(
            sets: held.sets, chains: held.chains, elements: [:],
            unread: Set(TableSets.changing.map(\.name)))
        let plan = RulesetPlan.operations(from: unread, to: shape)
        for set in TableSets.changing {
            #expect(held.sets[set.name] != nil && !plan.contains(.deleteSet(name: set.name)))
        }
    }

    @Test func aForeignChainOfOursIsTakenAway() {
        let ruleset = design().ruleset(cut: [:])
        let kernel = ruleset.asKernelTable
        var chains = kernel.chains
        chains["left_over"] = .init(base: nil, ruleCount: 3)
        let plan = RulesetPlan.operations(
            from: KernelTable(sets: kernel.sets, chains: chains, elements: kernel.elements),
            to: ruleset)
        #expect(plan.first == .addTable)
        let flush = plan.firstIndex(of: .flushChain(name: "left_over"))
        let delete = plan.firstIndex(of: .deleteChain(name: "left_over"))
        #expect(flush != nil && delete != nil)
        if let flush, let delete { #expect(flush < delete) }
    }

    /// A block is one element of each table that knows cut devices, in one transaction.
    @Test func aBlockStandsInEveryTable() {
        var tables = design().rulesets(cut: [:])
        #expect(tables.map(\.family) == [.inet, .bridge])
        let change = ElementChange(set: TableSets.blockedMAC, element: phone, isAdded: true)
        let operation = FirewallOperation.addElements(set: TableSets.blockedMAC, [phone])
        let plan = [TableChange(.inet, [operation]), TableChange(.bridge, [operation])]
        #expect(tables.changes(for: [change]) == plan)
        let after = design().rulesets(cut: ["blocked_mac": [phone]])
        #expect(RulesetPlan.changes(from: tables, to: after) == plan)
        tables.note([change])
        #expect(tables == after)
        let address = ElementChange(
            set: TableSets.downIPv4,
            element: SetElement(.address(.v4(IPv4Address(value: 0x0a14_001f)))), isAdded: true)
        #expect(tables.changes(for: [address]).map(\.family) == [.inet])
    }

    @Test func aTableNobodyWantsGoes() {
        let both = design().rulesets(cut: [:])
        let plain = design { $0.capabilities.bridge = false }.rulesets(cut: [:])
        #expect(plain.map(\.family) == [.inet])
        let removal = [TableChange(.bridge, [.deleteTable])]
        #expect(RulesetPlan.changes(from: both, to: plain) == removal)
        let held = Dictionary(uniqueKeysWithValues: both.map { ($0.family, $0.asKernelTable) })
        #expect(RulesetPlan.changes(from: held, to: plain).first == removal.first)
        #expect(plain.drift(in: held) == [])
        #expect(
            both.drift(in: [.inet: both[0].asKernelTable]) == [
                "\(TableFamily.bridge.table) is missing"
            ])
    }

    @Test func driftIsToldInWords() {
        let ruleset = design().ruleset(cut: ["blocked_mac": [phone]])
        let kernel = ruleset.asKernelTable
        #expect(ruleset.drift(in: kernel).isEmpty)
        let emptied = KernelTable(sets: kernel.sets, chains: kernel.chains, elements: [:])
        #expect(ruleset.drift(in: emptied) == ["set blocked_mac lacks 1 elements"])
    }
}
