import BlockStore
import Engine
import Foundation
import Policy
import Testing

/// A database that was cut short or changed on the disk never loses a block without saying so.
@Suite struct DamageTests {
    private let directory: TemporaryDirectory
    private var state: String { directory.path + "/state" }

    init() throws { directory = try TemporaryDirectory() }

    /// The same 80 blocks as a clean stop leaves them, and as a kill does: the last in the WAL.
    private func makeTemplates() throws -> (closed: String, killed: String, EngineSnapshot) {
        let closed = directory.path + "/closed"
        let killed = directory.path + "/killed"
        do {
            let store = try StateStore.open(directory: state)
            for number in 0..<60 {
                try store.apply([
                    .put(try Sample.block(number)), .append(try Sample.event(number)),
                ])
            }
        }
        let snapshot: EngineSnapshot
        do {
            let store = try StateStore.open(directory: state)
            for number in 60..<80 { try store.apply([.put(try Sample.block(number))]) }
            try FileManager.default.copyItem(atPath: state, toPath: killed)
            snapshot = try store.load()
        }
        try FileManager.default.copyItem(atPath: state, toPath: closed)
        #expect(FileManager.default.fileExists(atPath: killed + "/regionlock.db-wal"))
        #expect(!FileManager.default.fileExists(atPath: closed + "/regionlock.db-wal"))
        return (closed, killed, snapshot)
    }

    @Test func nothingIsLostInSilence() throws {
        let (closed, killed, expected) = try makeTemplates()
        #expect(expected.blocks.count == 80)
        var reported = 0
        for seed in 0..<UInt64(Self.rounds) {
            let copy = directory.path + "/copy"
            try? FileManager.default.removeItem(atPath: copy)
            var generator = SeededGenerator(seed: seed)
            // Half of the rounds hit a database without a WAL over it, a quarter the WAL itself.
            let (template, file) =
                switch seed % 4 {
                case 0, 1: (closed, "regionlock.db")
                case 2: (killed, "regionlock.db")
                default: (killed, "regionlock.db-wal")
                }
            try FileManager.default.copyItem(atPath: template, toPath: copy)
            let what = try Self.damage(copy, file, &generator)
            do throws(StoreError) {
                let store = try StateStore.open(directory: copy)
                if store.openedAfterLoss != nil {
                    reported += 1
                    // A store that replaced a damaged one works.
                    try store.apply([.putMode(.enforce)])
                } else {
                    let snapshot = try store.load()
                    #expect(snapshot == expected, "seed \(seed): \(what)")
                }
            } catch {
                // The version number itself was hit: refused, not lost.
                #expect(error.kind == .newerSchema, "seed \(seed): \(what): \(error)")
            }
        }
        // The damage must be real damage, and not every round of it.
        #expect(reported > Self.rounds / 4)
        #expect(reported < Self.rounds)
    }

    /// 200 in the suite; more by REGIONLOCK_DAMAGE_ROUNDS.
    private static let rounds =
        ProcessInfo.processInfo.environment["REGIONLOCK_DAMAGE_ROUNDS"].flatMap(Int.init) ?? 200

    private static func damage(
        _ directory: String, _ name: String, _ generator: inout SeededGenerator
    ) throws -> String {
        let file = URL(fileURLWithPath: directory + "/" + name)
        var bytes = try Data(contentsOf: file)
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        let what: String
        switch Int.random(in: 0..<4, using: &generator) {
        case 0, 1:
            let bit = Int.random(in: 0..<8, using: &generator)
            bytes[place] ^= 1 << UInt8(bit)
            what = "\(name): bit \(bit) of byte \(place)"
        case 2:
            bytes.removeSubrange(place...)
            what = "\(name): cut at \(place)"
        default:
            let end = min(place + Int.random(in: 2..<600, using: &generator), bytes.count)
            for index in place..<end { bytes[index] = UInt8.random(in: 0...255, using: &generator) }
            what = "\(name): garbage in \(place)..<\(end)"
        }
        try bytes.write(to: file)
        return what
    }

