import Wire

extension TableDesign {
    /// The whole table for this design, with the given elements in the changing sets.
    ///
    /// The gate chains stand at priority -150 (mangle), before the admin's own filters, and the
    /// commit chains right behind them: a queue verdict resumes at the next base chain, so what a
    /// verdict means is carried out there (nf_reinject, net/netfilter/nf_queue.c).
    package func ruleset(cut elements: [String: Set<SetElement>]) -> Ruleset {
        var all = elements
        for set in taggedSets { all[set.name] = taggedElements(of: set) }
        for (set, members) in resolverElements { all[set.name] = members }
        for set in aliveSets { all[set.name] = Set(TableSets.aliveElements) }
        return Ruleset(
            sets: TableSets.changing + holdSets + aliveSets + resolverElements.map(\.0)
                + taggedSets,
            chains: chains, elements: all)
    }

    private var chains: [Chain] {
        var chains: [Chain] = []
        if !allowed.isEmpty { chains += [allowChain, allowReplyChain] }
        chains += [refuseChain, tapChain]
        if isHolding { chains += [holdChain, heldChain, unholdChain] }
        chains.append(cutChain)
        if isReadingAnswers { chains.append(answersChain) }
        if shape == .complete { chains.append(cutDownChain) }
        if isReadingAnswers { chains.append(downKnownChain) }
        if shape == .complete { chains.append(downChain) }
        chains += [cutInChain, inspectChain, inspectInChain]
        if hasSelectors { chains.append(taggedChain) }
        chains += [forwardGate, forwardCommit, inputGate, inputCommit]
        if shape == .complete { chains += [cutOutChain, outputGate, outputCommit] }
        if let notice = noticeChain { chains.append(notice) }
        return chains
    }

    // MARK: Who is tagged

    /// The sets in use, in the order in which packets are looked up in them.
    private var taggedSets: [NftSet] {
        let (v4, v6) = prefixesByFamily
        var sets: [NftSet] = []
        if !tagged.exceptMACs.isEmpty { sets.append(TableSets.exceptMAC) }
        if hasTaggedMACs { sets.append(TableSets.deviceMAC) }
        for length in makerLengths where tagged.makers.contains(where: { $0.length == length }) {
            sets.append(TableSets.deviceMaker(length: length))
        }
        sets += assignedLengths.map { TableSets.assignedLocal(length: $0) }
        if !tagged.interfaces.isEmpty { sets.append(TableSets.deviceInterface) }
        if !v4.isEmpty { sets.append(TableSets.deviceIPv4) }
        if !v6.isEmpty { sets.append(TableSets.deviceIPv6) }
        return sets + peerSets
    }

    private func taggedElements(of set: NftSet) -> Set<SetElement> {
        func elements(_ items: some Collection<SetElement>) -> Set<SetElement> {
            var elements = Set<SetElement>(minimumCapacity: items.count)
            for item in items { elements.insert(item) }
            return elements
        }
        if let peers = peerElements(of: set) { return peers }
        switch set {
        case TableSets.exceptMAC:
            return elements(tagged.exceptMACs.lazy.map { SetElement(.mac($0)) })
        case TableSets.deviceMAC:
            return elements(tagged.macs.lazy.map { SetElement(.mac($0.key), comment: $0.value) })
        case TableSets.deviceInterface:
            return Set(tagged.interfaces.map { SetElement(.interface($0)) })
        case TableSets.deviceIPv4:
            return Set(prefixesByFamily.v4.map { SetElement(.prefix($0)) })
        case TableSets.deviceIPv6:
            return Set(prefixesByFamily.v6.map { SetElement(.prefix($0)) })
        default:
            if let length = assignedLengths.first(where: {
                TableSets.assignedLocal(length: $0) == set
            }) {
                return Set(
                    tagged.assignedLocal.filter { $0.length == length }
                        .map { SetElement(.mac($0.base)) })
            }
            let length = makerLengths.first { TableSets.deviceMaker(length: $0) == set }
            return Set(
                tagged.makers.filter { $0.length == length }.map { SetElement(.mac($0.base)) })
        }
    }

