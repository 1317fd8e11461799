package import ControlAPI
import Policy

extension Report {
    package init(_ entries: [LedgerRecord], _ style: TextStyle) {
        self.init()
        guard !entries.isEmpty else {
            add(note: "No entries.")
            return
        }
        add(entries, style)
    }

    private mutating func add(_ entries: [LedgerRecord], _ style: TextStyle) {
        var table = Table(columns: [
            .init(title: "NUMBER", isRight: true), .init(title: "DEVICE", isFlexible: true),
            .init(title: "MAC"), .init(title: "REGION"), .init(title: "ACTIVATED"),
            .init(title: "ORIGIN"), .init(title: "NOTE", isFlexible: true),
        ])
        table.rows = entries.map { entry in
            [
                Phrase("\(entry.number)"), Phrase(entry.deviceName ?? entry.device),
                Phrase(entry.device), Phrase(entry.region.code), Phrase(style.time(entry.time)),
                Phrase(entry.origin), Phrase(entry.note),
            ]
        }
        add(table: table)
    }

    /// - Parameter digest: the one that was to be found in it.
    package init(_ check: LedgerCheck, noted digest: String?) {
        self.init()
        let count = check.entries == 1 ? "1 entry" : "\(check.entries) entries"
        if let broken = check.broken {
            let what =
                broken.part == "number"
                ? " is missing: entry \(broken.found) stands in its place."
                : " does not follow from those before it."
            add("\(count), ", Phrase("BROKEN", .bad), Phrase(": entry \(broken.number)\(what)"))
            if broken.part != "number" {
                add("  expected: \(broken.expected)")
                add("  found:    \(broken.found)")
            }
            if broken.number > 1 { add("  the last that holds: \(check.head)") }
        } else {
            add("\(count), ", Phrase("whole", .good), Phrase("."))
            add("  head: \(check.head)")
        }
        guard digest != nil else { return }
        if let noted = check.noted {
            add("  The digest given is that of entry \(noted): up to there it is the same ledger.")
        } else {
            add(
                Phrase("NOT FOUND", .bad),
                Phrase(": no entry that holds has the digest given. It is another ledger, or was"),
                Phrase(" made anew."))
        }
    }

    package init(_ reply: LedgerImportReply, _ style: TextStyle) {
        self.init()
        let devices = counted(reply.added, "device")
        if reply.isDryRun {
            add("\(devices) would be added, \(reply.known) known already.")
        } else {
            add(
                Phrase(devices, reply.added > 0 ? .good : .plain),
                Phrase(" added, \(reply.known) known already."))
        }
        if reply.released > 0 {
            let have = reply.isDryRun ? "would have" : reply.released == 1 ? "has" : "have"
            add("\(counted(reply.released, "device")) \(have) the internet back by it.")
        }
        if reply.isDryRun { add(reply.entries, reply.added, style) }
        if !reply.knownEntries.isEmpty {
            add("Known already, and left as they are:")
            add(reply.knownEntries, reply.known, style)
        }
        if !reply.isDryRun, reply.added > 0 { add(note: "  head: \(reply.head)") }
    }

    private mutating func add(_ entries: [LedgerRecord], _ count: Int, _ style: TextStyle) {
        guard !entries.isEmpty else { return }
        add(entries, style)
        if count > entries.count { add("and \(count - entries.count) more") }
    }

    /// What is wrong with a list that was to be imported; each finding may have several lines.
    package init(listFindings findings: [String], errors: Int, warnings: Int) {
        self.init(warnings: findings)
        let counts = "\(counted(errors, "error")), \(counted(warnings, "warning"))."
        add(Phrase(counts, .bad), Phrase(" Nothing was imported."))
    }

    package init(warnings findings: [String]) {
        self.init()
        for finding in findings {
            for line in finding.split(separator: "\n", omittingEmptySubsequences: false) {
                add(text: String(line))
            }
        }
    }
}
