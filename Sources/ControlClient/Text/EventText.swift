package import ControlAPI
import Policy

extension Report {
    /// One line for each event, in columns wide enough for most, since what comes next is not
    /// known.
    package init(_ events: [EventRecord], _ style: TextStyle) {
        self.init()
        if events.isEmpty { add(note: "No events.") }
        for event in events { add(event, style) }
    }

    private mutating func add(_ event: EventRecord, _ style: TextStyle) {
        let time = style.clock(event.time)
        add(
            Phrase(time + "  "), Phrase(padded(event.type, 20), event.mood),
            Phrase(
                padded(event.deviceName ?? event.device ?? "-", 18) + padded(event.site ?? "-", 16)
                    + padded(event.region?.code ?? "-", 8)
                    + padded(event.policy ?? event.by ?? "-", 12)),
            Phrase(event.story))
    }
}

extension EventRecord {
    fileprivate var mood: Phrase.Mood {
        switch type {
        case "block.created", "block.failed", "store.lost", "settings.refused", "ledger.broken":
            .bad
        case "monitor.would_block", "packets.lost", "block.adopted", "address.contested",
            "address.forged", "identity.suspected", "device.router", "device.warned",
            "attempt.refused", "policy.overdue", "clock.behind", "ruleset.tampered",
            "everything.removed", "settings.rolled_back", "region.mismatch", "geoip.trouble":
            .warning
        case "block.released", "block.expired": .good
        default: .plain
        }
    }

    /// The sentence, and what it does not say yet.
    fileprivate var story: String {
        var parts = [text]
        if let block, !text.contains(block) { parts.append(block) }
        if let latencyMicroseconds { parts.append(Span.text(microseconds: latencyMicroseconds)) }
        if let reason, !text.contains(reason) { parts.append("\"\(reason)\"") }
        return parts.joined(separator: "  ")
    }
}

private func padded(_ text: String, _ width: Int) -> String {
    let shown = Phrase(text).width
    return text + String(repeating: " ", count: max(1, width - shown) + 1)
}
