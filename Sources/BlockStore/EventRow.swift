import Engine
import Policy
import Wire

/// A line of the history before the database has numbered it, and after.
extension Event: StoredRecord {
    static let table = "event"
    /// `number` comes last, behind the sum's reach: the database gives it.
    static let columns = [
        "time_us", "kind", "device", "device_name", "site", "region", "policy", "rule_file",
        "rule_line", "block", "vector", "endpoint", "flow", "latency_us", "verdict", "text",
        "by_whom", "reason",
    ]

    var row: [SQLValue] {
        [
            .integer(time.microseconds), .text(kind.rawValue), SQLValue(device?.description),
            SQLValue(deviceName), SQLValue(site), SQLValue(region?.code), SQLValue(policy),
        ] + rule.columns + [SQLValue(block?.text)] + evidence.columns + [
            SQLValue(verdict?.rawValue), .text(text), SQLValue(by), SQLValue(reason),
        ]
    }

    init(from reader: inout RowReader) throws(RowDamage) {
        self.init(
            time: try reader.time(), kind: try reader.text { Kind(rawValue: $0) },
            device: try reader.optionalText { DeviceKey($0) },
            deviceName: try reader.optionalText(), site: try reader.optionalText(),
            region: try reader.optionalText { Region($0) }, policy: try reader.optionalText(),
            rule: try reader.location(), block: try reader.optionalText { BlockID($0) },
            evidence: try reader.evidence(),
            verdict: try reader.optionalText { Verdict(rawValue: $0) }, text: try reader.text(),
            by: try reader.optionalText(), reason: try reader.optionalText())
    }

    /// A row of `columns`, `sum` and `number`. A row that cannot be read becomes an event that
    /// says so: one bad line must not hide the rest of the history.
    init(numbered row: [SQLValue]) {
        let number: Int64 = if case .integer(let number) = row.last { number } else { 0 }
        do throws(RowDamage) {
            self = try Event(row: row.dropLast())
            self.number = number
        } catch {
            let time: Int64 = if case .integer(let time) = row.first { time } else { 0 }
            self.init(
                number: number, time: Timestamp(microseconds: time), kind: .storeLost,
                text: "Line \(number) of the history is damaged and cannot be read.")
        }
    }
}
