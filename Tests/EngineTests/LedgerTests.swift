import Engine
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
        for entries in forged { #expect(Ledger(entries).firstBreak == 3) }
        var short = entries
        short.remove(at: 2)
        #expect(Ledger(short).firstBreak == 3)
        var swapped = entries
        swapped.swapAt(2, 3)
        #expect(Ledger(swapped).firstBreak == 3)
    }
}
