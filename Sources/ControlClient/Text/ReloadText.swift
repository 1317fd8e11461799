package import ControlAPI
import Policy
import Wire

extension Report {
    package init(_ reply: ReloadReply, _ style: TextStyle) {
        self.init()
        let policies = reply.policies == 1 ? "1 policy" : "\(reply.policies) policies"
        let what = "\(policies) and \(counted(reply.sites, "site"))"
        let now = reply.revision.prefix(4)
        let was = reply.was.prefix(4)
        if reply.isDryRun {
            add(text: "Settings \(now) would be loaded: \(what). In force: \(was).")
        } else {
            add(
                text: "Loaded \(what) in \(reply.milliseconds) ms. "
                    + "Settings \(now) (was \(was)).")
        }
        if let impact = reply.impact { add(impact) }
        for warning in reply.warnings {
            add(Phrase("warning: ", .warning), Phrase(warning.text))
        }
        if let deadline = reply.confirmBy {
            add(
                Phrase("Not confirmed: ", .warning),
                Phrase("at \(style.clock(deadline)) settings \(was) come back by themselves."))
            add(note: "  Keep these: regionlock confirm")
        } else if !reply.isDryRun, now != was {
            add(note: "  Undo: regionlock reload --revision \(was)")
        }
    }

    private mutating func add(_ impact: Impact) {
        let counts = [
            (impact.released, "internet back as soon as the settings are in force for good"),
            (impact.atRisk, "cut off at the next attempt"),
            (impact.spared, "no longer cut off at the next attempt"),
        ].filter { $0.0 > 0 }
        guard !counts.isEmpty else {
            add("No known device is treated otherwise.")
            return
        }
        for (count, text) in counts { add("\(counted(count, "device")): \(text)") }
        var table = Table(columns: [
            .init(title: "DEVICE", isFlexible: true), .init(title: "CHANGE"),
            .init(title: "POLICY"), .init(title: "REGION"),
        ])
        table.rows = impact.devices.map { device in
            let mood: Phrase.Mood = device.change == "at_risk" ? .bad : .good
            return [
                Phrase(device.name), Phrase(device.change, mood), Phrase(device.policy ?? "-"),
                Phrase(device.region?.code ?? "-"),
            ]
        }
        add(table: table)
        let more = impact.released + impact.atRisk + impact.spared - impact.devices.count
        if more > 0 { add("and \(more) more") }
    }

    package init(_ reply: ConfirmReply) {
        self.init()
        let revision = reply.revision.prefix(4)
        add(
            text: reply.isChanged
                ? "Settings \(revision) are confirmed and stay."
                : "Nothing waited to be confirmed. Settings \(revision) are in force.")
    }

    package init(_ revisions: [RevisionRecord], _ style: TextStyle) {
        self.init()
        var table = Table(columns: [
            .init(title: "REVISION"), .init(title: "LOADED"), .init(title: "STATE"),
        ])
        table.rows = revisions.map { record in
            [
                Phrase(String(record.revision.prefix(4))), Phrase(style.clock(record.loadedAt)),
                record.isInForce ? Phrase("in force", .good) : Phrase("kept"),
            ]
        }
        add(table: table)
        add(note: "  Go back to one: regionlock reload --revision REVISION")
    }
}
