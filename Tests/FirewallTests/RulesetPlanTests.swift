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
            if case .addChain = operation { Issue.record("\(operation)") }
            if case .deleteTable = operation { Issue.record("\(operation)") }
        }
        #expect(plan.contains(.addSet(TableSets.deviceMAC)))
    }

    @Test func blockedElementsSurviveAnyRewrite() {
        let before = design().ruleset(cut: ["blocked_mac": [phone]])
        let after = design { $0.tap = .passive(group: 1) }.ruleset(cut: ["blocked_mac": [phone]])
        for operation in RulesetPlan.operations(from: before, to: after) {
            if case .deleteElements = operation { Issue.record("\(operation)") }
            if case .deleteSet = operation { Issue.record("\(operation)") }
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

@Suite struct RegionLockTableTests {
    private func ruleset(
        tagged: TableDesign.Tagged, shape: TableDesign.Shape = .complete
    ) -> Ruleset {
        TableDesign(
            tap: .inline(queue: 1, bypass: true), mark: MarkField(mask: 0x000f_0000),
            shape: shape, tagged: tagged, allowed: [], keepsGatewayDNS: false, noticePort: nil,
            capabilities: .all
        ).ruleset(cut: [:])
    }

    @Test func onlySelectorsInUseCostARule() throws {
        let bare = ruleset(tagged: .init())
        let gate = try #require(bare.chains.first(where: { $0.name == "fwd_gate" }))
        #expect(!gate.rules.contains { $0.statements.contains(.goto(chain: "inspect")) })
        let lan = try #require(InterfaceName("lan0"))
        let one = ruleset(tagged: .init(interfaces: [lan]))
        let oneGate = try #require(one.chains.first(where: { $0.name == "fwd_gate" }))
        #expect(oneGate.rules.count == gate.rules.count + 1)
    }

    /// An inspected flow must not survive a block, so the cut stands before every bypass.
    @Test func theCutStandsBeforeAnythingThatAccepts() throws {
        let mac = MACAddress(value: 0x64b4_7300_0010)
        let table = ruleset(tagged: .init(macs: [mac: "phone"], exceptMACs: [mac]))
        for name in ["fwd_gate", "in_gate"] {
            let gate = try #require(table.chains.first(where: { $0.name == name }))
            let firstAccept = try #require(
                gate.rules.firstIndex(where: { $0.statements.last == .accept }))
            let lastCut = try #require(
                gate.rules.lastIndex(where: { rule in
                    let cuts = ["cut", "cut_down", "cut_in"].map { Statement.goto(chain: $0) }
                    return rule.statements.last.map(cuts.contains) ?? false
                }))
            #expect(lastCut < firstAccept)
        }
    }

    /// Marks of other programs may share our bits by accident: they must not be cleared.
    @Test func onlyOurOwnMarksAreCleared() throws {
        let mark = MarkField(mask: 0x000f_0000)
        for chain in ruleset(tagged: .init()).chains {
            for rule in chain.rules where rule.statements.contains(.clearPacketMark(mark)) {
                let first = try #require(rule.statements.first)
                #expect(
                    MarkField.Value.allCases.contains { first == .packetMark($0, mark) }, "\(rule)")
            }
        }
    }

    /// The next router may be of a tagged make; cutting it would cut everybody.
    @Test func whatComesFromTheInternetIsNobodysDevice() throws {
        let wan = try #require(InterfaceName("wan0"))
        let maker = MACPrefix(base: MACAddress(value: 0x64b4_7300_0000), length: 24)
        let table = TableDesign(
            tap: .inline(queue: 1, bypass: true), mark: MarkField(mask: 0x000f_0000),
            shape: .complete, tagged: .init(makers: [maker]), allowed: [],
            keepsGatewayDNS: true, noticePort: nil, uplinks: [wan], capabilities: .all
        ).ruleset(cut: [:])
        for name in ["fwd_gate", "in_gate"] {
            let rules = try #require(table.chains.first(where: { $0.name == name })).rules
            let passed = try #require(
                rules.firstIndex(where: { $0.statements == [.inputInterface(wan), .accept] }))
            let tagged = try #require(
                rules.firstIndex(where: {
                    $0.statements.first == .etherSourceMasked(length: 24, set: "dev_oui24")
                }))
            #expect(passed < tagged)
        }
    }

    /// What the control build leaves out, and so what the both-directions test must catch.
    @Test func sourceOnlyLeavesTheOtherDirectionOut() throws {
        let table = ruleset(tagged: .init(), shape: .sourceOnly)
        #expect(!table.chains.contains { $0.name == "cut_down" })
    }

    @Test func overlappingPrefixesAreReducedToTheWidest() throws {
        let wide = try #require(IPPrefix("10.0.0.0/8"))
        let narrow = try #require(IPPrefix("10.20.0.0/16"))
        let other = try #require(IPPrefix("192.0.2.0/24"))
        let table = ruleset(tagged: .init(prefixes: [wide, narrow, other]))
        #expect(
            table.elements["dev_ip4"] == [SetElement(.prefix(wide)), SetElement(.prefix(other))])
    }

    @Test func chainsStandBeforeThoseThatJumpToThem() {
        let table = ruleset(tagged: .init())
        var known: Set<String> = []
        for chain in table.chains {
            known.insert(chain.name)
            for case .goto(let target) in chain.rules.flatMap(\.statements) {
                #expect(known.contains(target), "\(chain.name) goes to \(target)")
            }
        }
    }

    @Test func marksKeepEveryOtherBit() {
        let field = MarkField(mask: 0x000f_0000)
        #expect(field.setting(.block, in: 0xdead_beef) == 0xdea2_beef)
        #expect(field.setting(.pass, in: 0) == 0x0001_0000)
    }
}
