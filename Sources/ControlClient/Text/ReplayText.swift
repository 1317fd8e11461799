package import ControlAPI
import Policy
import Wire

extension Report {
    /// A name, in one line.
    package init(_ sighting: ReplaySightingRecord, _ style: TextStyle) {
        self.init()
        add(
            text: style.clock(sighting.time) + "  "
                + columns(sighting.device, sighting.vector.rawValue, sighting.endpoint))
    }

    /// What would have happened, and why.
    package init(_ event: ReplayEventRecord, _ style: TextStyle) {
        self.init()
        let word =
            switch event.verdict {
            case .block?: Phrase("CUT OFF", .bad)
            case .monitor?: Phrase("WOULD BE CUT OFF", .warning)
            case .refuse?: Phrase("REFUSED", .warning)
            case .allow?: Phrase("MAY", .good)
            case nil: Phrase(event.type)
            }
        add(
            Phrase(style.clock(event.time) + "  "), word,
            Phrase(
                "  \(event.text) (\(event.device.map { "\($0), " } ?? "")packet \(event.packet))"))
        addSteps(event.steps)
    }

    package init(_ summary: ReplaySummaryRecord) {
        self.init()
        let packets = counted(Int(clamping: summary.packets), "packet")
        var time = ""
        if let first = summary.first, let last = summary.last {
            time = " in " + Span.text(seconds: last.since(first) / 1_000_000)
        }
        add(
            text: "\(packets)\(time), \(summary.inspected) looked into: "
                + "\(counted(Int(clamping: summary.sightings), "name")), "
                + "\(counted(Int(clamping: summary.attempts), "attempt")).")
        if summary.cuts > 0 {
            add(
                Phrase(
                    "\(counted(Int(clamping: summary.cuts), "device")) would be cut off.", .bad))
        } else if summary.monitored > 0 {
            add(
                Phrase(
                    "\(counted(Int(clamping: summary.monitored), "attempt")) would cut a "
                        + "device off, but for monitor mode.", .warning))
        } else {
            add(Phrase("Nobody would be cut off.", .good))
        }
        let notes: [(UInt64, String)] = [
            (summary.malformed, "break the protocol they claim"),
            (summary.cutShort, "were captured in part: tcpdump -s 0 keeps them whole"),
            (summary.otherLinks, "are of a link layer that is not read"),
        ]
        for (count, text) in notes where count > 0 {
            add(note: "\(counted(Int(clamping: count), "packet")) \(text).")
        }
        if summary.packets > 0, summary.inspected == 0 {
            add(
                note: "No device of the capture has a tag that a policy speaks of; "
                    + "--all shows everybody's names.")
        }
    }

    /// A capture that cannot be read on.
    package init(captureFault text: String, path: String, offset: UInt64, hint: String?) {
        self.init(usage: "\(path): byte \(offset): \(text).", hint: hint)
    }

    private func columns(_ device: String, _ vector: String, _ name: String) -> String {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.utf8.count)) + "  "
        }
        return padded(device, 17) + padded(vector, 7) + name
    }
}
