package import ControlAPI
import Policy
import Wire

extension Report {
    package init(_ status: Status, _ style: TextStyle) {
        self.init()
        let up = Span.text(seconds: status.time.since(status.startedAt) / 1_000_000)
        let mode = status.mode.rawValue.uppercased()
        add("\(status.gateway)   regionlockd \(status.version)   up \(up)   mode: \(mode)")
        addBlank()
        addBlocks(status, style)
        addField("Seen", Phrase(Self.seen(status)))
        let policies = status.policies.map { "\($0.name) (\($0.mode.rawValue))" }
        let names = policies.isEmpty ? "" : ": " + policies.joined(separator: ", ")
        addField("Policies", "\(policies.count) loaded\(names)")
        addRules(status)
        let tap = status.inspection
        addField(
            "Inspection",
            "\(tap.tap), \(tap.whenDown) when down; \(tap.packetsInspected) packets, ",
            Phrase("\(tap.packetsLost) lost", tap.packetsLost == 0 ? .plain : .warning))
        addField("Settings", "revision \(status.configRevision.prefix(4))")
        if let uplink = status.uplink { addField("Uplink", Phrase(uplink)) }
        guard !status.warnings.isEmpty else { return }
        addBlank()
        add(Phrase(counted(status.warnings.count, "warning"), .warning))
        for warning in status.warnings {
            add("  \(warning.text)\(warning.fix.map { "  See: \($0)" } ?? "")")
        }
    }

    /// A line of the summary, its name in a column of its own.
    private mutating func addField(_ name: String, _ phrases: Phrase...) {
        let label = name + String(repeating: " ", count: 15 - name.count)
        add([Phrase(label)] + phrases)
    }

    private static func seen(_ status: Status) -> String {
        let devices = status.devices
        return "\(counted(devices.seenInDay, "device")) in 24 h, \(devices.known) known, at "
            + "\(counted(status.sites, "site")); \(devices.randomMACs) use a random MAC"
    }

    private mutating func addBlocks(_ status: Status, _ style: TextStyle) {
        let count = Phrase(counted(status.blocks, "device"), status.blocks == 0 ? .good : .bad)
        guard let last = status.lastBlock else {
            addField("Cut off now", count)
            return
        }
        let age = style.isTerminal ? "\(style.age(last.since)) ago" : "\(last.since)"
        let place = [last.site.map { "at \($0)" }, last.region.map { "(\($0))" }].compactMap(\.self)
        let text = ([last.id, age, last.deviceName ?? last.device] + place).joined(separator: "  ")
        addField("Cut off now", count, Phrase("   last: \(text)"))
    }

    private mutating func addRules(_ status: Status) {
        let rules = status.ruleset
        let isWhole = rules.isInstalled && rules.blocksInKernel == status.blocks
        let state = rules.isInstalled ? (isWhole ? "in place" : "INCOMPLETE") : "NOT INSTALLED"
        addField(
            "Rules", Phrase(state, isWhole ? .good : .bad),
            Phrase(
                ": \(rules.blocksInKernel) of \(counted(status.blocks, "block"))"
                    + " in nftables table inet regionlock"))
    }
}

/// `1 device`, `3 devices`.
func counted(_ count: Int, _ noun: String) -> String {
    "\(count) \(noun)\(count == 1 ? "" : "s")"
}
