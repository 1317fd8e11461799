package import ControlAPI
import Policy
import Wire

extension Report {
    package init(_ policies: [PolicySummary]) {
        self.init()
        guard !policies.isEmpty else {
            add(note: "No policies.")
            return
        }
        var table = Table(columns: [
            .init(title: "POLICY"), .init(title: "MODE"), .init(title: "TITLE", isFlexible: true),
            .init(title: "TAGS", isFlexible: true), .init(title: "DENIES", isFlexible: true),
            .init(title: "UNTIL"), .init(title: "CUT OFF", isRight: true),
        ])
        table.rows = policies.map { policy in
            [
                Phrase(policy.name), Phrase(policy.mode.rawValue), Phrase(policy.title),
                Phrase(policy.tags.map(\.text).joined(separator: ",")), Phrase(policy.regionText),
                Phrase(policy.validUntil.map { "\($0)" } ?? "-"),
                Phrase("\(policy.blocks)", policy.blocks == 0 ? .plain : .bad),
            ]
        }
        add(table: table)
    }

    package init(_ policy: PolicyDetail) {
        self.init()
        let summary = policy.summary
        let contact = policy.contact.map { contact in
            [contact.name, contact.phone, contact.email, contact.url].compactMap(\.self)
                .joined(separator: ", ")
        }
        let fields: [(String, String?)] = [
            ("Title", summary.title), ("Mode", summary.mode.rawValue),
            ("Tags", summary.tags.map(\.text).joined(separator: ", ")),
            ("Sites", policy.sites.isEmpty ? nil : policy.sites.joined(separator: ", ")),
            ("Denies", summary.regionText), ("Valid from", summary.validFrom.map { "\($0)" }),
            ("Valid until", summary.validUntil.map { "\($0)" }),
            ("On", policy.trigger.rawValue), ("Action", policy.action.rawValue),
            ("Stages", policy.stages.isEmpty ? nil : policy.stageText),
            ("Priority", "\(policy.priority)"), ("Review by", policy.reviewBy.map { "\($0)" }),
            ("Blocks for", policy.term.text),
            ("Basis", policy.basis), ("Reason", policy.reason), ("Message", policy.message),
            ("Contact", contact), ("Devices", "\(policy.devices) with its tags"),
            ("Cut off", "\(summary.blocks)"), ("Written in", policy.source),
        ]
        add("\(summary.name)")
        for (name, value) in fields {
            guard let value else { continue }
            add("  \(name)\(String(repeating: " ", count: 13 - name.count))\(value)")
        }
        addBlank()
        var table = Table(columns: [
            .init(title: "ENDPOINT", isFlexible: true), .init(title: "ROLE"),
            .init(title: "SOURCE", isFlexible: true),
        ])
        table.rows = policy.endpoints.map {
            [Phrase($0.pattern), Phrase($0.role.rawValue), Phrase($0.source)]
        }
        add(table: table)
    }

    package init(_ reply: ModeReply) {
        self.init()
        let mode = reply.mode.rawValue.uppercased()
        guard let was = reply.was else {
            let origin = reply.mode == reply.configured ? "as in the settings" : "set at the prompt"
            add("mode: \(mode)   (\(origin); the settings say \(reply.configured.rawValue))")
            return
        }
        guard was != reply.mode else {
            add("mode: \(mode)   (it was so already)")
            return
        }
        let meaning =
            reply.mode == .enforce
            ? "Attempts cut devices off from now on." : "Attempts are noted and cut nobody off."
        add("mode: \(mode)   (was \(was.rawValue)). \(meaning)")
        add(note: "  Undo: regionlock mode \(was.rawValue)")
    }
}

extension PolicyDetail {
    /// `observe 7d, warn 3d, then block`
    fileprivate var stageText: String {
        stages.map { "\($0.stage.rawValue) \(BlockTerm.seconds($0.seconds).text)" }
            .joined(separator: ", ") + ", then block"
    }
}

extension PolicySummary {
    /// `CU IR SY`, or `all but ES FR` for a policy that lists what it allows.
    fileprivate var regionText: String {
        guard denies.isEmpty else { return denies.map(\.code).joined(separator: " ") }
        return allows.isEmpty ? "-" : "all but " + allows.map(\.code).joined(separator: " ")
    }
}
