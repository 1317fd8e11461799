import ControlAPI
import ControlClient
import Engine
import Policy
import Replay
import Wire

/// Writes findings as lines, many in one system call.
struct ReplayOutput {
    private static let pieceBytes = 64 * 1024

    private let session: Session
    private let replay: CaptureReplay
    private var text = ""

    init(_ session: Session, _ replay: CaptureReplay) {
        self.session = session
        self.replay = replay
    }

    /// Whether there is enough for a system call.
    var isDue: Bool { !text.isEmpty }

    mutating func add(_ finding: ReplayFinding) {
        switch finding {
        case .sighting(let sighting): add(sighting)
        case .event(let event): add(event)
        }
        if text.utf8.count >= Self.pieceBytes { flush() }
    }

    mutating func flush() {
        guard !text.isEmpty else { return }
        session.terminal.write(text)
        text.removeAll(keepingCapacity: true)
    }

    mutating func finish(otherLinks: UInt64) {
        let counts = replay.counts
        let summary = ReplaySummaryRecord(
            packets: counts.packets + otherLinks, octets: counts.octets,
            inspected: counts.inspected, sightings: counts.sightings, attempts: counts.attempts,
            cuts: counts.cuts, monitored: counts.monitored, malformed: counts.malformed,
            cutShort: counts.cutShort, otherThanIP: counts.otherThanIP, otherLinks: otherLinks,
            first: counts.first, last: counts.last)
        add(summary, Report(summary))
        flush()
    }

    private mutating func add(_ sighting: ReplaySighting) {
        let record = ReplaySightingRecord(
            packet: sighting.packet, time: sighting.time,
            device: sighting.source.device.description, vector: sighting.vector,
            endpoint: sighting.name.description, flow: sighting.flow.description)
        if session.isJSON {
            text += record.line
        } else {
            text += Report(record, session.style).rendered(session.style)
        }
    }

    private mutating func add(_ finding: ReplayEvent) {
        let event = finding.event
        let record = ReplayEventRecord(
            type: event.kind.rawValue, packet: finding.packet, time: event.time,
            device: event.device?.description, deviceName: event.deviceName, site: event.site,
            region: event.region, policy: event.policy, rule: event.rule?.description,
            vector: event.evidence?.vector, endpoint: event.evidence?.name,
            flow: event.evidence?.flow, verdict: event.verdict, text: event.text,
            steps: finding.why.map(WhyRecord.init))
        let style = session.style
        add(record, Report(record, style))
    }

    private mutating func add(_ record: some Encodable, _ report: @autoclosure () -> Report) {
        let lines =
            session.isJSON ? JSONDocument.line(record) + "\n" : report().rendered(session.style)
        text += lines
    }
}

extension ReplaySightingRecord {
    /// What `JSONDocument.line` makes of it, some ten times as fast: a capture has a great many.
    var line: String {
        // All but the name is letters, digits and signs that JSON takes as they are; the name is
        // printable ASCII.
        let name =
            endpoint.utf8.contains { $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "\"") }
            ? endpoint.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") : endpoint
        return "{\"device\":\"\(device)\",\"endpoint\":\"\(name)\",\"flow\":\"\(flow)\","
            + "\"packet\":\(packet),\"time\":\"\(time)\",\"type\":\"\(type)\","
            + "\"vector\":\"\(vector.rawValue)\"}\n"
    }
}
