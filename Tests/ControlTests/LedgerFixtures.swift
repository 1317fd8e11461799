import ControlAPI
import Wire

/// A ledger of three entries, with the digests that Python's hashlib gave for them.
extension Fixtures {
    static let ledger = [
        LedgerRecord(
            number: 1, time: time("2026-11-20T09:12:44.114Z"), device: "02:00:00:00:00:07",
            deviceName: "bench-phone-7",
            region: region("ES"), origin: "seen", note: "account.xiaomi.com",
            digest: "df702f32d9455234bb4e83b7376fe7c77cce3f1b04308c11a1509bb3f5f2c51b"),
        LedgerRecord(
            number: 2, time: time("2025-03-02T00:00:00Z"), device: "64:b4:73:00:00:10",
            region: region("UA-30"), origin: "imported",
            note: "shop \"Київ, Хрещатик\", imported by maria",
            digest: "3249973054feb0a524d0ca0abbf730a426e03d8e096ec743acc2f4be20088c50"),
        LedgerRecord(
            number: 3, time: time("2026-11-22T18:00:01.5Z"), device: "64:b4:73:00:00:11",
            region: region("MX"), origin: "seen", note: "account.xiaomi.com",
            digest: "b58d1ae954aeb6a473c6953a195cd1edf548d5295fc7e91fcaef18a6c5b75c5c"),
    ]
    static let wholeLedger = LedgerCheck(entries: 3, head: ledger[2].digest)
    static let brokenLedger = LedgerCheck(
        entries: 3, head: ledger[0].digest,
        broken: LedgerCheck.Break(
            number: 2, part: "digest", expected: ledger[1].digest, found: ledger[2].digest))
    static let gappedLedger = LedgerCheck(
        entries: 2, head: ledger[0].digest,
        broken: LedgerCheck.Break(number: 2, part: "number", expected: "2", found: "3"))
    static let claim = ActivationClaim(
        device: "64:b4:73:00:00:12", region: region("ES"), activatedAt: time("2025-03-02"),
        source: "receipt 881")
    static let wouldImport = LedgerImportReply(
        added: 1, known: 1, released: 1, isDryRun: true, head: ledger[1].digest,
        entries: [ledger[2]], knownEntries: [ledger[0]])
    static let imported = LedgerImportReply(
        added: 1, known: 0, released: 0, isDryRun: false, head: ledger[2].digest,
        entries: [ledger[2]], knownEntries: [])
}
