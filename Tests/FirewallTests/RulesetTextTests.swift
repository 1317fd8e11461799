import Firewall
import Foundation
import Testing
import Wire

/// The text against what nft 1.0.6 printed. NetfilterTests install every statement and compare with
/// the nft of the machine.
@Suite struct RulesetTextTests {
    static let field = MarkField(mask: 0x000f_0000)
    static let narrow = MarkField(mask: 0x0000_00f0)

    static let statements: [(Statement, String)] = [
        (.inputInterfaceIn(set: "links"), "iifname @links"),
        (.lacksEthernet, "meta iiftype != ether"),
        (.familyNotIn(set: "alive"), "meta nfproto != @alive"),
        (.connectionMarkIsSet(field), "ct mark & 0x000f0000 != 0x00000000"),
        (
            .connectionMarkIsNot(.pass, field), "ct mark & 0x000f0000 != 0x00010000"
        ),
        (
            .change(set: "a", key: .etherSource, .add(timeoutSeconds: 1)),
            "add @a { ether saddr timeout 1s limit rate over 1/week burst 1 packets }"
        ),
        (
            .change(set: "a", key: .ipv4Source, .refresh(timeoutSeconds: 2)),
            "update @a { ip saddr timeout 2s limit rate over 1/week burst 1 packets }"
        ),
        (.change(set: "a", key: .ipv6Source, .delete), "delete @a { ip6 saddr }"),
        (.return, "return"),
        (.etherSourceIn(set: "dev_mac"), "ether saddr @dev_mac"),
        (.etherDestinationIn(set: "dev_mac"), "ether daddr @dev_mac"),
        (.linkProtocol(.arp), "meta protocol arp"),
        (.neighbourDiscovery, "ip6 hoplimit 255 icmpv6 type 133-137"),
        (.isTCPReset, "tcp flags & rst == rst"),
        (.isUnicast, "meta pkttype host"),
        (.originalPort(.tcp, 443), "meta l4proto tcp ct original proto-dst 443"),
        (
            .etherSourceMasked(length: 24, set: "oui24"),
            "ether saddr & ff:ff:ff:00:00:00 == @oui24"
        ),
        (
            .etherSourceMasked(length: 28, set: "oui28"),
            "ether saddr & ff:ff:ff:f0:00:00 == @oui28"
        ),
        (
            .etherSourceMasked(length: 36, set: "oui36"),
            "ether saddr & ff:ff:ff:ff:f0:00 == @oui36"
        ),
        (.etherSourceNotIn(set: "dev_mac"), "ether saddr != @dev_mac"),
        (
            .etherSourceMaskedNotIn(length: 24, set: "oui24"),
            "ether saddr & ff:ff:ff:00:00:00 != @oui24"
        ),
        (.etherSourceLooks(.random), "ether saddr & 03:00:00:00:00:00 == 02:00:00:00:00:00"),
        (.etherSourceLooks(.fixed), "ether saddr & 03:00:00:00:00:00 == 00:00:00:00:00:00"),
        (.etherSourceLooksNot(.random), "ether saddr & 03:00:00:00:00:00 != 02:00:00:00:00:00"),
        (.sourceIn(set: "a", family: .ipv4), "ip saddr @a"),
        (.sourceIn(set: "a", family: .ipv6), "ip6 saddr @a"),
        (.destinationIn(set: "a", family: .ipv4), "ip daddr @a"),
        (.destinationIn(set: "a", family: .ipv6), "ip6 daddr @a"),
        (.layer4(.tcp), "meta l4proto tcp"),
        (.layer4(.icmp), "meta l4proto icmp"),
        (.layer4(.icmpv6), "meta l4proto ipv6-icmp"),
        (.destinationPort(.udp, 53), "udp dport 53"),
        (.sourcePort(.tcp, 443), "tcp sport 443"),
        (.hasPayload, "@ih,0,8 >= 0x0"),
        (.isReply, "ct direction reply"),
        (.connectionMark(.block, field), "ct mark & 0x000f0000 == 0x00020000"),
        (.packetMark(.pass, narrow), "meta mark & 0x000000f0 == 0x00000010"),
        (.packetMarkIsClear(field), "meta mark & 0x000f0000 == 0x00000000"),
        (.setConnectionMark(.block, field), "ct mark set ct mark & 0xfff2ffff | 0x00020000"),
        (.setConnectionMark(.checked, narrow), "ct mark set ct mark & 0xffffff3f | 0x00000030"),
        (
            .setPacketMark(.knownHTTP, field),
            "meta mark set meta mark & 0xfff5ffff | 0x00050000"
        ),
        (.clearPacketMark(field), "meta mark set meta mark & 0xfff0ffff"),
        (.counter, "counter packets 0 bytes 0"),
        (.queue(number: 5, bypass: true), "queue num 5 bypass"),
        (.queue(number: 0, bypass: false), "queue num 0"),
        (
            .log(group: 7, prefix: "regionlock"),
            "log prefix \"regionlock\" group 7 queue-threshold 1"
        ),
        (.rejectWithTCPReset, "reject with tcp reset"),
        (.rejectAsProhibited, "reject with icmpx admin-prohibited"),
        (.redirect(toPort: 9741), "redirect to :9741"),
        (.accept, "accept"),
        (.drop, "drop"),
        (.jump(chain: "a"), "jump a"),
        (.goto(chain: "a"), "goto a"),
    ]

