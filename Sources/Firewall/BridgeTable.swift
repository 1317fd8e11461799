import Wire

extension TableDesign {
    /// Every table of ours for this design, the routed one first.
    package func rulesets(cut elements: [String: Set<SetElement>]) -> [Ruleset] {
        let routed = ruleset(cut: elements)
        guard capabilities.bridge, shape == .complete else { return [routed] }
        return [routed, bridgeRuleset(cut: elements)]
    }

    /// What a bridge hands from port to port without the routed table seeing it: there, a cut
    /// device is found, keeps its address, and reaches nobody.
    ///
    /// Routed packets never come to this hook, so it costs them nothing. It stands behind
    /// br_netfilter (NF_BR_PRI_BRNF, 0, in linux/netfilter_bridge.h): where that is on, the routed
    /// table refuses first and the device gets an answer, which this family cannot give.
    private func bridgeRuleset(cut elements: [String: Set<SetElement>]) -> Ruleset {
        let set = TableSets.blockedMAC
        var chains = allowed.isEmpty ? [] : [allowChain, allowReplyChain]
        chains += [
            Chain(name: "cut", rules: cutRules(allow: "allow", dhcp: dhcpFromClient)),
            Chain(name: "cut_down", rules: cutRules(allow: "allow_reply", dhcp: dhcpToClient)),
            Chain(
                name: "ports", base: BaseChain(kind: .filter, hook: .forward, priority: 200),
                rules: heardAcross + [
                    Rule([.etherSourceIn(set: set.name), .goto(chain: "cut")]),
                    Rule([.etherDestinationIn(set: set.name), .goto(chain: "cut_down")]),
                ]),
        ]
        return Ruleset(
            family: .bridge, sets: [set], chains: chains,
            elements: [set.name: elements[set.name] ?? []])
    }

    private func cutRules(allow: String, dhcp: [Rule]) -> [Rule] {
        var rules: [Rule] = allowed.isEmpty ? [] : [Rule([.jump(chain: allow)])]
        rules += [
            Rule([.linkProtocol(.arp), .accept]),
            Rule([.neighbourDiscovery, .accept]),
        ]
        return rules + dhcp + [Rule([.counter, .drop])]
    }

    /// A DHCP server may stand behind another port (RFC 2131 section 4.1, RFC 8415 section 7.2).
    private var dhcpFromClient: [Rule] {
        [
            Rule([.sourcePort(.udp, 68), .destinationPort(.udp, 67), .accept]),
            Rule([.sourcePort(.udp, 546), .destinationPort(.udp, 547), .accept]),
        ]
    }

    private var dhcpToClient: [Rule] {
        [
            Rule([.sourcePort(.udp, 67), .destinationPort(.udp, 68), .accept]),
            Rule([.sourcePort(.udp, 547), .destinationPort(.udp, 546), .accept]),
        ]
    }
}
