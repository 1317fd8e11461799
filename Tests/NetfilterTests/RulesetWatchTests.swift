import Firewall
import Foundation
import Glibc
import Netfilter
import Testing
import Wire

/// What is told of changes that others make to our tables.
@Suite struct RulesetWatchTests {
    private static let set = NftSet(name: "blocked", key: .etherAddress)
    private static let ours = [
        TableChange(.inet, [.addTable, .addSet(set), .addChain(name: "gate", base: nil)])
    ]

    /// A table without an owner, as on kernels before 6.9: everybody may change it.
    private static func connectToPlainTable() throws -> NftConnection {
        try shell("nft add table inet regionlock")
        var connection = try NftConnection.open()
        try connection.commit(ours, features: try connection.probe())
        return connection
    }

    private static func touches(_ watch: inout RulesetWatch) throws -> [RulesetTouch] {
        var touches: [RulesetTouch] = []
        try watch.receive { touches.append($0) }
        return touches
    }

    private static func elements(_ range: Range<UInt64>) -> [SetElement] {
        range.map { SetElement(.mac(MACAddress(value: $0))) }
    }

    @Test func ourOwnChangesAreNotTold() async throws {
        try await inNetworkNamespace {
            var connection = try Self.connectToPlainTable()
            let features = try connection.probe()
            var watch = try RulesetWatch.open(besides: connection)
            try watch.listen()
            try connection.commit(
                [TableChange(.inet, [.addElements(set: Self.set, Self.elements(1..<5_000))])],
                features: features)
            #expect(try Self.touches(&watch).isEmpty)

            // The control: the same by another socket of the same process is told, with its name.
            var stranger = try NftConnection.open()
            try stranger.commit(
                [TableChange(.inet, [.addElements(set: Self.set, Self.elements(5_000..<5_010))])],
                features: features)
            let told = try Self.touches(&watch)
            #expect(told.count == 1)
            #expect(told.first?.writer?.processID == UInt32(threadID()))
            #expect(told.first?.count == 10)
            #expect(told.first?.descriptions == ["elements of set blocked added"])
        }
    }

    @Test func otherTablesAreNotOurBusiness() async throws {
        try await inNetworkNamespace {
            let connection = try Self.connectToPlainTable()
            var watch = try RulesetWatch.open(besides: connection)
            try watch.listen()
            try shell(
                """
                nft add table inet shop
                nft add table ip regionlock
                nft 'add chain inet shop regionlock { type filter hook forward priority 0; }'
                nft delete table inet shop
                nft delete table ip regionlock
                """)
            #expect(try Self.touches(&watch).isEmpty)

            // One transaction over theirs and ours is told once, by what it did to ours.
            try shell(
                """
                echo 'add table inet shop; add chain inet shop c; flush set inet regionlock blocked
                add rule inet regionlock gate accept' | nft -f -
                """)
            let told = try Self.touches(&watch)
            #expect(told.count == 1)
            #expect(told.first?.writer?.name == "nft")
            #expect(told.first?.families == [.inet])
            #expect(told.first?.isTableDeleted == false)
            #expect(told.first?.descriptions == ["rules of chain gate added"])
        }
    }

    /// More than fits: the touch of ours is lost with the rest, and the loss is what is told.
    @Test func aBurstThatDoesNotFitIsTold() async throws {
        try await inNetworkNamespace {
            let connection = try Self.connectToPlainTable()
            var small = try RulesetWatch.open(besides: connection, receiveBuffer: 16_384)
            try small.listen()
            var large = try RulesetWatch.open(besides: connection)
            try large.listen()
            let list = (1...20_000).map { "10.\($0 >> 16).\($0 >> 8 & 255).\($0 & 255)" }
            let file = "/tmp/rl-burst-\(UUID().uuidString.prefix(8)).nft"
            defer { unlink(file) }
            try """
            table inet shop {
                set many { type ipv4_addr; elements = { \(list.joined(separator: ", ")) } }
            }

            """.write(toFile: file, atomically: true, encoding: .utf8)
            try shell("nft -f \(file); nft add rule inet regionlock gate drop")
            let told = try Self.touches(&small)
            #expect(told.contains { $0.writer == nil })
            #expect(!told.contains { $0.writer != nil }, "the touch itself should not have fitted")
            // The control: with room for it nothing is lost, and the touch has its writer.
            #expect(try Self.touches(&large).map { $0.writer?.name } == ["nft"])

            // After the loss it hears again.
            try shell("nft add rule inet regionlock gate accept")
            #expect(try Self.touches(&small).map { $0.writer?.name } == ["nft"])
        }
    }

    /// A process calls itself what it likes: fifteen octets of it come, none of them changed.
    @Test(arguments: [
        ("a\"b\\c\u{1b}[2J\nx\u{7}", "a\"b\\c\u{1b}[2J\nx\u{7}"),
        ("sixteen-octets-x", "sixteen-octets-"), ("ñandú", "ñandú"),
    ])
    func theWritersNameComesAsItIs(name: String, told: String) async throws {
        try await inNetworkNamespace {
            let connection = try Self.connectToPlainTable()
            var watch = try RulesetWatch.open(besides: connection)
            try watch.listen()
            let directory = "/tmp/rl-name-\(UUID().uuidString.prefix(8))"
            try FileManager.default.createDirectory(
                atPath: directory, withIntermediateDirectories: false)
            defer { try? FileManager.default.removeItem(atPath: directory) }
            // exec(2) names a process after its file.
            let nft = try shell("command -v nft").split(separator: "\n").first ?? ""
            try FileManager.default.copyItem(atPath: String(nft), toPath: "\(directory)/\(name)")
            try shell("\(directory)/* add rule inet regionlock gate accept")
            #expect(try Self.touches(&watch).map { $0.writer?.name } == [told])
        }
    }
}
