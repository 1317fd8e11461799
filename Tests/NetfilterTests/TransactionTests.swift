import Firewall
import Glibc
import Netfilter
import Testing
import Wire

@Suite struct TransactionTests {
    static let set = NftSet(name: "blocked", key: .etherAddress)
    static let absent = SetElement(.mac(MACAddress(value: 1)))

    /// What the kernel refuses, and how the error names it.
    static let refusals: [(FirewallOperation, Int32, String)] = [
        (.deleteElements(set: set, [absent]), ENOENT, "delete element 00:00:00:00:00:01 of set"),
        (.deleteSet(name: "nobody"), ENOENT, "delete set nobody"),
        (.deleteChain(name: "nobody"), ENOENT, "delete chain nobody"),
        (.flushChain(name: "nobody"), ENOENT, "flush chain nobody"),
        (
            .addRule(chain: "chain", Rule([.goto(chain: "nobody")])), ENOENT,
            "add rule to chain chain, \"goto nobody\""
        ),
        (
            .addRule(chain: "chain", Rule([.etherSourceIn(set: "nobody"), .drop])), ENOENT,
            "add rule to chain chain"
        ),
        (.deleteSet(name: "used"), EBUSY, "delete set used"),
        (
            .addElements(set: set, [SetElement(.address(.v4(IPv4Address(value: 1))))]), EINVAL,
            "encode element 0.0.0.1 of set blocked"
        ),
        (
            .addSet(NftSet(name: "blocked", key: .ipv4Address)), EEXIST, "add set blocked"
        ),
    ]

    static let table: [FirewallOperation] = [
        .addTable, .addSet(set), .addSet(NftSet(name: "used", key: .etherAddress)),
        .addChain(name: "chain", base: nil),
        .addRule(chain: "chain", Rule([.etherSourceIn(set: "used"), .drop])),
    ]

    @Test(arguments: refusals)
    func oneRefusalUndoesAllAndNamesItself(
        refused: FirewallOperation, code: Int32, words: String
    ) async throws {
        try await inNetworkNamespace {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit(Self.table, features: features)
            let before = try connection.readTable()
            let good = SetElement(.mac(MACAddress(value: 2)))
            let error = #expect(throws: NetfilterError.self) {
                try connection.commit(
                    [
                        .addElements(set: Self.set, [good]), .addChain(name: "other", base: nil),
                        refused, .deleteChain(name: "other"),
                    ], features: features)
            }
            #expect(error?.code == code)
            #expect(error?.operationIndex == 2)
            #expect(error?.description.hasPrefix(words) == true, "\(String(describing: error))")
            #expect(try connection.readTable() == before)
            // The connection is as good as before.
            try connection.commit([.addElements(set: Self.set, [good])], features: features)
            #expect(try connection.readTable()?.elements[Self.set.name] == [good])
        }
    }

    @Test func addingTwiceChangesNothing() async throws {
        try await inNetworkNamespace {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            let first = SetElement(.mac(MACAddress(value: 7)), comment: "B-1111")
            let again = SetElement(.mac(MACAddress(value: 7)), comment: "B-2222")
            try connection.commit(
                Self.table + [.addElements(set: Self.set, [first])], features: features)
            try connection.commit(
                [.addTable, .addElements(set: Self.set, [again])], features: features)
            #expect(try connection.readTable()?.elements[Self.set.name] == [first])
        }
    }

    @Test func nothingToDoIsNoError() async throws {
        try await inNetworkNamespace {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            try connection.commit([], features: features)
            try connection.commit(
                [.addElements(set: Self.set, []), .deleteElements(set: Self.set, [])],
                features: features)
            #expect(try connection.readTable() == nil)
        }
    }

    @Test func nobodyElseChangesAnOwnedTable() async throws {
        try await inNetworkNamespace {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            #expect(features.ownerPersist, "this test is about kernels from 6.9 on")
            try connection.commit(Self.table, features: features)
            #expect(try connection.ownership() == .owned)

            var other = try NftConnection.open()
            let error = #expect(throws: NetfilterError.self) {
                try other.commit([.deleteTable], features: features)
            }
            #expect(error?.isNotPermitted == true)
            #expect(try other.ownership() != .owned)
            try shell("nft flush ruleset")
            #expect(throws: ShellError.self) {
                try shell("nft delete table inet \(Ruleset.tableName)")
            }
            #expect(try connection.readTable()?.chains.keys.sorted() == ["chain"])
        }
    }

    @Test func theTableOutlivesItsConnectionAndIsClaimedByTheNext() async throws {
        try await inNetworkNamespace {
            let element = SetElement(.mac(MACAddress(value: 9)), comment: "B-7F3K")
            let features = try Self.installAndClose(element)
            var next = try NftConnection.open()
            // Programs that other tests start hold a copy of the closed socket until they exec.
            let deadline = MonotonicClock.nanoseconds() + 2_000_000_000
            while case .ownedByAnother = try next.ownership(),
                MonotonicClock.nanoseconds() < deadline
            {
                sched_yield()
            }
            #expect(try next.ownership() == .orphan)
            let found = try next.readTable()
            #expect(found?.elements[Self.set.name] == [element])
            try next.commit([.addTable], features: features)
            #expect(try next.ownership() == .owned)
            #expect(try next.readTable() == found)
        }
    }

    private static func installAndClose(_ element: SetElement) throws -> KernelFeatures {
        var connection = try NftConnection.open()
        let features = try connection.probe()
        try connection.commit(
            table + [.addElements(set: set, [element])], features: features)
        return features
    }

    /// A plain table cannot be claimed. It is used as it is, and can be made anew in one step.
    @Test func aPlainTableKeepsItsBlocks() async throws {
        try await inNetworkNamespace {
            try shell(
                """
                nft 'table inet \(Ruleset.tableName) {
                  set blocked { type ether_addr; elements = { 00:00:00:00:00:09 }; }
                }'
                """)
            var connection = try NftConnection.open()
            let features = try connection.probe()
            #expect(try connection.ownership() == .plain)
            try connection.commit(
                [.addTable, .addChain(name: "new", base: nil)], features: features)
            #expect(try connection.ownership() == .plain)
            let kept = try connection.readTable()
            #expect(kept?.elements["blocked"] == [SetElement(.mac(MACAddress(value: 9)))])
            #expect(kept?.chains.keys.sorted() == ["new"])
            try connection.commit([.deleteTable] + Self.table, features: features)
            #expect(try connection.ownership() == .owned)
        }
    }
}