    @Test(arguments: statements) func statement(_ statement: Statement, prints text: String) {
        #expect(statement.text == text)
    }

    static let prefixes: [(String, String, String)] = [
        ("203.0.113.0/24", "ip saddr 203.0.113.0/24", "ip daddr 203.0.113.0/24"),
        ("203.0.113.1", "ip saddr 203.0.113.1", "ip daddr 203.0.113.1"),
        ("0.0.0.0/0", "ip saddr 0.0.0.0/0", "ip daddr 0.0.0.0/0"),
        ("2001:db8::/32", "ip6 saddr 2001:db8::/32", "ip6 daddr 2001:db8::/32"),
    ]

    @Test(arguments: prefixes)
    func prefix(_ text: String, source: String, destination: String) throws {
        let prefix = try #require(IPPrefix(text))
        #expect(Statement.source(prefix).text == source)
        #expect(Statement.destination(prefix).text == destination)
    }

    /// nft leaves out what a later match implies, and only that.
    static let rules: [(Rule, String)] = [
        (Rule([.layer4(.tcp), .destinationPort(.tcp, 53), .drop]), "tcp dport 53 drop"),
        (
            Rule([.layer4(.tcp), .sourceIn(set: "a", family: .ipv4), .sourcePort(.tcp, 5)]),
            "ip saddr @a tcp sport 5"
        ),
        (Rule([.layer4(.tcp), .rejectWithTCPReset]), "meta l4proto tcp reject with tcp reset"),
        (
            Rule([.destinationPort(.tcp, 53), .accept], comment: "the notice"),
            "tcp dport 53 accept comment \"the notice\""
        ),
    ]

    @Test(arguments: rules) func rule(_ rule: Rule, prints text: String) {
        #expect(rule.text == text)
    }

    static let priorities: [(BaseChain.Hook, Int32, String)] = [
        (.forward, -150, "mangle"), (.forward, -149, "mangle + 1"), (.forward, -160, "mangle - 10"),
        (.forward, -161, "-161"), (.forward, -139, "-139"), (.input, -300, "raw"),
        (.input, 0, "filter"), (.input, 10, "filter + 10"), (.input, 11, "11"),
        (.input, 50, "security"), (.prerouting, -100, "dstnat"), (.prerouting, -101, "dstnat - 1"),
        (.input, -100, "-100"), (.prerouting, 100, "100"),
    ]

    @Test(arguments: priorities)
    func priority(hook: BaseChain.Hook, priority: Int32, words: String) {
        let base = BaseChain(kind: .filter, hook: hook, priority: priority)
        let ruleset = Ruleset(
            sets: [], chains: [Chain(name: "c", base: base, rules: [])], elements: [:])
        let line = "type filter hook \(hook.rawValue) priority \(words); policy accept;"
        #expect(
            ruleset.text == "table inet regionlock {\n\tchain c {\n\t\t\(line)\n\t}\n}\n")
    }

    @Test func setsPrintAsNftSortsThem() throws {
        func elements(_ texts: String...) throws -> Set<SetElement> {
            Set(
                try texts.map { text in
                    let words = text.split(separator: " ", maxSplits: 1)
                    return SetElement(
                        try key(String(words[0])),
                        comment: words.count > 1 ? String(words[1]) : nil)
                })
        }
        let ruleset = Ruleset(
            sets: [
                NftSet(name: "tagged", key: .etherAddress, comment: "tagged devices"),
                NftSet(name: "links", key: .interfaceName),
                NftSet(name: "prefixes", key: .ipv4Address, isInterval: true, comment: "static"),
                NftSet(name: "blocked4", key: .ipv4Address, hasCounter: true, comment: "cut"),
                NftSet(name: "blocked6", key: .ipv6Address),
                NftSet(name: "empty", key: .etherAddress, hasCounter: true),
            ],
            chains: [],
            elements: [
                "tagged": try elements(
                    "64:b4:73:00:00:10 phone 1", "02:00:00:00:00:01", "ff:00:00:00:00:01"),
                "links": try elements("lan1", "br0", "lan10", "abc", "eth0.10", "a", "zz"),
                "prefixes": try elements(
                    "240.0.0.0/4", "11.0.0.0/8", "0.0.0.0/8", "203.0.113.7/32", "10.0.0.0/8 ten"),
                "blocked4": try elements("10.0.0.3", "10.0.0.1 B-7F3K", "9.255.0.1"),
                "blocked6": try elements("fd00::2", "2001:db8::1", "fd00::1 B-7F3K"),
                "empty": [],
            ])
        let file = try #require(
            Bundle.module.url(forResource: "sets", withExtension: "nft", subdirectory: "Golden"))
        #expect(ruleset.text == (try String(contentsOf: file, encoding: .utf8)))
    }

    private func key(_ text: String) throws -> SetKey {
        if let mac = MACAddress(text) { return .mac(mac) }
        if let address = IPAddress(text) { return .address(address) }
        if let prefix = IPPrefix(text) { return .prefix(prefix) }
        return .interface(try #require(InterfaceName(text)))
    }
}
