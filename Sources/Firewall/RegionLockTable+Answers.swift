package import Wire

/// What of encrypted DNS is refused to tagged devices, in the kernel alone.
package struct RefusedDNS: Hashable, Sendable {
    /// TCP and UDP port 853: DNS over TLS (RFC 7858), QUIC (RFC 9250) and DTLS (RFC 8094).
    package var port853: Bool
    /// Addresses whose port 443 is refused.
    package var resolvers: Set<IPAddress>

    package init(port853: Bool = false, resolvers: Set<IPAddress> = []) {
        self.port853 = port853
        self.resolvers = resolvers
    }
}

/// Answers to tagged devices' questions. A packet towards a device shows no MAC that would tell
/// whose it is; the flow of its question does. So the rule that queues a question marks the flow,
/// and what comes back in a marked flow waits for its verdict as well: the device must not use an
/// address before we know of it.
extension TableDesign {
    /// The source-only table has no way back to hang this on.
    var isReadingAnswers: Bool { readsAnswers && shape == .complete }

    /// For the rules that hand a question over.
    var asked: [Statement] { isReadingAnswers ? [.setConnectionMark(.answer, mark)] : [] }

    /// At the end of the ways to a device.
    var answerRules: [Rule] {
        guard isReadingAnswers else { return [] }
        return [
            Rule(
                [.connectionMark(.answer, mark), .isReply, .goto(chain: "answers")],
                comment: "answers to tagged devices")
        ]
    }

    /// The way to a device in a flow that carries a mark of ours.
    var downKnownChain: Chain {
        Chain(
            name: "down_known",
            rules: [cutFlowRule] + towardsCut(goto: "cut_down") + answerRules)
    }

    /// The packet mark tells the daemon what it is: the packet's ports may be anybody's, where a
    /// question was redirected.
    var answersChain: Chain {
        Chain(
            name: "answers",
            rules: [
                Rule([.layer4(.udp), .setPacketMark(.answer, mark), .goto(chain: "tap")]),
                Rule(
                    [.layer4(.tcp)] + payload
                        + [.setPacketMark(.answer, mark), .goto(chain: "tap")]),
            ])
    }

    /// Behind `out_gate`. The chain stands whatever the settings: taking a hook away makes the
    /// kernel drop what waits in any queue.
    var outputCommit: Chain {
        var rules = [Rule([.packetMarkIsClear(mark), .accept], comment: "not a packet of ours")]
        if isReadingAnswers {
            rules += [MarkField.Value.checked, .answer].map {
                Rule([.packetMark($0, mark), .clearPacketMark(mark)])
            }
        }
        return Chain(
            name: "out_commit", base: BaseChain(kind: .filter, hook: .output, priority: -149),
            rules: rules)
    }

    // MARK: Encrypted DNS

    /// Behind the rules for plain DNS, which such a device is to use instead.
    var refusedDNSRules: [Rule] {
        var rules: [Rule] = []
        if refusedDNS.port853 {
            rules += [TransportProtocol.tcp, .udp].map {
                Rule([.destinationPort($0, 853), .goto(chain: "refuse")], comment: "encrypted DNS")
            }
        }
        for (set, family) in [
            (TableSets.resolverIPv4, IPFamily.ipv4), (TableSets.resolverIPv6, .ipv6),
        ] where resolverElements.contains(where: { $0.0 == set }) {
            rules += [TransportProtocol.tcp, .udp].map {
                Rule([
                    .destinationPort($0, 443), .destinationIn(set: set.name, family: family),
                    .goto(chain: "refuse"),
                ])
            }
        }
        return rules
    }

    /// Sets are made only where they have elements: a device's packet pays for each lookup.
    var resolverElements: [(NftSet, Set<SetElement>)] {
        var v4: Set<SetElement> = []
        var v6: Set<SetElement> = []
        for address in refusedDNS.resolvers {
            switch address {
            case .v4: v4.insert(SetElement(.address(address)))
            case .v6: v6.insert(SetElement(.address(address)))
            }
        }
        return [(TableSets.resolverIPv4, v4), (TableSets.resolverIPv6, v6)].filter {
            !$0.1.isEmpty
        }
    }
}
