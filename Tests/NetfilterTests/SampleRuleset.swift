import Firewall
import Testing
import Wire

/// Every statement, set type and kind of comment that the vocabulary has.
enum SampleRuleset {
    static let field = MarkField(mask: 0x000f_0000)

    static func make(tap: Statement) throws -> Ruleset {
        Ruleset(sets: sets, chains: try chains(tap: tap), elements: try elements())
    }

    static let sets = [
        NftSet(name: "tagged", key: .etherAddress, comment: "tagged devices"),
        NftSet(name: "links", key: .interfaceName),
        NftSet(name: "prefixes4", key: .ipv4Address, isInterval: true, comment: "small and static"),
        NftSet(name: "prefixes6", key: .ipv6Address, isInterval: true),
        NftSet(name: "blocked4", key: .ipv4Address, hasCounter: true),
        NftSet(name: "blocked6", key: .ipv6Address, hasCounter: true, comment: "cut"),
        NftSet(name: "empty", key: .etherAddress, hasCounter: true),
        NftSet(name: "waiting", key: .etherAddress, upkeep: .packets(limit: 65_536)),
        NftSet(name: "waiting4", key: .ipv4Address, upkeep: .packets(limit: 100), comment: "x"),
        NftSet(name: "waiting6", key: .ipv6Address, upkeep: .packets(limit: 100)),
        NftSet(name: "alive", key: .protocolFamily, upkeep: .expiring(timeoutSeconds: 5)),
    ]

