import BlockStore
import Engine
import Foundation
import Policy
import Testing
import Wire

@Suite struct StateStoreTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func reopened(
        _ changes: [StoreChange]
    ) throws -> (store: StateStore, snapshot: EngineSnapshot) {
        do {
            let first = try StateStore.open(directory: directory.path)
            try first.apply(changes)
        }
        let store = try StateStore.open(directory: directory.path)
        #expect(store.openedAfterLoss == nil)
        return (store, try store.load())
    }

    @Test func aNewStoreIsEmpty() throws {
        let (store, snapshot) = try reopened([])
        #expect(snapshot == EngineSnapshot())
        #expect(try store.events(after: 0, limit: 10).isEmpty)
    }

    @Test func everyKindOfBlockComesBack() throws {
        let address = DeviceKey.address(try #require(IPAddress("2001:db8::17")))
        let causes: [Block.Cause] = [
            .policy(name: "p", rule: nil, evidence: nil),
            .policy(
                name: "p", rule: SourceLocation(file: "policy.d/ä 1.yaml", line: 7),
                evidence: Evidence(vector: .dnsTCP, name: "a\u{0}b\n", flow: "f")),
            .policy(
                name: "", rule: nil,
                evidence: Evidence(
                    vector: .http, name: "", flow: "", latencyMicroseconds: .max)),
            .command(reason: "'; DROP TABLE block; --", by: "uid 1000"),
            .adopted(comment: "B-7F3K"),
        ]
        let blocks = try causes.enumerated().map { index, cause in
            Block(
                id: try Sample.blockID(index), device: index == 0 ? address : Sample.device(index),
                cause: cause, site: index == 1 ? "a site" : nil,
                region: index == 2 ? Region("UA-43") : nil, since: Sample.start,
                until: index == 3 ? Sample.start.adding(seconds: 60) : nil)
        }
        let (store, snapshot) = try reopened(blocks.map { .put($0) })
        #expect(snapshot.blocks == blocks)
        #expect(try store.blocks(device: address) == [blocks[0]])
    }

    @Test func whatDevicesHaveSaidComesBack() throws {
        let interface = try #require(InterfaceName("lan0.20"))
        let full = KeptIdentity(
            mac: MACAddress(value: 0x02aa_0000_0001),
            identity: DHCPIdentity(
                hostName: "Redmi\\x20\"9", vendorClass: "android-dhcp-14",
                fingerprint: "1,3,6", clientIdentifier: [0xff, 0, 0, 1],
                uniqueIdentifier: [0, 4, 7]),
            interfaceIdentifiers: [0x9c1d_44a1_0002_0077, .max], interface: interface,
            firstSeen: Sample.start, lastSeen: Sample.start.adding(seconds: 5), isDoubtful: true,
            isCut: true)
        let bare = KeptIdentity(
            mac: MACAddress(value: 0x02aa_0000_0002), identity: DHCPIdentity(),
            interface: interface, firstSeen: Sample.start, lastSeen: Sample.start,
            isDoubtful: false, isCut: false)
        let (store, snapshot) = try reopened([.putIdentity(bare), .putIdentity(full)])
        #expect(snapshot.identities == [full, bare])
        try store.apply([.removeIdentity(full.mac)])
        #expect(try store.load().identities == [bare])
    }

    @Test func anEndedBlockIsFoundByItsReferenceOnly() throws {
        var block = try Sample.block(1)
        block.until = Sample.start.adding(seconds: 9)
        block.state = .released
        block.endedAt = Sample.start.adding(seconds: 3)
        block.endedBecause = "appeal"
        block.endedBy = "ana"
        let (store, snapshot) = try reopened([.put(try Sample.block(1)), .put(block)])
        #expect(snapshot.blocks.isEmpty)
        #expect(try store.block(block.id) == block)
        #expect(try store.blocks(device: block.device) == [block])
        #expect(try store.block(try Sample.blockID(2)) == nil)
    }

    @Test func exemptionsTagsAndModeComeBack() throws {
        let exemptions = [
            Exemption(
                id: "X-1", device: Sample.device(1), policy: nil, since: Sample.start, until: nil,
                by: "ana", reason: ""),
            Exemption(
                id: "X-2", device: Sample.device(2), policy: "p", since: Sample.start,
                until: Sample.start.adding(seconds: 1), by: "ana", reason: "repair"),
        ]
        let tag = try #require(Tag("xiaomi"))
        let tags = [
            GrantedTag(
                device: Sample.device(1), tag: tag, by: "ana", reason: nil, since: Sample.start),
            GrantedTag(
                device: Sample.device(1), tag: .neverBlock, by: "ana", reason: "mine",
                since: Sample.start),
        ]
        let (store, snapshot) = try reopened(
            exemptions.map { .putExemption($0) } + tags.map { .putTag($0) } + [.putMode(.enforce)])
        #expect(snapshot.exemptions == exemptions)
        #expect(Set(snapshot.tags) == Set(tags))
        #expect(snapshot.mode == .enforce)

        try store.apply([
            .endExemption(id: "X-1", at: Sample.start),
            .removeTag(device: Sample.device(1), tag: tag), .putMode(.monitor),
        ])
        let later = try store.load()
        #expect(later.exemptions == [exemptions[1]])
        #expect(later.tags == [tags[1]])
        #expect(later.mode == .monitor)
    }

    /// Blocks, exemptions and the rest of the ledger are not lost for one row of it; its chain says
    /// which one it is.
    @Test func aChangedRowOfTheLedgerIsReadAndFound() throws {
        var ledger = Ledger()
        let region = try #require(Region("UA-30"))
        let entries = (1...3).compactMap { number in
            ledger.append(
                Sample.device(number), in: region, origin: .seen, note: "note-\(number)-of-it",
                at: Sample.start)
        }
        let state = directory.path + "/changed"
        do {
            let store = try StateStore.open(directory: state)
            try store.apply(
                entries.map { .putLedger($0) } + [.put(try Sample.block(1)), .putMode(.enforce)])
        }
        let path = URL(fileURLWithPath: state + "/regionlock.db")
        var bytes = try Data(contentsOf: path)
        let place = try #require(bytes.firstRange(of: Data("note-2-of-it".utf8)))
        bytes.replaceSubrange(place, with: Data("note-7-of-it".utf8))
        try bytes.write(to: path)
        let store = try StateStore.open(directory: state)
        #expect(store.openedAfterLoss == nil)
        let snapshot = try store.load()
        #expect(snapshot.ledger.map(\.note) == ["note-1-of-it", "note-7-of-it", "note-3-of-it"])
        #expect(Ledger(snapshot.ledger).firstBreak?.number == 2)
        #expect(snapshot.blocks.count == 1 && snapshot.mode == .enforce)
    }

    /// A row that cannot be read is missed, wherever it stands, and its number is not given again.
    @Test(arguments: [1, 2, 3])
    func anUnreadableRowOfTheLedgerIsMissed(row: Int) throws {
        var ledger = Ledger()
        let regions = ["UA-30", "ES", "KR"].compactMap { Region($0) }
        let entries = regions.enumerated().compactMap { place, region in
            ledger.append(
                Sample.device(place + 1), in: region, origin: .seen, note: "note", at: Sample.start)
        }
        let state = directory.path + "/unreadable"
        do {
            let store = try StateStore.open(directory: state)
            try store.apply(entries.map { .putLedger($0) } + [.put(try Sample.block(7))])
        }
        let path = URL(fileURLWithPath: state + "/regionlock.db")
        var bytes = try Data(contentsOf: path)
        let mac = Data("\(entries[row - 1].device)".utf8)
        let place = try #require(bytes.firstRange(of: mac))
        bytes[place.lowerBound] = UInt8(ascii: "x")
        try bytes.write(to: path)
        let store = try StateStore.open(directory: state)
        #expect(store.openedAfterLoss == nil)
        let snapshot = try store.load()
        #expect(snapshot.blocks.count == 1)
        #expect(snapshot.ledger == entries.filter { $0.number != row })
        var left = Ledger(snapshot.ledger, lastNumber: snapshot.lastLedgerNumber)
        #expect(left.firstBreak?.number == Int64(row))
        let next = left.append(
            Sample.device(9), in: regions[0], origin: .seen, note: "note", at: Sample.start)
        #expect(next?.number == 4)
    }

    @Test func theLedgerAndStagesComeBack() throws {
        var ledger = Ledger()
        let region = try #require(Region("UA-30"))
        let entries = (1...3).compactMap { number in
            ledger.append(
                Sample.device(number), in: region, origin: number == 2 ? .imported : .seen,
                note: "a.example.com", at: Sample.start)
        }
        let stages = ["a", "b"].map {
            StageStart(device: Sample.device(1), policy: $0, since: Sample.start)
        }
        let event = Event(time: Sample.start.adding(seconds: 9), kind: .tagAdded, text: "")
        let (store, snapshot) = try reopened(
            entries.map { .putLedger($0) } + stages.map { .putStage($0) } + [.append(event)])
        #expect(snapshot.ledger == entries)
        #expect(Ledger(snapshot.ledger).firstBreak == nil)
        #expect(snapshot.stages == stages)
        #expect(snapshot.newest == event.time)
        // A stage that is put again is replaced, not doubled.
        try store.apply([
            .putStage(
                StageStart(device: Sample.device(1), policy: "a", since: event.time))
        ])
        #expect(try store.load().stages.map(\.since) == [event.time, Sample.start])
    }

    @Test(arguments: Event.Kind.allCases)
    func everyKindOfEventComesBack(kind: Event.Kind) throws {
        let bare = Event(time: Sample.start, kind: kind, text: "")
        let full = try Sample.event(4, kind)
        let (store, _) = try reopened([.append(bare), .append(full)])
        var expected = [bare, full]
        for index in expected.indices { expected[index].number = Int64(index + 1) }
        #expect(try store.events(after: 0, limit: 10) == expected)
    }

    @Test func eventNumbersRiseAndAreNeverReused() throws {
        let store = try StateStore.open(directory: directory.path)
        let numbers = try store.apply(try (1...3).map { .append(try Sample.event($0)) })
        #expect(numbers == [1, 2, 3])
        try store.prune(before: Sample.start.adding(seconds: 100))
        #expect(try store.events(after: 0, limit: 10).isEmpty)
        #expect(try store.apply([.append(try Sample.event(200))]) == [4])
    }

    @Test func eventsAreChosenByDeviceAndKind() throws {
        let kinds: [Event.Kind] = [.blockCreated, .tagAdded, .blockReleased]
        let events = try (0..<30).map { try Sample.event($0 % 5, kinds[$0 % 3]) }
        let (store, _) = try reopened(events.map { .append($0) })
        #expect(try store.events(after: 28, limit: 10).map(\.number) == [29, 30])
        #expect(try store.events(limit: 3).map(\.number) == [28, 29, 30])
        #expect(try store.events(before: 4, limit: 2).map(\.number) == [2, 3])
        let device = try store.events(after: 0, limit: 1_000, device: Sample.device(2))
        #expect(device.map(\.number) == [3, 8, 13, 18, 23, 28])
        let kind = try store.events(after: 0, limit: 3, kinds: [.tagAdded, .blockReleased])
        #expect(kind.map(\.number) == [2, 3, 5])
        #expect(try store.events(after: 0, limit: -4).count == 1)
    }

    @Test func theHistoryHasALimit() throws {
        let store = try StateStore.open(
            directory: directory.path, limits: StoreLimits(events: 10))
        for number in 0..<4 {
            try store.apply(try (0..<7).map { .append(try Sample.event(number * 7 + $0)) })
        }
        #expect(try store.events(after: 0, limit: 100).map(\.number) == Array(19...28))
    }

    @Test func pruningKeepsBlocksInForce() throws {
        let store = try StateStore.open(
            directory: directory.path, limits: StoreLimits(endedBlocks: 3))
        try store.apply(
            try (0..<10).map { number in
                var block = try Sample.block(number)
                if number != 0 {
                    block.state = .expired
                    block.endedAt = block.since
                }
                return .put(block)
            })
        try store.prune(before: Sample.start.adding(seconds: 5))
        let kept = try (0..<10).filter { try store.block(try Sample.blockID($0)) != nil }
        #expect(kept == [0, 7, 8, 9])
    }

    @Test func theStoreIsOursAlone() throws {
        let nested = directory.path + "/state"
        let store = try StateStore.open(directory: nested)
        try store.apply([.putMode(.enforce)])
        func mode(_ path: String) throws -> Int {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            return try #require(attributes[.posixPermissions] as? Int)
        }
        #expect(try mode(nested) == 0o700)
        for name in try FileManager.default.contentsOfDirectory(atPath: nested) {
            #expect(try mode("\(nested)/\(name)") == 0o600, "\(name)")
        }
        #expect {
            _ = try StateStore.open(directory: nested)
        } throws: { ($0 as? StoreError)?.kind == .inUse }
        // The refused second owner has changed nothing.
        #expect(try store.load().mode == .enforce)
    }

    @Test(arguments: ["directory", "database", "wal", "hard", "shared", "file"])
    func unsafePathsAreRefused(trap: String) throws {
        let files = FileManager.default
        let state = directory.path + "/state"
        let other = directory.path + "/other"
        try files.createDirectory(atPath: other, withIntermediateDirectories: false)
        try Data("precious".utf8).write(to: URL(fileURLWithPath: other + "/file"))
        if trap != "directory", trap != "file" {
            try files.createDirectory(
                atPath: state, withIntermediateDirectories: false,
                attributes: [.posixPermissions: trap == "shared" ? 0o777 : 0o700])
        }
        let database = state + "/regionlock.db"
        switch trap {
        case "directory":
            try files.createSymbolicLink(atPath: state, withDestinationPath: other)
        case "database":
            try files.createSymbolicLink(atPath: database, withDestinationPath: other + "/file")
        case "wal":
            try files.createSymbolicLink(
                atPath: database + "-wal", withDestinationPath: other + "/file")
        case "hard": try files.linkItem(atPath: other + "/file", toPath: database)
        case "file": try Data().write(to: URL(fileURLWithPath: state))
        default: try files.setAttributes([.posixPermissions: 0o777], ofItemAtPath: state)
        }
        #expect {
            _ = try StateStore.open(directory: state)
        } throws: { ($0 as? StoreError)?.kind == .unsafePath }
        let content = try Data(contentsOf: URL(fileURLWithPath: other + "/file"))
        #expect(content == Data("precious".utf8))
    }
}
