import Firewall
import Testing
import Wire

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
        #expect(!bare.chains.contains { $0.name == "tagged" })
        let lan = try #require(InterfaceName("lan0"))
        let one = ruleset(tagged: .init(interfaces: [lan]))
        let oneGate = try #require(one.chains.first(where: { $0.name == "fwd_gate" }))
        #expect(oneGate.rules.count == gate.rules.count + 1)
        let tagged = try #require(one.chains.first(where: { $0.name == "tagged" }))
        #expect(tagged.rules.count == 2)
    }

    /// An inspected flow must not survive a block, so the cut stands before every bypass.
    @Test func theCutStandsBeforeAnythingThatAccepts() throws {
        let mac = MACAddress(value: 0x64b4_7300_0010)
        let table = ruleset(tagged: .init(macs: [mac: "phone"], exceptMACs: [mac]))
        let gate = try #require(table.chains.first(where: { $0.name == "fwd_gate" }))
        let tagged = try #require(
            gate.rules.firstIndex { $0.statements.last == .goto(chain: "tagged") })
        for cut in [Statement.goto(chain: "cut"), .jump(chain: "down")] {
            let last = try #require(gate.rules.lastIndex { $0.statements.last == cut })
            #expect(last < tagged)
        }
        // What accepts before it is for those only that stand in no set of ours.
        for rule in gate.rules where rule.statements.last == .accept {
            #expect(rule.statements.contains(.etherSourceNotIn(set: "blocked_mac")))
            #expect(rule.statements.contains(.etherSourceNotIn(set: "dev_mac")))
        }
    }

    /// Marks of other programs may share our bits by accident: they must not be cleared.
    @Test func onlyOurOwnMarksAreCleared() throws {
        let mark = MarkField(mask: 0x000f_0000)
        for chain in ruleset(tagged: .init()).chains {
            for rule in chain.rules where rule.statements.contains(.clearPacketMark(mark)) {
                let first = try #require(rule.statements.first)
                #expect(MarkField.Value.allCases.contains { first == .packetMark($0, mark) })
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
        let gates: [(String, Statement, Statement)] = [
            ("fwd_gate", .goto(chain: "down"), .goto(chain: "tagged")),
            ("in_gate", .accept, .goto(chain: "inspect_in")),
        ]
        for (name, way, inspected) in gates {
            let rules = try #require(table.chains.first(where: { $0.name == name })).rules
            let passed = try #require(
                rules.firstIndex(where: { $0.statements == [.inputInterface(wan), way] }))
            let tagged = try #require(
                rules.firstIndex(where: { $0.statements.last == inspected }))
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
            for statement in chain.rules.flatMap(\.statements) {
                switch statement {
                case .goto(let target), .jump(let target):
                    #expect(known.contains(target), "\(chain.name) goes to \(target)")
                default: break
                }
            }
        }
    }

    /// A device waits as a whole only where something can be cut, and where the kernel can.
    @Test func devicesAreHeldWhereItHelps() {
        func names(_ change: (inout TableDesign) -> Void) -> Set<String> {
            var design = TableDesign(
                tap: .inline(queue: 1, bypass: true), holdsDevices: true,
                mark: MarkField(mask: 0x000f_0000), shape: .complete,
                tagged: .init(makers: [MACPrefix(base: MACAddress(value: 0), length: 24)]),
                allowed: [], keepsGatewayDNS: false, noticePort: nil, capabilities: .all)
            change(&design)
            return Set(design.ruleset(cut: [:]).sets.map(\.name))
        }
        #expect(names { _ in }.isSuperset(of: ["pending_mac", "pending_more_mac"]))
        #expect(!names { _ in }.contains("pending_ip4"), "every packet of a maker has a MAC")
        #expect(!names { $0.holdsDevices = false }.contains("pending_mac"))
        #expect(!names { $0.tap = .passive(group: 1) }.contains("pending_mac"))
        #expect(!names { $0.capabilities.senderSets = false }.contains("pending_mac"))
        #expect(!names { $0.tap = .passive(group: 1) }.contains("alive"))
        #expect(names { $0.tap = .passive(group: 1, isClosed: true) }.contains("alive"))
        #expect(names { _ in }.contains("attended"))
        #expect(!names { $0.tap = .inline(queue: 1, bypass: false) }.contains("attended"))
    }

    @Test func marksKeepEveryOtherBit() {
        let field = MarkField(mask: 0x000f_0000)
        #expect(field.setting(.block, in: 0xdead_beef) == 0xdea2_beef)
        #expect(field.setting(.pass, in: 0) == 0x0001_0000)
    }

    private func answering(
        _ answers: Bool, refused: RefusedDNS = RefusedDNS(), shape: TableDesign.Shape = .complete
    ) -> Ruleset {
        TableDesign(
            tap: .inline(queue: 1, bypass: true), mark: MarkField(mask: 0x000f_0000),
            shape: shape,
            tagged: .init(interfaces: Set([InterfaceName("lan0")].compactMap(\.self))),
            allowed: [], keepsGatewayDNS: false, noticePort: nil, capabilities: .all,
            readsAnswers: answers, refusedDNS: refused
        ).ruleset(cut: [:])
    }

    /// What goes to a cut device dies before anybody reads answers, and a question's flow is
    /// marked by the rule that hands the question over.
    @Test func answersAreFoundByTheMarkOfTheirQuestion() throws {
        let mark = MarkField(mask: 0x000f_0000)
        let table = answering(true)
        for name in ["down_known", "out_gate"] {
            let rules = try #require(table.chains.first(where: { $0.name == name })).rules
            #expect(
                rules.last?.statements == [
                    .connectionMark(.answer, mark), .isReply, .goto(chain: "answers"),
                ])
        }
        let down = try #require(table.chains.first(where: { $0.name == "down" })).rules
        #expect(down.first?.statements == [.connectionMarkIsSet(mark), .goto(chain: "down_known")])
        for name in ["inspect", "inspect_in"] {
            let rules = try #require(table.chains.first(where: { $0.name == name })).rules
            let marking = rules.filter { $0.statements.contains(.setConnectionMark(.answer, mark)) }
            #expect(marking.count == (name == "inspect" ? 2 : 4))
            #expect(marking.allSatisfy { $0.statements.last == .goto(chain: "tap") })
        }
        let text = { (table: Ruleset) in table.text }
        #expect(text(answering(false)).contains("out_commit"), "the hook stays")
        #expect(!text(answering(false)).contains("answers"))
        #expect(!text(answering(true, shape: .sourceOnly)).contains("answers"))
    }

    /// Only what the switches name costs a rule or a set.
    @Test func encryptedDNSIsRefusedBySwitch() throws {
        let address = try #require(IPAddress("192.0.2.53"))
        let table = answering(false, refused: RefusedDNS(port853: true, resolvers: [address]))
        let plain = answering(false)
        for name in ["inspect", "inspect_in"] {
            let rules = { (table: Ruleset) in
                table.chains.first(where: { $0.name == name })?.rules.count ?? 0
            }
            #expect(rules(table) == rules(plain) + 4)
        }
        #expect(table.elements["doh_ip4"] == [SetElement(.address(address))])
        #expect(table.elements["doh_ip6"] == nil)
        #expect(!plain.sets.contains { $0.name.hasPrefix("doh") })
    }
}
