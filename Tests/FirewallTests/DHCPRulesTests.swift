import Firewall
import Testing
import Wire

/// What devices say of themselves is copied, whichever DHCP they say it by.
@Suite struct DHCPRulesTests {
    private func texts(
        group: UInt16? = 9, shape: TableDesign.Shape = .complete
    ) -> [String] {
        TableDesign(
            tap: .inline(queue: 1, bypass: true), mark: MarkField(mask: 0x000f_0000),
            shape: shape, tagged: .init(), allowed: [], keepsGatewayDNS: false, dhcpGroup: group,
            noticePort: nil, capabilities: .all
        ).rulesets(cut: [:]).map(\.text)
    }

    @Test func bothAreCopiedOnTheWayInAndFromPortToPort() throws {
        let texts = texts()
        let (routed, bridge) = (try #require(texts.first), try #require(texts.last))
        let copied = "log prefix \"regionlock-dhcp\" group 9"
        func lines(_ text: String) -> [Substring] {
            text.split(separator: "\n").filter { $0.contains(copied) }
        }
        let first = lines(routed)
        try #require(first.count == 2)
        #expect(first[0].contains("udp dport 67 \(copied)"))
        #expect(first[1].contains("udp dport 547 \(copied)"))
        let across = lines(bridge)
        try #require(across.count == 2)
        #expect(across[0].contains("udp sport 68 udp dport 67 \(copied)"))
        #expect(across[1].contains("udp sport 546 udp dport 547 \(copied)"))
    }

    /// A copy must be taken before anything accepts or drops, and a cut device's goes on.
    @Test func copiesAreTakenFirst() throws {
        let table = try #require(
            TableDesign(
                tap: .inline(queue: 1, bypass: true), mark: MarkField(mask: 0x000f_0000),
                shape: .complete, tagged: .init(), allowed: [], keepsGatewayDNS: false,
                dhcpGroup: 9, noticePort: nil, capabilities: .all
            ).rulesets(cut: [:]).first)
        let gate = try #require(table.chains.first { $0.name == "in_gate" })
        for (rule, port) in zip(gate.rules, [67, 547] as [UInt16]) {
            #expect(rule.statements.first == .destinationPort(.udp, port))
            #expect(rule.statements.count == 2, "the packet goes on")
        }
        let cut = try #require(table.chains.first { $0.name == "cut_in" })
        #expect(cut.rules.contains { $0.statements == [.destinationPort(.udp, 547), .accept] })
    }

    @Test func withoutAGroupNothingIsCopied() {
        #expect(!texts(group: nil).joined().contains("regionlock-dhcp"))
        #expect(!texts(shape: .sourceOnly).joined().contains("regionlock-dhcp"))
    }
}
