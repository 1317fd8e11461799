import Foundation
import Logging
import Systemd
import Testing

@Suite struct JournalTests {
    @Test func fieldsArriveAsTheyWereSent() throws {
        let journald = try PrivateJournal()
        let journal = try Journal(path: journald.socketPath)
        let hostile = "first\nPRIORITY=0\nREGIONLOCK_FORGED=1\n"
        var entry = JournalEntry()
        entry.add("MESSAGE", "Geräte \u{1F4F5} = tricky=1")
        entry.add("REGIONLOCK_DEVICE", "64:b4:73:00:00:01")
        entry.add("REGIONLOCK_REASON", hostile)
        entry.add("REGIONLOCK_EMPTY", "")
        journal.send(entry)
        let found = try journald.entries(
            atLeast: 1, matching: "REGIONLOCK_DEVICE=64:b4:73:00:00:01")
        #expect(found[0]["MESSAGE"] as? String == "Geräte \u{1F4F5} = tricky=1")
        #expect(found[0]["REGIONLOCK_REASON"] as? String == hostile)
        #expect(found[0]["REGIONLOCK_EMPTY"] as? String == "")
        #expect(found[0]["REGIONLOCK_FORGED"] == nil)
        #expect(found[0]["PRIORITY"] == nil)
        #expect(journal.backlog == (0, 0))
    }

    @Test func anEntryTooLongForADatagramArrives() throws {
        let journald = try PrivateJournal()
        let journal = try Journal(path: journald.socketPath)
        let long = String(repeating: "0123456789", count: 60_000)
        var entry = JournalEntry()
        entry.add("MESSAGE", long)
        entry.add("REGIONLOCK_TEST", "long")
        journal.send(entry)
        let found = try journald.entries(atLeast: 1, matching: "REGIONLOCK_TEST=long")
        #expect(found[0]["MESSAGE"] as? String == long)
    }

    @Test func aStoppedJournalNeverBlocksAndEveryLossIsCounted() throws {
        let journald = try PrivateJournal()
        let journal = try Journal(path: journald.socketPath)
        let count = 5_000
        kill(journald.processID, SIGSTOP)
        let taken = ContinuousClock().measure {
            for number in 1...count {
                var entry = JournalEntry()
                entry.add("MESSAGE", "entry \(number)")
                entry.add("REGIONLOCK_TEST", "flood")
                journal.send(entry)
            }
        }
        #expect(taken < .seconds(5), "one blocked send alone would last for ever")
        let backlog = journal.backlog
        #expect(backlog.spooled == Journal.maximumSpooled)
        #expect(backlog.lost > 0)
        kill(journald.processID, SIGCONT)
        try waitUntil("the spool is empty") {
            journal.flush()
            return journal.backlog == (0, 0) ? () : nil
        }
        let found = try journald.entries(
            atLeast: count - backlog.lost, matching: "REGIONLOCK_TEST=flood")
        #expect(found.count + backlog.lost == count)
        #expect(found.last?["MESSAGE"] as? String == "entry \(count)")
        let report = try journald.entries(
            atLeast: 1, matching: "MESSAGE_ID=\(MessageID.journalEntriesLost.hex)")
        #expect(report.count == 1)
        #expect(report[0]["REGIONLOCK_LOST"] as? String == String(backlog.lost))
    }

    @Test func withoutAReceiverEntriesWaitWithinTheLimit() throws {
        let journal = try Journal(path: "/nonexistent/regionlock/socket")
        var entry = JournalEntry()
        entry.add("MESSAGE", "x")
        for _ in 0..<Journal.maximumSpooled + 7 { journal.send(entry) }
        #expect(journal.backlog == (Journal.maximumSpooled, 7))
    }

    @Test func anOversizedEntryIsCountedNotKept() throws {
        let journal = try Journal(path: "/nonexistent/regionlock/socket")
        var entry = JournalEntry()
        entry.add("MESSAGE", String(repeating: "x", count: Journal.maximumEntryLength))
        journal.send(entry)
        #expect(journal.backlog == (0, 1))
    }

    @Test(arguments: [
        ("MESSAGE", true), ("REGIONLOCK_A1", true), ("_PID", false), ("1A", false), ("", false),
        ("lower", false), ("A B", false), ("A=B", false), ("A\nB", false), ("Ä", false),
        (String(repeating: "A", count: 64), true), (String(repeating: "A", count: 65), false),
    ])
    func fieldNamesAreChecked(name: String, isTaken: Bool) {
        var entry = JournalEntry()
        #expect(entry.add(name, "value") == isTaken)
        #expect(entry.bytes.isEmpty == !isTaken)
    }

    @Test func aLogRecordBecomesFields() throws {
        let journald = try PrivateJournal()
        let journal = try Journal(path: journald.socketPath)
        var handler = JournalLogHandler(.journal(journal))
        handler[metadataKey: "site"] = "havana"
        let logger = Logger(label: "test") { [handler] _ in handler }
        logger.debug("not at this level")
        logger.warning(
            "Device was cut off.",
            metadata: [
                "MESSAGE_ID": "\(MessageID.blockCreated.hex)", "latency-us": "412",
                "PRIORITY": "0", "region": "UA-43",
            ])
        let found = try journald.entries(
            atLeast: 1, matching: "MESSAGE_ID=\(MessageID.blockCreated.hex)")
        let entry = found[0]
        #expect(found.count == 1)
        #expect(entry["MESSAGE"] as? String == "Device was cut off.")
        #expect(entry["PRIORITY"] as? String == "4")
        #expect(entry["REGIONLOCK_PRIORITY"] as? String == "0")
        #expect(entry["REGIONLOCK_SITE"] as? String == "havana")
        #expect(entry["REGIONLOCK_REGION"] as? String == "UA-43")
        #expect(entry["REGIONLOCK_LATENCY_US"] as? String == "412")
        #expect(entry["SYSLOG_IDENTIFIER"] as? String == "regionlockd")
        #expect((entry["CODE_FILE"] as? String)?.hasSuffix("JournalTests.swift") == true)
    }

    @Test func withoutAJournalALogRecordIsOneLine() throws {
        try confirmLines([
            "warning Device \\u{1b}[31m was\\ncut off. device=\"a phone\" region=UA-43"
        ]) { logger in
            logger.warning(
                "Device \u{1b}[31m was\ncut off.",
                metadata: ["region": "UA-43", "device": "a phone", "MESSAGE_ID": "00"])
        }
    }

    private func confirmLines(_ expected: [String], _ body: (Logger) -> Void) throws {
        let lines = Lines()
        let handler = JournalLogHandler(.lines { lines.add($0) })
        body(Logger(label: "test") { _ in handler })
        #expect(lines.all == expected)
    }
}

/// Collects lines; the handler may be called from any thread.
private final class Lines: @unchecked Sendable {
    private let lock = NSLock()
    private var lines: [String] = []

    func add(_ line: String) { lock.withLock { lines.append(line) } }
    var all: [String] { lock.withLock { lines } }
}