    private var hasTaggedMACs: Bool { !tagged.macs.isEmpty || tagged.expectsMACs }

    var makerLengths: [Int] { [24, 28, 36] }

    private var prefixesByFamily: (v4: [IPPrefix], v6: [IPPrefix]) {
        Self.widest(of: tagged.prefixes)
    }

    /// Sends packets of tagged devices to `chain`. Only selectors in use cost a rule.
    func dispatch(to chain: String) -> [Rule] {
        var rules: [Rule] = []
        for set in taggedSets {
            switch set {
            case TableSets.exceptMAC:
                rules.append(Rule([.etherSourceIn(set: set.name), .accept]))
            case TableSets.deviceMAC:
                rules.append(Rule([.etherSourceIn(set: set.name), .goto(chain: chain)]))
            case TableSets.deviceInterface:
                rules.append(Rule([.inputInterfaceIn(set: set.name), .goto(chain: chain)]))
            case TableSets.deviceIPv4:
                rules.append(
                    Rule([.sourceIn(set: set.name, family: .ipv4), .goto(chain: chain)]))
            case TableSets.deviceIPv6:
                rules.append(
                    Rule([.sourceIn(set: set.name, family: .ipv6), .goto(chain: chain)]))
            default:
                for length in makerLengths where set == TableSets.deviceMaker(length: length) {
                    rules.append(
                        Rule([
                            .etherSourceMasked(length: length, set: set.name),
                            .goto(chain: chain),
                        ]))
                }
            }
        }
        return rules + kindRules(to: chain) + peerRules(to: chain)
    }

    // MARK: Where inspected packets go

    private var tapChain: Chain {
        let statement: Statement =
            switch tap {
            case .inline(let queue, let bypass): .queue(number: queue, bypass: bypass)
            case .passive(let group, _): .log(group: group, prefix: "regionlock")
            }
        return Chain(
            name: "tap", rules: [deadMan, Rule([.counter, statement])].compactMap { $0 })
    }

    /// Only segments with payload can show a name: SYN and ACK stay in the kernel.
    var payload: [Statement] { capabilities.innerHeader ? [.hasPayload] : [] }

    /// Where a packet goes that may show a name.
    var lookedInto: Statement { .goto(chain: isHolding ? "hold" : "tap") }

    // MARK: The forward path

    func cutSenders(to chain: String) -> [Rule] {
        cutSenderMatches.map { Rule([$0, .goto(chain: chain)]) }
    }

    /// Devices without a MAC are rare, and looking each packet's address up costs everybody.
    private var cutSenderMatches: [Statement] {
        [.etherSourceIn(set: "blocked_mac")]
            + (cutFamilies.contains(.ipv4)
                ? [.sourceIn(set: "blocked_ip4", family: .ipv4)] : [])
            + (cutFamilies.contains(.ipv6)
                ? [.sourceIn(set: "blocked_ip6", family: .ipv6)] : [])
    }

    /// A cut is checked before anything lets a flow by: an inspected flow must not survive it.
    ///
    /// Each rule costs every bystander some 50 ns, so each way has only those it needs: from the
    /// internet nobody is a sender of ours, and what leaves for the internet cannot reach a device.
    private var forwardGate: Chain {
        let tagged = hasSelectors ? [Statement.goto(chain: "tagged")] : [.accept]
        let isComplete = shape == .complete
        var rules = uplinks.map { uplink in
            Rule(
                [.inputInterface(uplink), isComplete ? .goto(chain: "down") : .accept],
                comment: "from the internet")
        }
        if isComplete { rules += strangerRules }
        rules += cutSenders(to: "cut")
        if isComplete {
            rules += uplinks.map { Rule([.outputInterface($0)] + tagged) }
            rules.append(Rule([.jump(chain: "down")]))
        }
        if hasSelectors { rules.append(Rule(tagged)) }
        return Chain(
            name: "fwd_gate", base: BaseChain(kind: .filter, hook: .forward, priority: -150),
            rules: rules)
    }

