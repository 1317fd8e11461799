import Wire

extension TableDesign {
    /// The whole table for this design, with the given elements in the changing sets.
    ///
    /// The gate chains stand at priority -150 (mangle), before the admin's own filters, and the
    /// commit chains right behind them: a queue verdict resumes at the next base chain, so what a
    /// verdict means is carried out there (nf_reinject, net/netfilter/nf_queue.c).
    package func ruleset(cut elements: [String: Set<SetElement>]) -> Ruleset {
        var all = elements
        for (set, members) in taggedElements where !members.isEmpty {
            all[set.name] = members
        }
        return Ruleset(
            sets: TableSets.changing + taggedElements.filter { !$0.1.isEmpty }.map(\.0),
            chains: chains, elements: all)
    }

    private var chains: [Chain] {
        var chains: [Chain] = []
        if !allowed.isEmpty { chains += [allowChain, allowReplyChain] }
        chains += [tapChain, refuseChain, cutChain]
        if shape == .complete { chains.append(cutDownChain) }
        chains += [cutInChain, inspectChain, inspectInChain]
        chains += [
            forwardGate, forwardCommit, inputGate, inputCommit,
        ]
        if shape == .complete { chains += [cutOutChain, outputGate] }
        if let notice = noticeChain { chains.append(notice) }
        return chains
    }

    // MARK: Who is tagged

    private var taggedElements: [(NftSet, Set<SetElement>)] {
        var sets: [(NftSet, Set<SetElement>)] = [
            (
                TableSets.exceptMAC,
                Set(tagged.exceptMACs.map { SetElement(.mac($0)) })
            ),
            (
                TableSets.deviceMAC,
                Set(tagged.macs.map { SetElement(.mac($0.key), comment: $0.value) })
            ),
        ]
        for length in makerLengths {
            let members = tagged.makers.filter { $0.length == length }
            sets.append(
                (
                    TableSets.deviceMaker(length: length),
                    Set(members.map { SetElement(.mac($0.base)) })
                ))
        }
        sets.append(
            (
                TableSets.deviceInterface,
                Set(tagged.interfaces.map { SetElement(.interface($0)) })
            ))
        let (v4, v6) = prefixesByFamily
        sets.append((TableSets.deviceIPv4, Set(v4.map { SetElement(.prefix($0)) })))
        sets.append((TableSets.deviceIPv6, Set(v6.map { SetElement(.prefix($0)) })))
        return sets
    }

    private var makerLengths: [Int] { [24, 28, 36] }

    /// An interval set refuses overlaps, so a prefix inside another is left out.
    private var prefixesByFamily: ([IPPrefix], [IPPrefix]) {
        let widest = tagged.prefixes.filter { prefix in
            !tagged.prefixes.contains {
                $0 != prefix && $0.contains(prefix.base) && $0.length < prefix.length
            }
        }
        return (widest.filter { $0.base.bitWidth == 32 }, widest.filter { $0.base.bitWidth == 128 })
    }

