package import ControlAPI
import Policy
import Wire

extension Report {
    package init(_ blocks: [BlockRecord], _ style: TextStyle) {
        self.init()
        guard !blocks.isEmpty else {
            add(note: "No device is cut off.")
            return
        }
        var table = Table(columns: [
            .init(title: "BLOCK"), .init(title: "DEVICE", isFlexible: true),
            .init(title: "SITE", isFlexible: true), .init(title: "REGION"),
            .init(title: "CAUSE", isFlexible: true), .init(title: "SINCE"),
            .init(title: "UNTIL"), .init(title: "BY"), .init(title: "REASON", isFlexible: true),
        ])
        table.rows = blocks.map { block in
            [
                Phrase(block.id), Phrase(block.deviceName ?? block.device),
                Phrase(block.site ?? "-"), Phrase(block.region?.code ?? "-"),
                Phrase(block.policy ?? block.cause.rawValue), Phrase(style.age(block.since)),
                Phrase(style.deadline(block.until, never: "released")), Phrase(block.by ?? "-"),
                Phrase(block.reason ?? block.evidence?.endpoint ?? "-"),
            ]
        }
        add(table: table)
    }

    package init(blocked block: BlockRecord, _ style: TextStyle) {
        self.init()
        let until = block.until.map { " until \(style.time($0))" } ?? " until it is released"
        let flows = block.flowsEnded.map {
            " \($0 == 1 ? "1 open connection" : "\($0) open connections") ended."
        }
        add(
            Phrase(block.deviceName ?? block.device), " is ", Phrase("cut off", .bad),
            Phrase("\(until) (\(block.id)).\(flows ?? "")"))
        add(note: "  Undo: regionlock release \(block.id) --reason \"...\"")
    }

    package init(_ reply: ReleaseReply, _ style: TextStyle) {
        self.init()
        addRelease(reply.block)
        if let exemption = reply.exemption {
            let policy = exemption.policy.map { "policy \($0)" } ?? "every policy"
            let until = exemption.until.map { "until \(style.time($0))" } ?? "for ever"
            add("  It is exempt from \(policy) \(until) (\(exemption.id)).")
        } else if reply.block.cause == .policy {
            add(
                note: "  It will be cut off again if it tries to activate here. To prevent that:"
                    + " --exempt-for 30d")
        }
    }

    package init(_ reply: ReleaseAllReply, _ style: TextStyle) {
        self.init()
        let devices = counted(reply.released, "device")
        let left = counted(reply.remaining, "device")
        guard reply.released > 0 else {
            add("No device that fits is cut off; \(left) cut off.")
            return
        }
        if reply.isDryRun {
            add("\(devices) would have the internet back; \(left) would stay cut off:")
        } else {
            add(
                "\(devices) \(reply.released == 1 ? "has" : "have") the ",
                Phrase("internet back", .good), Phrase("; \(left) cut off."))
        }
        for block in reply.blocks {
            let why = block.policy ?? block.by ?? block.cause.rawValue
            add("  \(block.id)  \(block.deviceName ?? block.device)  \(why)")
        }
        let more = reply.released - reply.blocks.count
        if more > 0 { add("  and \(more) more") }
        if !reply.isDryRun {
            add(note: "  Each is in the history: regionlock events --since 1h")
        }
    }

    /// `bench-phone-7 has its internet back (was cut off for 18 min by xiaomi at havana-shop).`
    private mutating func addRelease(_ block: BlockRecord) {
        let length = block.endedAt.map {
            " for \(Span.text(seconds: $0.since(block.since) / 1_000_000))"
        }
        let who = block.policy ?? block.by
        let story =
            (length ?? "") + (who.map { " by \($0)" } ?? "")
            + (block.site.map { " at \($0)" } ?? "")
        add(
            Phrase(block.deviceName ?? block.device), " has its ", Phrase("internet back", .good),
            Phrase(" (was cut off\(story))."))
    }

    package init(_ reply: ExemptReply, _ style: TextStyle) {
        self.init()
        let exemption = reply.exemption
        let policy = exemption.policy.map { "policy \($0)" } ?? "every policy"
        let until = exemption.until.map { "until \(style.time($0))" } ?? "for ever"
        add(
            Phrase(exemption.deviceName ?? exemption.device), " is ", Phrase("exempt", .good),
            Phrase(" from \(policy) \(until) (\(exemption.id))."))
        for block in reply.released { addRelease(block) }
        add(note: "  Undo: regionlock exemptions end \(exemption.id)")
    }

    package init(ended exemption: ExemptionRecord) {
        self.init()
        add("\(exemption.deviceName ?? exemption.device) is no longer exempt (\(exemption.id)).")
    }

    package init(_ exemptions: [ExemptionRecord], _ style: TextStyle) {
        self.init()
        guard !exemptions.isEmpty else {
            add(note: "No exemptions.")
            return
        }
        var table = Table(columns: [
            .init(title: "ID"), .init(title: "DEVICE", isFlexible: true), .init(title: "POLICY"),
            .init(title: "UNTIL"), .init(title: "BY"), .init(title: "REASON", isFlexible: true),
        ])
        table.rows = exemptions.map { exemption in
            [
                Phrase(exemption.id), Phrase(exemption.deviceName ?? exemption.device),
                Phrase(exemption.policy ?? "all"),
                Phrase(style.deadline(exemption.until, never: "ever")), Phrase(exemption.by),
                Phrase(exemption.reason),
            ]
        }
        add(table: table)
    }
}
