import Firewall
import Netfilter
import Testing
import Wire

/// The real table in the real kernel: every design installs, prints as it should, and becomes every
/// other in one transaction.
@Suite struct TableDesignTests {
    static let designs: [String: @Sendable () throws -> TableDesign] = [
        "everything": {
            try design(
                tap: .inline(queue: 5, bypass: true), tagged: try everyone,
                allowed: [
                    .init(prefix: try #require(IPPrefix("203.0.113.0/24")), port: 443),
                    .init(prefix: try #require(IPPrefix("2001:db8::1")), port: nil),
                ], keepsGatewayDNS: true, noticePort: 9741)
        },
        "hold makers": {
            try design(
                tap: .inline(queue: 5, bypass: true), holdsDevices: true,
                tagged: .init(makers: [MACPrefix(base: MACAddress(value: 0), length: 24)]),
                uplinks: [try #require(InterfaceName("wan0"))])
        },
        "hold everybody": {
            try design(
                tap: .inline(queue: 5, bypass: true), holdsDevices: true, tagged: try everyone,
                noticePort: 9741)
        },
        "peers": {
            var tagged = TableDesign.Tagged()
            tagged.peerInterfaces = [try #require(InterfaceName("wg0"))]
            tagged.peerPrefixes = [
                try #require(IPPrefix("0.0.0.0/0")), try #require(IPPrefix("10.8.0.0/24")),
                try #require(IPPrefix("fd08::/64")), try #require(IPPrefix("fd08:0:0:1::9")),
            ]
            return try design(
                tap: .inline(queue: 5, bypass: true), holdsDevices: true, tagged: tagged,
                uplinks: [try #require(InterfaceName("wan0"))])
        },
        "peers of one family": {
            var tagged = try everyone
            tagged.peerInterfaces = [try #require(InterfaceName("wg0"))]
            tagged.peerPrefixes = [try #require(IPPrefix("10.8.0.0/24"))]
            return try design(tap: .passive(group: 7), tagged: tagged)
        },
        "made-up MACs": {
            var tagged = TableDesign.Tagged(macs: [MACAddress(value: 7): "phone"])
            tagged.macKinds = [.random]
            tagged.assignedLocal = [
                MACPrefix(base: MACAddress(value: 0x0260_8c00_0000), length: 24)
            ]
            return try design(
                tap: .inline(queue: 5, bypass: true), tagged: tagged,
                uplinks: [try #require(InterfaceName("wan0"))])
        },
        "both kinds of MACs": {
            var tagged = try everyone
            tagged.macKinds = [.random, .fixed]
            tagged.assignedLocal = [
                MACPrefix(base: MACAddress(value: 0x0260_8c00_0000), length: 24)
            ]
            return try design(tap: .inline(queue: 5, bypass: true), tagged: tagged)
        },
        "answers": {
            var answering = try design(
                tap: .inline(queue: 5, bypass: true), holdsDevices: true, tagged: try everyone,
                uplinks: [try #require(InterfaceName("wan0"))])
            answering.readsAnswers = true
            answering.dhcpGroup = 9
            answering.refusedDNS = RefusedDNS(
                port853: true,
                resolvers: [
                    try #require(IPAddress("192.0.2.53")), try #require(IPAddress("2001:db8::53")),
                ])
            return answering
        },
        "passive and closed": {
            try design(tap: .passive(group: 7, isClosed: true), tagged: try everyone)
        },
        "passive": { try design(tap: .passive(group: 7), tagged: try everyone) },
        "nobody": { try design(tap: .passive(group: 7), tagged: .init()) },
        "old kernel": {
            try design(
                tap: .inline(queue: 6, bypass: false), tagged: try everyone, keepsGatewayDNS: true,
                noticePort: 9741,
                capabilities: .init(
                    innerHeader: false, redirect: false, bridge: false, senderSets: false))
        },
        "source only": {
            try design(
                tap: .inline(queue: 5, bypass: true), tagged: try everyone, shape: .sourceOnly)
        },
    ]

    @Test(arguments: designs.keys.sorted())
    func printsAsItShould(name: String) async throws {
        try await inNetworkNamespace {
            let rulesets = try Self.rulesets(name)
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(
                RulesetPlan.changes(from: [:], to: rulesets), features: features)
            #expect(rulesets.drift(in: try connection.readTables()) == [])
            for ruleset in rulesets {
                let listing = try shell(
                    "nft list \(ruleset.family.table)", discardingErrors: true)
                expectEqualLines(normalised(listing), printable(ruleset.text, features))
                #expect(try connection.ownership(ruleset.family) == .owned)
            }
        }
    }

    @Test(arguments: designs.keys.sorted())
    func becomesEveryOther(name: String) async throws {
        try await inNetworkNamespace {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            let current = try Self.rulesets(name)
            try connection.commit(
                RulesetPlan.changes(from: [:], to: current), features: features)
            for other in Self.designs.keys.sorted() {
                let next = try Self.rulesets(other)
                // From what we believe is there, and back from what is.
                try connection.commit(
                    RulesetPlan.changes(from: current, to: next), features: features)
                let there = try connection.readTables()
                #expect(next.drift(in: there) == [], "\(name) to \(other)")
                #expect(there.count == next.count, "\(name) to \(other)")
                try connection.commit(
                    RulesetPlan.changes(from: there, to: current), features: features)
                let back = try connection.readTables()
                #expect(current.drift(in: back) == [], "\(other) back to \(name)")
                #expect(back.count == current.count, "\(other) back to \(name)")
            }
        }
    }

    private static var everyone: TableDesign.Tagged {
        get throws {
            let mac = try #require(MACAddress("64:b4:73:00:00:10"))
            return .init(
                macs: [mac: "phone 1"], exceptMACs: [MACAddress(value: 7)],
                makers: [
                    MACPrefix(base: mac, length: 24), MACPrefix(base: mac, length: 28),
                    MACPrefix(base: mac, length: 36),
                ],
                interfaces: [try #require(InterfaceName("lan0"))],
                prefixes: [
                    try #require(IPPrefix("10.20.0.0/24")), try #require(IPPrefix("10.20.0.7")),
                    try #require(IPPrefix("10.20.1.0/24")), try #require(IPPrefix("fd20::/64")),
                ])
        }
    }

    private static func design(
        tap: TableDesign.Tap, holdsDevices: Bool = false, tagged: TableDesign.Tagged,
        allowed: [TableDesign.Allowed] = [],
        keepsGatewayDNS: Bool = false, noticePort: UInt16? = nil,
        shape: TableDesign.Shape = .complete, uplinks: [InterfaceName] = [],
        capabilities: TableCapabilities = .all
    ) throws -> TableDesign {
        TableDesign(
            tap: tap, holdsDevices: holdsDevices, mark: MarkField(mask: 0x000f_0000), shape: shape,
            tagged: tagged,
            allowed: allowed, keepsGatewayDNS: keepsGatewayDNS, noticePort: noticePort,
            uplinks: uplinks,
            capabilities: capabilities)
    }

    private static func rulesets(_ name: String) throws -> [Ruleset] {
        let make = try #require(designs[name])
        let cut = SetElement(.mac(MACAddress(value: 0x0200_0000_0031)), comment: "B-7F3K")
        let down = SetElement(.address(try #require(IPAddress("10.20.0.31"))), comment: "B-7F3K")
        return try make().rulesets(cut: ["blocked_mac": [cut], "down_ip4": [down]])
    }
}
