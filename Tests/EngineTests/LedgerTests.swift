import Engine
import Firewall
import Policy
import Testing
import Wire

struct LedgerTests {
    private static let start = Timestamp(seconds: 1_795_392_000)

    private func key(_ number: Int) throws -> DeviceKey {
        try #require(DeviceKey("64:b4:73:00:00:\(String(10 + number))"))
    }

    private func filled() throws -> Ledger {
        var ledger = Ledger()
        for number in 0..<5 {
            let entry = ledger.append(
                try key(number), in: try #require(Region("ES")), origin: .seen,
                note: "account.xiaomi.com", at: Self.start.adding(seconds: Int64(number)))
            #expect(entry?.number == Int64(number + 1))
        }
        return ledger
    }

    @Test func onlyTheFirstActivationCounts() throws {
        var ledger = try filled()
        let again = ledger.append(
            try key(2), in: try #require(Region("CU")), origin: .imported, note: "", at: Self.start)
        #expect(again == nil)
        #expect(ledger.entries.count == 5)
        #expect(ledger.first(of: try key(2))?.region.code == "ES")
        #expect(ledger.first(of: try key(9)) == nil)
    }

    @Test func theChainHoldsAfterAReload() throws {
        let ledger = try filled()
        #expect(ledger.firstBreak == nil)
        #expect(Ledger(ledger.entries) == ledger)
        #expect(Ledger(ledger.entries).firstBreak == nil)
    }

    /// Each field of an entry, an entry left out, and two that change places.
    @Test func everyChangeInTheMiddleShows() throws {
        let entries = try filled().entries
        let old = entries[2]
        func changed(
            time: Timestamp? = nil, device: DeviceKey? = nil, region: Region? = nil,
            origin: LedgerEntry.Origin? = nil, note: String? = nil, digest: String? = nil
        ) -> [LedgerEntry] {
            var entries = entries
            entries[2] = LedgerEntry(
                number: old.number, time: time ?? old.time, device: device ?? old.device,
                region: region ?? old.region, origin: origin ?? old.origin,
                note: note ?? old.note, digest: digest ?? old.digest)
            return entries
        }
        let forged = [
            changed(time: Self.start), changed(device: try key(8)), changed(region: Region("CU")),
            changed(origin: .imported), changed(note: "x"), changed(digest: Ledger.origin),
        ]
        for entries in forged { #expect(Ledger(entries).firstBreak?.number == 3) }
        var short = entries
        short.remove(at: 2)
        #expect(Ledger(short).firstBreak?.number == 3)
        var swapped = entries
        swapped.swapAt(2, 3)
        #expect(Ledger(swapped).firstBreak?.number == 3)
    }

    @Test func aBreakSaysWhatStandsThere() throws {
        var entries = try filled().entries
        let third = entries[2]
        entries[2] = LedgerEntry(
            number: 3, time: third.time, device: third.device, region: try #require(Region("CU")),
            origin: third.origin, note: third.note, digest: third.digest)
        let changed = try #require(Ledger(entries).firstBreak)
        #expect(changed.part == .digest && changed.found == third.digest)
        #expect(changed.expected == entries[2].expectedDigest(after: entries[1].digest))
        entries.remove(at: 2)
        #expect(
            Ledger(entries).firstBreak
                == LedgerBreak(number: 3, part: .number, expected: "3", found: "4"))
    }

    /// The store replaces an entry by one of the same number.
    @Test func aGapHasNoEntryOverwritten() throws {
        var entries = try filled().entries
        entries.remove(at: 2)
        var ledger = Ledger(entries)
        let new = ledger.append(
            try key(9), in: try #require(Region("ES")), origin: .seen, note: "", at: Self.start)
        #expect(new?.number == 6)
        #expect(ledger.firstBreak?.number == 3)
    }

    @Test func partsAreFoundByNumber() throws {
        let ledger = try filled()
        #expect(ledger.entries(after: 0, limit: 2).map(\.number) == [1, 2])
        #expect(ledger.entries(after: 3, limit: 9).map(\.number) == [4, 5])
        #expect(ledger.entries(after: 5, limit: 9).isEmpty)
        #expect(Ledger().entries(after: 0, limit: 9).isEmpty)
        #expect(Ledger().head == Ledger.origin && ledger.head == ledger.entries[4].digest)
    }

    // MARK: Imports

    private func world(ledger: [LedgerEntry] = []) throws -> World {
        var world = World()
        world.files["regionlock.yaml"] = "version: 1\ngateway: {mode: enforce}\n"
        world.store.ledger = ledger
        try world.boot()
        return world
    }

    private func claim(_ number: Int, at time: Timestamp = start) throws -> ClaimedActivation {
        ClaimedActivation(
            device: try key(number), region: try #require(Region("ES")), time: time,
            source: "receipt \(number)")
    }

    private static let order = Order(by: "maria", reason: nil)

    @Test func anImportTellsWhoAndHowMany() throws {
        var world = try world(ledger: try filled().entries)
        let list = try [4, 5, 6].map { try claim($0) }
        let result = try #require(
            try world.engine?.importActivations(list, order: Self.order, at: world.now))
        #expect(result.added.map(\.number) == [6, 7] && result.known.map(\.number) == [5])
        #expect(result.added[0].note == "receipt 5, imported by maria")
        world.run(result.effects)
        let event = try #require(world.events.last)
        #expect(event.kind == .ledgerImported && event.by == "maria")
        #expect(
            event.text
                == "2 first activations imported by maria (ledger 6 to 7); 1 known before")
        #expect(world.contradiction == nil && world.engine?.ledger.firstBreak == nil)
        // Once more: nothing is doubled, and nothing has happened.
        let again = try #require(
            try world.engine?.importActivations(list, order: Self.order, at: world.now))
        #expect(again.added.isEmpty && again.known.count == 3 && again.effects.isEmpty)
    }

    @Test func nothingOfTheFutureIsImported() throws {
        var world = try world()
        let list = [try claim(1), try claim(2, at: world.now.adding(seconds: 1))]
        #expect(throws: Refusal.self) {
            try world.engine?.importActivations(list, order: Self.order, at: world.now)
        }
        #expect(world.engine?.ledger.entries.isEmpty == true)
    }

    @Test func aListThatDoesNotFitIsRefusedWhole() throws {
        let region = try #require(Region("ES"))
        let entries = (1..<EngineLimits.ledgerEntries).map { number in
            LedgerEntry(
                number: Int64(number), time: Self.start,
                device: .mac(MACAddress(value: 0x64b4_0000_0000 + UInt64(number))), region: region,
                origin: .seen, note: "", digest: Ledger.origin)
        }
        var engine = BlockEngine(
            book: try world().book(), snapshot: EngineSnapshot(ledger: entries),
            capabilities: .all, references: ReferenceSource(seed: 1))
        #expect(engine.ledger.room == 1)
        #expect(throws: Refusal.self) {
            try engine.importActivations(
                [claim(1), claim(2)], order: Self.order, at: Self.start)
        }
        #expect(engine.ledger.room == 1)
        let result = try engine.importActivations([claim(1)], order: Self.order, at: Self.start)
        #expect(result.added.count == 1 && engine.ledger.room == 0)
    }

    @Test func aBrokenChainIsToldAtTheStart() throws {
        var entries = try filled().entries
        #expect(try world(ledger: entries).events.allSatisfy { $0.kind != .ledgerBroken })
        entries.remove(at: 1)
        let world = try world(ledger: entries)
        let event = try #require(world.events.first { $0.kind == .ledgerBroken })
        #expect(event.text.hasPrefix("entry 2 of the ledger of first activations"))
        #expect(world.engine?.ledgerBreak?.number == 2)
    }
}