    /// Whoever is neither cut nor tagged, by one rule with one load of the MAC: nearly everybody.
    ///
    /// Empty where something else than the MAC can make a device one of ours.
    private var strangerRules: [Rule] {
        guard cutFamilies.isEmpty, tagged.interfaces.isEmpty, tagged.prefixes.isEmpty,
            !tagged.macKinds.contains(.fixed)
        else { return [] }
        var isNobody: [Statement] = [.etherSourceNotIn(set: TableSets.blockedMAC.name)]
        if hasTaggedMACs {
            isNobody.append(.etherSourceNotIn(set: TableSets.deviceMAC.name))
        }
        for length in makerLengths where tagged.makers.contains(where: { $0.length == length }) {
            isNobody.append(
                .etherSourceMaskedNotIn(
                    length: length, set: TableSets.deviceMaker(length: length).name))
        }
        // Who has an assigned one is no stranger here, and none of ours where it is looked up.
        if tagged.macKinds.contains(.random) { isNobody.append(.etherSourceLooksNot(.random)) }
        return uplinks.map {
            Rule([.outputInterface($0)] + isNobody + [.accept], comment: "not a device of ours")
        } + [Rule(isNobody + [.goto(chain: "down")])]
    }

    /// The way towards cut devices.
    private var downChain: Chain {
        guard isReadingAnswers else {
            return Chain(name: "down", rules: [cutFlowRule] + towardsCut(goto: "cut_down"))
        }
        // One look at the mark for a bystander's packet, whatever the marks may say.
        let known = Rule(
            [.connectionMarkIsSet(mark), .goto(chain: "down_known")],
            comment: "flows of tagged devices")
        return Chain(name: "down", rules: [known] + towardsCut(goto: "cut_down"))
    }

    var cutFlowRule: Rule {
        Rule(
            [.connectionMark(.block, mark), .goto(chain: "cut_down")],
            comment: "other side of cut flows")
    }

    /// A packet on its way to a cut device shows only its address.
    func towardsCut(goto chain: String) -> [Rule] {
        [
            Rule([.destinationIn(set: "down_ip4", family: .ipv4), .goto(chain: chain)]),
            Rule([.destinationIn(set: "down_ip6", family: .ipv6), .goto(chain: chain)]),
        ]
    }

    private var taggedChain: Chain {
        // Without uplinks in the settings the next router may look like a device: what answers is
        // not asking.
        let answers = Rule([.isReply] + (isHolding ? [.goto(chain: "held")] : [.accept]))
        return Chain(
            name: "tagged", rules: (uplinks.isEmpty ? [answers] : []) + dispatch(to: "inspect"))
    }

    private var hasSelectors: Bool { !taggedSets.isEmpty || !tagged.macKinds.isEmpty }

    private var forwardCommit: Chain {
        Chain(
            name: "fwd_commit", base: BaseChain(kind: .filter, hook: .forward, priority: -149),
            rules: [
                Rule([.packetMarkIsClear(mark), .accept], comment: "not a packet of ours"),
                Rule([.packetMark(.block, mark), .goto(chain: "cut")], comment: "the trigger"),
                // Packets that were queued behind the trigger.
            ] + cutSenders(to: "cut") + passRules + uninspectedRules)
    }