    private static func elements() throws -> [String: Set<SetElement>] {
        func macs(_ texts: String...) throws -> [SetKey] {
            try texts.map { .mac(try #require(MACAddress($0))) }
        }
        func addresses(_ texts: String...) throws -> [SetKey] {
            try texts.map { .address(try #require(IPAddress($0))) }
        }
        func prefixes(_ texts: String...) throws -> [SetKey] {
            try texts.map { .prefix(try #require(IPPrefix($0))) }
        }
        func links(_ texts: String...) throws -> [SetKey] {
            try texts.map { .interface(try #require(InterfaceName($0))) }
        }
        func plain(_ keys: [SetKey]) -> Set<SetElement> { Set(keys.map { SetElement($0) }) }
        func commented(_ keys: [SetKey]) -> Set<SetElement> {
            Set(keys.map { SetElement($0, comment: "B-7F3K of \($0)".filter { $0 != "\"" }) })
        }
        return [
            "tagged": plain(try macs("64:b4:73:00:00:10", "02:00:00:00:00:01")).union(
                commented(try macs("ff:00:00:00:00:01"))),
            "links": plain(try links("lan1", "br0", "lan10", "abc", "eth0.10", "a", "zz")),
            // Neighbours that touch, the first, the last and a single address.
            "prefixes4": plain(
                try prefixes("0.0.0.0/8", "11.0.0.0/8", "203.0.113.7", "240.0.0.0/4")
            ).union(commented(try prefixes("10.0.0.0/8"))),
            "prefixes6": plain(try prefixes("2001:db8::/32", "::/3", "ff00::/8")),
            "blocked4": plain(try addresses("10.0.0.2", "10.0.0.3", "9.255.0.1")).union(
                commented(try addresses("10.0.0.1", "255.255.255.254"))),
            "blocked6": commented(try addresses("fd00::2", "fd00::1", "2001:db8::1")),
        ]
    }

    private static func chains(tap: Statement) throws -> [Chain] {
        [
            Chain(name: "tap", rules: [Rule([.counter, tap], comment: "packets to look at")]),
            Chain(name: "nothing", rules: []),
            Chain(
                name: "gate", base: BaseChain(kind: .filter, hook: .forward, priority: -150),
                rules: try linkRules() + addressRules()),
            Chain(
                name: "commit", base: BaseChain(kind: .filter, hook: .forward, priority: -149),
                rules: transportRules + markRules),
            Chain(
                name: "in_gate", base: BaseChain(kind: .filter, hook: .input, priority: -300),
                rules: [Rule([.log(group: 7, prefix: "regionlock")]), Rule([.accept])]),
            Chain(
                name: "out", base: BaseChain(kind: .filter, hook: .output, priority: -150),
                rules: [Rule([.layer4(.tcp), .rejectWithTCPReset])]),
            Chain(
                name: "early", base: BaseChain(kind: .filter, hook: .prerouting, priority: -200),
                rules: [Rule([.drop], comment: "last")]),
            Chain(
                name: "notice", base: BaseChain(kind: .nat, hook: .prerouting, priority: -105),
                rules: [
                    Rule([
                        .etherSourceIn(set: "tagged"), .destinationPort(.tcp, 80),
                        .redirect(toPort: 9741),
                    ]),
                    Rule([.layer4(.tcp), .redirect(toPort: 9741)]),
                ]),
        ]
    }

    private static func linkRules() throws -> [Rule] {
        [
            Rule([.inputInterface(try #require(InterfaceName("lan0"))), .counter]),
            Rule([.inputInterface(try #require(InterfaceName("a23456789012345"))), .accept]),
            Rule([.outputInterface(try #require(InterfaceName("wan0"))), .accept]),
            Rule([.inputInterfaceIn(set: "links"), .jump(chain: "nothing")]),
            Rule([.etherSourceIn(set: "tagged"), .goto(chain: "tap")]),
            Rule([.etherDestinationIn(set: "tagged"), .goto(chain: "tap")]),
            Rule([.etherSourceMasked(length: 24, set: "tagged"), .goto(chain: "tap")]),
            Rule([.etherSourceMasked(length: 28, set: "tagged"), .goto(chain: "tap")]),
            Rule([.etherSourceMasked(length: 36, set: "tagged"), .goto(chain: "tap")]),
            Rule([.etherSourceIn(set: "tagged"), .etherSourceIn(set: "empty"), .drop]),
            Rule([
                .etherSourceNotIn(set: "tagged"), .etherSourceMaskedNotIn(length: 24, set: "empty"),
                .etherSourceMaskedNotIn(length: 36, set: "tagged"),
                .etherSourceNotIn(set: "empty"), .etherSourceLooksNot(.random), .accept,
            ]),
            Rule([
                .etherSourceLooks(.random), .etherSourceMaskedNotIn(length: 24, set: "empty"),
                .goto(chain: "tap"),
            ]),
            Rule([.etherSourceLooks(.fixed), .goto(chain: "tap")]),
        ]
    }

    private static func addressRules() throws -> [Rule] {
        let prefixes = [
            "203.0.113.0/24", "203.0.113.1", "203.0.0.0/20", "10.0.0.0/8", "0.0.0.0/0",
            "2001:db8::/32", "2001:db8::/45", "2001:db8::1", "::/0",
        ]
        return try [
            Rule([.sourceIn(set: "prefixes4", family: .ipv4), .drop]),
            Rule([.sourceIn(set: "blocked6", family: .ipv6), .drop]),
            Rule([.destinationIn(set: "blocked4", family: .ipv4), .counter, .drop]),
            Rule([.destinationIn(set: "prefixes6", family: .ipv6), .drop]),
            Rule([
                .sourceIn(set: "blocked4", family: .ipv4),
                .destinationIn(set: "prefixes4", family: .ipv4), .destinationPort(.udp, 53), .drop,
            ]),
        ]
            + prefixes.flatMap { text in
                let prefix = try #require(IPPrefix(text))
                return [
                    Rule([.source(prefix), .drop]), Rule([.destination(prefix), .accept]),
                    Rule([.destination(prefix), .destinationPort(.tcp, 443), .accept]),
                ]
            }
    }

    private static var transportRules: [Rule] {
        [Layer4Protocol.icmp, .tcp, .udp, .icmpv6].map { Rule([.layer4($0), .accept]) } + [
            Rule([.destinationPort(.udp, 53), .goto(chain: "tap")], comment: "every DNS query"),
            Rule([.destinationPort(.tcp, 443), .hasPayload, .goto(chain: "tap")]),
            Rule([.sourcePort(.tcp, 80), .accept]),
            Rule([.neighbourDiscovery, .accept]),
            Rule([.isTCPReset, .accept]),
            Rule([.originalPort(.tcp, 443), .hasPayload, .goto(chain: "tap")]),
            Rule([.originalPort(.udp, 53), .goto(chain: "tap")]),
            Rule([.sourcePort(.udp, 53), .destinationPort(.udp, 65_535), .accept]),
            Rule([.layer4(.tcp), .destinationPort(.tcp, 80), .accept]),
            Rule([.layer4(.tcp), .sourceIn(set: "blocked4", family: .ipv4), .accept]),
            Rule([.sourceIn(set: "blocked4", family: .ipv4), .layer4(.icmp), .accept]),
            Rule([.layer4(.tcp), .counter, .rejectWithTCPReset]),
            Rule([.destinationPort(.tcp, 53), .rejectWithTCPReset]),
        ]
    }

    private static var markRules: [Rule] {
        MarkField.Value.allCases.flatMap { value in
            [
                Rule([.connectionMark(value, field), .accept]),
                Rule([.packetMark(value, field), .setConnectionMark(value, field)]),
            ]
        } + [
            Rule([.isReply, .accept]),
            Rule([.packetMarkIsClear(field), .accept], comment: "not a packet of ours"),
            Rule([.clearPacketMark(field)]),
            Rule([.counter, .rejectAsProhibited]),
            Rule([.connectionMarkIsSet(field), .return]),
            Rule([.connectionMarkIsNot(.pass, field), .destinationPort(.tcp, 443), .accept]),
            Rule([.familyNotIn(set: "alive"), .drop]),
        ] + changeRules
    }

    private static var changeRules: [Rule] {
        [
            Rule([.change(set: "waiting", key: .etherSource, .add(timeoutSeconds: 1))]),
            Rule([
                .etherSourceIn(set: "waiting"),
                .change(set: "waiting", key: .etherSource, .refresh(timeoutSeconds: 1)),
            ]),
            Rule([.lacksEthernet, .change(set: "waiting4", key: .ipv4Source, .delete), .return]),
            Rule([
                .lacksEthernet, .sourceIn(set: "waiting6", family: .ipv6),
                .change(set: "waiting6", key: .ipv6Source, .delete), .return,
            ]),
        ]
    }
}
