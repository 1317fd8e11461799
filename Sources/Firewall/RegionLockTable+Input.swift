import Wire

/// The way to the gateway itself.
extension TableDesign {
    var inputGate: Chain {
        Chain(
            name: "in_gate", base: BaseChain(kind: .filter, hook: .input, priority: -150),
            // A cut is checked first here too: a program of the gateway that goes on sending makes
            // conntrack believe that the gateway began the flow.
            rules: heardClients + closedNotice + cutSenders(to: "cut_in")
                + [Rule([.isReply, .accept], comment: "flows the gateway began")] + strangers
                + dispatch(to: "inspect_in"))
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

    var inputCommit: Chain {
        Chain(
            name: "in_commit", base: BaseChain(kind: .filter, hook: .input, priority: -149),
            rules: [
                Rule([.packetMarkIsClear(mark), .accept], comment: "not a packet of ours"),
                Rule([.packetMark(.block, mark), .goto(chain: "refuse")], comment: "the trigger"),
            ] + cutSenders(to: "cut_in") + passRules + uninspectedRules)
    }

    /// What a cut device may still say to the gateway: keep its address, be found, read the notice.
    var cutInChain: Chain {
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
}
