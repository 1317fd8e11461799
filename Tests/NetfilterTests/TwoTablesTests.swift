import Firewall
import Glibc
import Netfilter
import Testing
import Wire

/// Changes that go through both of our tables at once.
@Suite struct TwoTablesTests {
    private static let set = NftSet(name: "blocked", key: .etherAddress)
    private static let phone = SetElement(.mac(MACAddress(value: 9)), comment: "B-7F3K")
    private static let both = TableFamily.allCases.map {
        TableChange($0, [.addTable, .addSet(set)])
    }

    @Test func aRefusalInOneUndoesBothAndNamesItsTable() async throws {
        try await inNetworkNamespace {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(Self.both, features: features)
            let before = try connection.readTables()
            let error = #expect(throws: NetfilterError.self) {
                try connection.commit(
                    [
                        TableChange(.inet, [.addElements(set: Self.set, [Self.phone])]),
                        TableChange(.bridge, [.deleteElements(set: Self.set, [Self.phone])]),
                    ], features: features)
            }
            #expect(error?.code == ENOENT && error?.operationIndex == 1)
            let words = "delete element 00:00:00:00:00:09 of set blocked of table bridge regionlock"
            #expect(error?.description.hasPrefix(words) == true, "\(String(describing: error))")
            #expect(try connection.readTables() == before)
        }
    }

    /// Somebody made one of them; the other is owned all the same.
    @Test(arguments: TableFamily.allCases)
    func oneWithoutOwnerLeavesTheOtherItsOwner(plain: TableFamily) async throws {
        try await inNetworkNamespace {
            try shell("nft add \(plain.table)")
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try #require(features.ownerPersist && features.bridgeTable)
            try connection.commit(Self.both, features: features)
            for family in TableFamily.allCases {
                #expect(try connection.ownership(family) == (family == plain ? .plain : .owned))
                #expect(try connection.readTable(family)?.sets.keys.sorted() == ["blocked"])
            }
        }
    }

    @Test func bothOutliveAFlush() async throws {
        try await inNetworkNamespace {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(Self.both, features: features)
            let before = try connection.readTables()
            try shell("nft flush ruleset")
            #expect(try connection.readTables() == before)
            for family in TableFamily.allCases {
                #expect(throws: ShellError.self) { try shell("nft delete \(family.table)") }
            }
        }
    }
}