    /// Other values in our bits are somebody else's marks, and stay as they are.
    var passRules: [Rule] {
        var values: [MarkField.Value] = [.pass, .checked]
        if isAnyPort {
            values.append(.http)
            // The daemon says it of every last packet, whether others wait here or not.
            values += values.map(\.asLast)
        }
        // An answer nobody read: the daemon is down, or only a copy was taken.
        if isReadingAnswers { values.append(.answer) }
        return values.flatMap { value in
            let isMarked = Statement.packetMark(value, mark)
            var rules: [Rule] = []
            if isHolding, values.contains(where: { $0 != value && $0.asLast == value }) {
                rules.append(Rule([isMarked, .jump(chain: "unhold")]))
            }
            switch value {
            case .pass, .passLast:
                // What was queued before a flow was known to be HTTP must not settle it after.
                let isOpen: [Statement] = isAnyPort ? [.connectionMarkIsNot(.http, mark)] : []
                rules.append(Rule([isMarked] + isOpen + [.setConnectionMark(.pass, mark)]))
            case .http, .httpLast:
                rules.append(Rule([isMarked, .setConnectionMark(.http, mark)]))
            default: break
            }
            return rules + [Rule([isMarked, .clearPacketMark(mark)])]
        }
    }

    /// Nobody inspected the packet: the daemon is down, or only a copy was taken.
    var uninspectedRules: [Rule] {
        MarkField.Value.allCases.filter {
            $0.originalPort != nil || $0 == .held && isHolding
        }.map {
            Rule([.packetMark($0, mark), .clearPacketMark(mark)])
        }
    }

    private var cutChain: Chain {
        var rules: [Rule] = []
        if !allowed.isEmpty { rules.append(Rule([.jump(chain: "allow")])) }
        if shape == .complete {
            // Of what is routed nothing is that. A bridge's frames come here by br_netfilter.
            rules.append(Rule([.neighbourDiscovery, .accept]))
            // The flow is the device's when its address is: with a forged source it could be
            // anybody's, and the mark would stop what goes to that device.
            rules += [
                Rule([
                    .sourceIn(set: "down_ip4", family: .ipv4), .setConnectionMark(.block, mark),
                ]),
                Rule([
                    .sourceIn(set: "down_ip6", family: .ipv6), .setConnectionMark(.block, mark),
                ]),
            ]
        }
        rules.append(Rule([.goto(chain: "refuse")]))
        return Chain(name: "cut", rules: rules)
    }

    /// An answer at once instead of silence: applications fail fast, and no retry hangs.
    private var refuseChain: Chain {
        Chain(
            name: "refuse",
            rules: [
                Rule([.layer4(.tcp), .counter, .rejectWithTCPReset]),
                Rule([.counter, .rejectAsProhibited]),
            ])
    }

    private var cutDownChain: Chain {
        var rules: [Rule] = []
        if !allowed.isEmpty { rules.append(Rule([.jump(chain: "allow_reply")])) }
        rules.append(Rule([.neighbourDiscovery, .accept]))
        rules.append(Rule([.counter, .drop]))
        return Chain(name: "cut_down", rules: rules)
    }

    // MARK: What stays reachable

    var allowChain: Chain {
        Chain(name: "allow", rules: allowed.flatMap { allowRules($0, isReply: false) })
    }

    var allowReplyChain: Chain {
        Chain(name: "allow_reply", rules: allowed.flatMap { allowRules($0, isReply: true) })
    }

    private func allowRules(_ entry: Allowed, isReply: Bool) -> [Rule] {
        let place: Statement = isReply ? .source(entry.prefix) : .destination(entry.prefix)
        guard let port = entry.port else { return [Rule([place, .accept])] }
        return [TransportProtocol.tcp, .udp].map { transport in
            let match: Statement =
                isReply ? .sourcePort(transport, port) : .destinationPort(transport, port)
            return Rule([place, match, .accept])
        }
    }

    private var noticeChain: Chain? {
        guard capabilities.redirect, let noticePort else { return nil }
        let http: [Statement] = [.destinationPort(.tcp, 80), .redirect(toPort: noticePort)]
        var rules: [Rule] = allowed.isEmpty ? [] : [Rule([.jump(chain: "allow")])]
        rules += cutSenderMatches.map { Rule([$0] + http) }
        return Chain(
            name: "notice", base: BaseChain(kind: .nat, hook: .prerouting, priority: -100),
            rules: rules)
    }
}
