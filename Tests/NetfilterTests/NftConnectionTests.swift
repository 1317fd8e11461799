import Firewall
import Netfilter
import Testing
import Wire

@Suite struct NftConnectionTests {
    static let taps: [Statement] = [
        .queue(number: 5, bypass: true), .queue(number: 65_535, bypass: false),
        .log(group: 7, prefix: "regionlock"),
    ]

    @Test func probeLeavesNothingBehind() async throws {
        try await inNetworkNamespace {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            print("kernel features: \(features)")
            #expect(features.canQueue)
            #expect(features.logGroup)
            #expect(try shell("nft list ruleset") == "")
            #expect(try connection.readTable() == nil)
        }
    }

    /// The same questions put to nft(8), where it can ask them.
    @Test func probeAgreesWithNft() async throws {
        try await inNetworkNamespace {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            func nftTakes(_ rule: String, _ kind: String = "filter hook forward") -> Bool {
                let chain = "add chain inet t c { type \(kind) priority 0; }"
                let text = "add table inet t; \(chain); add rule inet t c \(rule)"
                return (try? shell("nft --check '\(text)'")) != nil
            }
            #expect(features.nativeQueue == nftTakes("queue num 1"))
            #expect(features.logGroup == nftTakes("log group 1"))
            #expect(features.innerHeaderPayload == nftTakes("tcp dport 1 @ih,0,8 >= 0"))
            #expect(
                features.redirect
                    == nftTakes("tcp dport 1 redirect to :2", "nat hook prerouting"))
        }
    }

    @Test(arguments: taps) func nftPrintsTheRulesetsText(tap: Statement) async throws {
        try await inNetworkNamespace {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            let ruleset = try SampleRuleset.make(tap: tap)
            try connection.commit(
                RulesetPlan.operations(from: nil, to: ruleset), features: features)
            let command = "nft list table inet \(Ruleset.tableName)"
            let listing = try shell(command, discardingErrors: true)
            if case .queue = tap {
                let expressions = try shell("nft --debug=netlink \(command.dropFirst(4))")
                #expect(
                    expressions.contains("[ target name NFQUEUE rev 3 ]")
                        || expressions.contains("[ queue num "))
            }
            expectEqualLines(normalised(listing), printable(ruleset.text, features))
        }
    }

    /// nft reads the text as well, and makes the same of it: no name is a reserved word.
    @Test func nftReadsTheRulesetsText() async throws {
        try await inNetworkNamespace {
            let ruleset = try SampleRuleset.make(tap: .log(group: 7, prefix: "regionlock"))
            try shell("nft --file - <<'END'\n\(ruleset.text)END")
            let listing = try shell("nft list table inet \(Ruleset.tableName)")
            expectEqualLines(normalised(listing), ruleset.text)
            var connection = try NftConnection.open()
            #expect(try connection.readTable() == ruleset.asKernelTable)
        }
    }

    @Test func readsBackWhatItWrote() async throws {
        try await inNetworkNamespace {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            let ruleset = try SampleRuleset.make(tap: .log(group: 7, prefix: "regionlock"))
            try connection.commit(
                RulesetPlan.operations(from: nil, to: ruleset), features: features)
            let table = try #require(try connection.readTable())
            let expected = ruleset.asKernelTable
            #expect(table.sets == expected.sets)
            #expect(table.chains == expected.chains)
            for name in expected.sets.keys {
                #expect(table.elements[name] == expected.elements[name], "set \(name)")
            }
            #expect(table == expected)
            try connection.commit([.deleteTable], features: features)
            #expect(try connection.readTable() == nil)
        }
    }

    @Test func readsIntervalsThatAreNoPrefixes() async throws {
        try await inNetworkNamespace {
            try shell(
                """
                nft 'table inet \(Ruleset.tableName) {
                  set s { type ipv4_addr; flags interval; elements = { 10.0.0.1-10.0.0.6 }; }
                  set m { type mark; elements = { 7 }; }
                  chain out { type filter hook postrouting priority 0; accept; }
                }'
                """)
            var connection = try NftConnection.open()
            let table = try #require(try connection.readTable())
            let prefixes = ["10.0.0.1", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6"]
            #expect(table.elements["s"]?.count == prefixes.count)
            for text in prefixes {
                let prefix = try #require(IPPrefix(text))
                #expect(table.elements["s"]?.contains(SetElement(.prefix(prefix))) == true)
            }
            // What is none of our vocabulary is left out.
            #expect(table.sets.keys.sorted() == ["s"])
            #expect(table.chains.isEmpty)
        }
    }

    @Test func deletesElementsOfEveryKindOfSet() async throws {
        try await inNetworkNamespace {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            let ruleset = try SampleRuleset.make(tap: .counter)
            try connection.commit(
                RulesetPlan.operations(from: nil, to: ruleset), features: features)
            let deletions = ruleset.sets.map { set in
                FirewallOperation.deleteElements(
                    set: set, Array(ruleset.elements[set.name] ?? []))
            }
            try connection.commit(deletions, features: features)
            #expect(try connection.readTable()?.elements.isEmpty == true)
        }
    }
}
