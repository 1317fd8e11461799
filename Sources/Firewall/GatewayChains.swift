import Wire

/// Paths that lead through a program of the gateway: a resolver, a proxy, whatever a REDIRECT or
/// TPROXY rule of the administrator's sends there. Such a program speaks to the internet in the
/// gateway's own name, so a device must be stopped on its way to it and on the way back.
extension TableDesign {
    /// A program of the gateway that is in the middle of an answer goes on sending: what it read
    /// from the internet for a cut device ends here.
    var outputGate: Chain {
        Chain(
            name: "out_gate", base: BaseChain(kind: .filter, hook: .output, priority: -150),
            rules: towardsCut(goto: "cut_out") + answerRules)
    }

    /// The answers to what `cut_in` lets in, and nothing else.
    var cutOutChain: Chain {
        var rules: [Rule] = allowed.isEmpty ? [] : [Rule([.jump(chain: "allow_reply")])]
        rules += [
            Rule([.sourcePort(.udp, 67), .accept], comment: "DHCP stays"),
            Rule([.sourcePort(.udp, 547), .accept], comment: "DHCPv6 stays"),
            Rule([.layer4(.icmp), .accept]),
            Rule([.layer4(.icmpv6), .accept], comment: "neighbour discovery stays"),
            Rule([.isTCPReset, .accept], comment: "our own refusals"),
        ]
        if capabilities.redirect, let noticePort {
            rules.append(Rule([.sourcePort(.tcp, noticePort), .accept], comment: "the notice"))
        }
        if keepsGatewayDNS {
            rules += [TransportProtocol.udp, .tcp].map { Rule([.sourcePort($0, 53), .accept]) }
        }
        return Chain(name: "cut_out", rules: rules + [Rule([.goto(chain: "refuse")])])
    }
}
