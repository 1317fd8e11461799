import Engine
import Policy
import Wire

extension Block: StoredRecord {
    static let table = "block"
    static let columns = [
        "id", "device", "cause", "policy", "rule_file", "rule_line", "vector", "endpoint", "flow",
        "latency_us", "reason", "by_whom", "site", "region", "since_us", "until_us", "state",
        "ended_us", "ended_because", "ended_by",
    ]

    var row: [SQLValue] {
        [.text(id.text), .text(device.description)] + causeColumns + [
            SQLValue(site), SQLValue(region?.code), .integer(since.microseconds),
            SQLValue(until?.microseconds), .text(state.rawValue),
            SQLValue(endedAt?.microseconds), SQLValue(endedBecause), SQLValue(endedBy),
        ]
    }

    init(from reader: inout RowReader) throws(RowDamage) {
        let id = try reader.text { BlockID($0) }
        let device = try reader.text { DeviceKey($0) }
        let (cause, regionReason) = try Self.cause(&reader)
        self.init(
            id: id, device: device, cause: cause, site: try reader.optionalText(),
            region: try reader.optionalText { Region($0) }, since: try reader.time(),
            until: try reader.optionalTime(), state: try reader.text { State(rawValue: $0) },
            endedAt: try reader.optionalTime(), endedBecause: try reader.optionalText(),
            endedBy: try reader.optionalText())
        self.regionReason = regionReason
    }

    /// Columns `cause` to `by_whom`. In `reason` an adopted block keeps the kernel's comment, and a
    /// policy's what gave the region where that was an address.
    private var causeColumns: [SQLValue] {
        switch cause {
        case .policy(let name, let rule, let evidence):
            [.text("policy"), .text(name)] + rule.columns + evidence.columns
                + [SQLValue(regionReason), .null]
        case .command(let reason, let by):
            [.text("command"), .null] + noRule.columns + noEvidence.columns
                + [.text(reason), .text(by)]
        case .adopted(let comment):
            [.text("adopted"), .null] + noRule.columns + noEvidence.columns
                + [.text(comment), .null]
        }
    }

    private var noRule: SourceLocation? { nil }
    private var noEvidence: Evidence? { nil }

    private static func cause(
        _ reader: inout RowReader
    ) throws(RowDamage) -> (Cause, regionReason: String?) {
        let cause = try reader.text()
        let policy = try reader.optionalText()
        let rule = try reader.location()
        let evidence = try reader.evidence()
        let reason = try reader.optionalText()
        let by = try reader.optionalText()
        switch (cause, policy, reason, by) {
        case ("policy", let name?, let regionReason, nil):
            return (.policy(name: name, rule: rule, evidence: evidence), regionReason)
        case ("command", nil, let reason?, let by?):
            return (.command(reason: reason, by: by), nil)
        case ("adopted", nil, let comment?, nil):
            return (.adopted(comment: comment), nil)
        default:
            throw RowDamage(column: 2)
        }
    }
}