    /// Sends packets of tagged devices to `chain`. Only selectors in use cost a rule.
    private func dispatch(to chain: String) -> [Rule] {
        var rules: [Rule] = []
        let used = taggedElements.filter { !$0.1.isEmpty }.map(\.0)
        for set in used {
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
        return rules
    }

    // MARK: What is inspected

    private var tapChain: Chain {
        switch tap {
        case .inline(let queue, let bypass):
            Chain(name: "tap", rules: [Rule([.counter, .queue(number: queue, bypass: bypass)])])
        case .passive(let group):
            Chain(
                name: "tap", rules: [Rule([.counter, .log(group: group, prefix: "regionlock")])])
        }
    }

    /// Only segments with payload can show a name: SYN and ACK stay in the kernel.
    var payload: [Statement] { capabilities.innerHeader ? [.hasPayload] : [] }

    var dnsRules: [Rule] {
        [
            // No ct mark lets DNS by: one five-tuple carries many questions.
            Rule(
                [.destinationPort(.udp, 53), .goto(chain: "tap")],
                comment: "every DNS question"),
            Rule([.destinationPort(.tcp, 53)] + payload + [.goto(chain: "tap")]),
        ]
    }

    private var inspectChain: Chain {
        Chain(
            name: "inspect",
            rules: dnsRules + [
                Rule(
                    [.destinationPort(.tcp, 80)] + payload + [.goto(chain: "tap")],
                    comment: "every HTTP request"),
                Rule([.connectionMark(.pass, mark), .accept], comment: "hello seen and harmless"),
                Rule([.destinationPort(.tcp, 443)] + payload + [.goto(chain: "tap")]),
            ])
    }

    // MARK: The forward path

    private func cutSenders(to chain: String) -> [Rule] {
        [
            Rule([.etherSourceIn(set: "blocked_mac"), .goto(chain: chain)]),
            Rule([.sourceIn(set: "blocked_ip4", family: .ipv4), .goto(chain: chain)]),
            Rule([.sourceIn(set: "blocked_ip6", family: .ipv6), .goto(chain: chain)]),
        ]
    }

    private var forwardGate: Chain {
        // A cut is checked before anything lets a flow by: an inspected flow must not survive it.
        var rules = cutSenders(to: "cut")
        if shape == .complete {
            rules.append(
                Rule(
                    [.connectionMark(.block, mark), .goto(chain: "cut_down")],
                    comment: "other side of cut flows"))
            rules += towardsCut(goto: "cut_down")
        }
        rules.append(Rule([.isReply, .accept]))
        rules += strangers
        return Chain(
            name: "fwd_gate", base: BaseChain(kind: .filter, hook: .forward, priority: -150),
            rules: rules + dispatch(to: "inspect"))
    }

    /// A packet on its way to a cut device shows only its address.
    func towardsCut(goto chain: String) -> [Rule] {
        ["down", "blocked"].flatMap { set in
            [IPFamily.ipv4, .ipv6].map { family in
                let name = "\(set)_ip\(family == .ipv4 ? 4 : 6)"
                return Rule([.destinationIn(set: name, family: family), .goto(chain: chain)])
            }
        }
    }

    private var forwardCommit: Chain {
        Chain(
            name: "fwd_commit", base: BaseChain(kind: .filter, hook: .forward, priority: -149),
            rules: [
                Rule([.packetMarkIsClear(mark), .accept], comment: "not a packet of ours"),
                Rule([.packetMark(.block, mark), .goto(chain: "cut")], comment: "the trigger"),
                // Packets that were queued behind the trigger.
            ] + cutSenders(to: "cut") + passRules)
    }

    private var passRules: [Rule] {
        [
            Rule([.packetMark(.pass, mark), .setConnectionMark(.pass, mark)]),
            // Other values in our bits are somebody else's marks, and stay as they are.
            Rule([.packetMark(.pass, mark), .clearPacketMark(mark)]),
            Rule([.packetMark(.checked, mark), .clearPacketMark(mark)]),
        ]
    }

    private var cutChain: Chain {
        var rules: [Rule] = []
        if !allowed.isEmpty { rules.append(Rule([.jump(chain: "allow")])) }
        if shape == .complete { rules.append(Rule([.setConnectionMark(.block, mark)])) }
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
        rules.append(Rule([.counter, .drop]))
        return Chain(name: "cut_down", rules: rules)
    }

    // MARK: The gateway itself

    private var inputGate: Chain {
        Chain(
            name: "in_gate", base: BaseChain(kind: .filter, hook: .input, priority: -150),
            // A cut is checked first here too: a program of the gateway that goes on sending makes
            // conntrack believe that the gateway began the flow.
            rules: closedNotice + cutSenders(to: "cut_in")
                + [Rule([.isReply, .accept], comment: "flows the gateway began")] + strangers
                + dispatch(to: "inspect_in"))
    }

    /// Nobody inspected the packet: the daemon is down, or only a copy was taken.
    private var uninspectedRules: [Rule] {
        MarkField.Value.allCases.filter { $0.originalPort != nil }.map {
            Rule([.packetMark($0, mark), .clearPacketMark(mark)])
        }
    }

    /// What comes in from the internet carries the MAC of the next router, whose maker may well be
    /// a tagged one: nothing there is a device of ours.
    private var strangers: [Rule] {
        uplinks.map { Rule([.inputInterface($0), .accept], comment: "from the internet") }
    }

    /// The notice listens on every address, but it is for devices behind us.
    private var closedNotice: [Rule] {
        guard capabilities.redirect, let noticePort else { return [] }
        return uplinks.map { uplink in
            Rule([
                .inputInterface(uplink), .destinationPort(.tcp, noticePort),
                .goto(chain: "refuse"),
            ])
        }
    }

    private var inputCommit: Chain {
        Chain(
            name: "in_commit", base: BaseChain(kind: .filter, hook: .input, priority: -149),
            rules: [
                Rule([.packetMarkIsClear(mark), .accept], comment: "not a packet of ours"),
                Rule([.packetMark(.block, mark), .goto(chain: "refuse")], comment: "the trigger"),
            ] + cutSenders(to: "cut_in") + passRules + uninspectedRules)
    }

    /// What a cut device may still say to the gateway: keep its address, be found, read the notice.
    private var cutInChain: Chain {
        var rules: [Rule] = []
        if !allowed.isEmpty { rules.append(Rule([.jump(chain: "allow")])) }
        rules += [
            Rule([.destinationPort(.udp, 67), .accept], comment: "DHCP stays"),
            Rule([.destinationPort(.udp, 547), .accept], comment: "DHCPv6 stays"),
            Rule([.layer4(.icmp), .accept]),
            Rule([.layer4(.icmpv6), .accept], comment: "neighbour discovery stays"),
        ]
        if capabilities.redirect, let noticePort {
            rules.append(
                Rule([.destinationPort(.tcp, noticePort), .accept], comment: "the notice"))
        }
        if keepsGatewayDNS {
            rules += [
                Rule([.packetMark(.checked, mark), .accept], comment: "question was inspected"),
                Rule([.destinationPort(.udp, 53), .goto(chain: "tap")]),
            ]
            if capabilities.innerHeader {
                rules += [
                    Rule([.destinationPort(.tcp, 53), .hasPayload, .goto(chain: "tap")]),
                    Rule([.destinationPort(.tcp, 53), .accept], comment: "handshake only"),
                ]
            } else {
                rules.append(Rule([.destinationPort(.tcp, 53), .goto(chain: "tap")]))
            }
        }
        rules.append(Rule([.goto(chain: "refuse")]))
        return Chain(name: "cut_in", rules: rules)
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
        rules += [
            Rule([.etherSourceIn(set: "blocked_mac")] + http),
            Rule([.sourceIn(set: "blocked_ip4", family: .ipv4)] + http),
            Rule([.sourceIn(set: "blocked_ip6", family: .ipv6)] + http),
        ]
        return Chain(
            name: "notice", base: BaseChain(kind: .nat, hook: .prerouting, priority: -100),
            rules: rules)
    }
}