    @Test func damagedDatabasesAreSetAsideAndBounded() throws {
        for round in 1...5 {
            do {
                try StateStore.open(directory: state).apply([.put(try Sample.block(round))])
            }
            let file = URL(fileURLWithPath: state + "/regionlock.db")
            try Data("not a database, not a database, not a database".utf8).write(to: file)
            let store = try StateStore.open(directory: state)
            let loss = try #require(store.openedAfterLoss)
            #expect(loss.contains("regionlock.db.corrupt-\(round)"), "\(loss)")
            #expect(try store.load() == EngineSnapshot())
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: state)
        let aside = names.filter { $0.contains("corrupt") && !$0.hasSuffix("-wal") }
        #expect(
            aside.sorted() == (3...5).map { "regionlock.db.corrupt-\($0)" }, "\(names)")
    }

    /// Nobody else can have put it there, so it is damage and no trap.
    @Test(arguments: ["regionlock.db", "regionlock.db-wal", "regionlock.commits"])
    func aDirectoryInAFilesPlaceIsSetAside(name: String) throws {
        do { try StateStore.open(directory: state).apply([.put(try Sample.block(1))]) }
        let path = state + "/" + name
        try? FileManager.default.removeItem(atPath: path)
        try FileManager.default.createDirectory(
            atPath: path + "/within", withIntermediateDirectories: true)
        do {
            let store = try StateStore.open(directory: state)
            let loss = try #require(store.openedAfterLoss)
            #expect(loss.contains("\(name): it is a directory"), "\(loss)")
            try store.apply([.put(try Sample.block(2))])
        }
        let store = try StateStore.open(directory: state)
        #expect(store.openedAfterLoss == nil)
        #expect(try store.load().blocks == [try Sample.block(2)])
    }

    @Test func accessRightsArePutRight() throws {
        do { try StateStore.open(directory: state).apply([.put(try Sample.block(1))]) }
        for name in ["regionlock.db", "regionlock.commits"] {
            try FileManager.default.setAttributes(
                [.posixPermissions: 0], ofItemAtPath: state + "/" + name)
        }
        let store = try StateStore.open(directory: state)
        #expect(store.openedAfterLoss == nil)
        #expect(try store.load().blocks == [try Sample.block(1)])
        for name in ["regionlock.db", "regionlock.commits"] {
            let found = try FileManager.default.attributesOfItem(atPath: state + "/" + name)
            #expect(found[.posixPermissions] as? Int == 0o600, "\(name)")
        }
    }

    @Test func numbersOfANewStoreAreAboveThoseOfTheLostOne() throws {
        let before: [Int64]
        do {
            let store = try StateStore.open(directory: state)
            before = try store.apply([.append(try Sample.event(1))])
        }
        try Data("garbage".utf8).write(to: URL(fileURLWithPath: state + "/regionlock.db"))
        let store = try StateStore.open(directory: state)
        let after = try store.apply([.append(try Sample.event(2))])
        #expect(try #require(after.first) > 1_000_000_000)
        #expect(before == [1])
    }

    @Test func anOlderCopyInItsPlaceIsReportedAndKept() throws {
        let old = directory.path + "/old"
        do {
            try StateStore.open(directory: state).apply([.put(try Sample.block(1))])
            try FileManager.default.copyItem(atPath: state + "/regionlock.db", toPath: old)
            try StateStore.open(directory: state).apply([.put(try Sample.block(2))])
        }
        try FileManager.default.removeItem(atPath: state + "/regionlock.db")
        try FileManager.default.copyItem(atPath: old, toPath: state + "/regionlock.db")
        do {
            let store = try StateStore.open(directory: state)
            #expect(try #require(store.openedAfterLoss).contains("the last 1 changes"))
            #expect(try store.load().blocks == [try Sample.block(1)])
        }
        #expect(try StateStore.open(directory: state).openedAfterLoss == nil)
    }

    /// Still a valid database with a valid address in it, but not the device that was cut off.
    @Test func anotherDeviceInARowIsDamage() throws {
        do {
            try StateStore.open(directory: state).apply([.put(try Sample.block(1))])
        }
        let file = URL(fileURLWithPath: state + "/regionlock.db")
        var bytes = try Data(contentsOf: file)
        var hits = 0
        while let hit = bytes.range(of: Data("64:b4:73:00:00:01".utf8)) {
            bytes[hit.upperBound - 1] = UInt8(ascii: "2")
            hits += 1
        }
        try #require(hits == 2, "in the table and in its index")
        try bytes.write(to: file)
        let store = try StateStore.open(directory: state)
        #expect(try #require(store.openedAfterLoss).contains("of a row does not hold what"))
        #expect(try store.load().blocks.isEmpty)
    }

    @Test func aDamagedLineOfHistoryDoesNotHideTheOthers() throws {
        do {
            let store = try StateStore.open(directory: state)
            try store.apply(try (1...3).map { .append(try Sample.event($0)) })
        }
        let file = URL(fileURLWithPath: state + "/regionlock.db")
        var bytes = try Data(contentsOf: file)
        let hit = try #require(bytes.range(of: Data("Device 2 was cut".utf8)))
        bytes[hit.lowerBound] = UInt8(ascii: "d")
        try bytes.write(to: file)
        let events = try StateStore.open(directory: state).events(after: 0, limit: 10)
        #expect(events.map(\.number) == [1, 2, 3])
        #expect(events[1].kind == .storeLost)
        #expect(events[1].text == "Line 2 of the history is damaged and cannot be read.")
        #expect(events[2].text == "Device 3 was cut off.")
    }
}
