import Wire

/// What of a tagged device's packets is inspected.
///
/// With an inline tap a flow on any port is, from its first payload on, until the daemon has seen
/// what it is: the verdict puts that into the flow's ct mark. Copies have no verdict, so with a
/// passive tap nothing would ever end the copying, and only the usual ports are inspected.
extension TableDesign {
    var isAnyPort: Bool {
        guard case .inline = tap else { return false }
        return true
    }

    /// On the way through the gateway.
    var inspectChain: Chain {
        let http = Rule(
            [.destinationPort(.tcp, 80)] + payload + [lookedInto], comment: "every HTTP request")
        let rules: [Rule]
        if isAnyPort {
            rules =
                [http] + settledRules + [
                    // The service is on the device: what it answers asks for nothing.
                    Rule([.isReply, heldOnly])
                ] + anyPortRules
        } else {
            rules = [
                http,
                Rule([.destinationPort(.tcp, 443)] + payload + [lookedInto], comment: "TLS"),
                Rule([.destinationPort(.udp, 443), lookedInto], comment: "QUIC"),
            ]
        }
        return Chain(name: "inspect", rules: dnsRules + refusedDNSRules + rules + heldRules)
    }

    /// On the way to the gateway itself. A redirected packet's header names the program's port;
    /// where it was sent to stands in conntrack alone, so the mark tells the daemon.
    var inspectInChain: Chain {
        func redirected(
            _ transport: TransportProtocol, _ port: UInt16, _ value: MarkField.Value?
        ) -> Rule {
            let mark: [Statement] = value.map { [.setPacketMark($0, self.mark)] } ?? []
            return Rule(
                [.originalPort(transport, port)] + (transport == .tcp ? payload : [])
                    + (port == 53 ? asked : []) + mark + [lookedInto])
        }
        let known = [
            redirected(.udp, 53, .redirectedDNS), redirected(.tcp, 53, .redirectedDNS),
            redirected(.tcp, 80, .knownHTTP),
        ]
        let rules: [Rule]
        if isAnyPort {
            rules =
                settledRules + [
                    Rule([.destinationPort(.udp, 67), .accept], comment: "DHCP shows no name"),
                    Rule([.destinationPort(.udp, 547), .accept]),
                ] + anyPortRules
        } else {
            rules = [redirected(.tcp, 443, nil), redirected(.udp, 443, nil)]
        }
        return Chain(
            name: "inspect_in", rules: dnsRules + refusedDNSRules + known + rules + heldRules)
    }

    private var dnsRules: [Rule] {
        [
            // No ct mark lets DNS by: one five-tuple carries many questions.
            Rule(
                [.destinationPort(.udp, 53)] + asked + [lookedInto], comment: "every DNS question"),
            Rule([.destinationPort(.tcp, 53)] + payload + asked + [lookedInto]),
        ]
    }

    /// Flows that the daemon has seen the beginning of.
    private var settledRules: [Rule] {
        [
            Rule(
                [.connectionMark(.http, mark), .layer4(.tcp)] + payload + [
                    .setPacketMark(.knownHTTP, mark), lookedInto,
                ], comment: "HTTP on another port"),
            Rule([.connectionMark(.pass, mark), heldOnly], comment: "was seen and is harmless"),
        ]
    }

    /// Flows whose beginning is still to come. A frame to a group of receivers asks no service, and
    /// the kernel drops those of its copies on a bridge that would wait in a queue.
    private var anyPortRules: [Rule] {
        [
            Rule([.layer4(.tcp)] + payload + [lookedInto], comment: "TLS or HTTP on any port"),
            Rule([.layer4(.udp), .isUnicast, lookedInto], comment: "QUIC on any port"),
        ]
    }

    /// Where a packet goes that shows no name itself.
    private var heldOnly: Statement { isHolding ? .goto(chain: "held") : .accept }
}
