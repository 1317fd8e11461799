import Engine
import Policy
import Wire

/// A value that is one row of a table.
protocol StoredRecord {
    static var table: String { get }
    /// Without `sum`, in the order of `row`.
    static var columns: [String] { get }
    var row: [SQLValue] { get }
    /// The rows have a chain of digests over the same fields as their sums. Who changed one shall
    /// not make us set aside all else that is stored: the row is read as it stands, and whoever
    /// walks the chain finds it.
    static var isChained: Bool { get }
    init(from reader: inout RowReader) throws(RowDamage)
}

extension StoredRecord {
    static var isChained: Bool { false }

    static var insertSQL: String {
        let marks = Array(repeating: "?", count: columns.count + 1).joined(separator: ", ")
        return "INSERT OR REPLACE INTO \(table) (\(columnList), sum) VALUES (\(marks))"
    }

    static func selectSQL(_ rest: String) -> String {
        "SELECT \(columnList), sum FROM \(table) \(rest)"
    }

    var rowWithSum: [SQLValue] { row + [.integer(row.checksum)] }

    /// Reads a row of `selectSQL`; its sum must be right.
    init(row: [SQLValue]) throws(RowDamage) {
        guard case .integer(let sum) = row.last, sum == Array(row.dropLast()).checksum else {
            throw RowDamage(column: row.count - 1)
        }
        var reader = RowReader(row)
        try self.init(from: &reader)
    }

    /// Reads the row of `selectSQL` at which the cursor stands; its sum must be right.
    init(at cursor: RowCursor) throws(RowDamage) {
        cursor.restart()
        var reader = RowReader(cursor)
        try self.init(from: &reader)
        let count = Self.columns.count
        // A column that was not read would not be in the sum.
        let sum = cursor.sum.value
        guard reader.position == count, case .integer(sum) = cursor.value(at: count) else {
            throw RowDamage(column: count)
        }
    }

    /// The same without a look at the sum.
    init(chainedAt cursor: RowCursor) throws(RowDamage) {
        cursor.restart()
        var reader = RowReader(cursor)
        try self.init(from: &reader)
    }

    private static var columnList: String { columns.joined(separator: ", ") }
}

extension Exemption: StoredRecord {
    static let table = "exemption"
    static let columns = ["id", "device", "policy", "since_us", "until_us", "by_whom", "reason"]

    var row: [SQLValue] {
        [
            .text(id), .text(device.description), SQLValue(policy),
            .integer(since.microseconds), SQLValue(until?.microseconds), .text(by), .text(reason),
        ]
    }

    init(from reader: inout RowReader) throws(RowDamage) {
        self.init(
            id: try reader.text(), device: try reader.text { DeviceKey($0) },
            policy: try reader.optionalText(), since: try reader.time(),
            until: try reader.optionalTime(), by: try reader.text(), reason: try reader.text())
    }
}

extension GrantedTag: StoredRecord {
    static let table = "granted_tag"
    static let columns = ["device", "tag", "by_whom", "reason", "since_us"]

    var row: [SQLValue] {
        [
            .text(device.description), .text(tag.text), .text(by), SQLValue(reason),
            .integer(since.microseconds),
        ]
    }

    init(from reader: inout RowReader) throws(RowDamage) {
        self.init(
            device: try reader.text { DeviceKey($0) }, tag: try reader.text { Tag($0) },
            by: try reader.text(), reason: try reader.optionalText(), since: try reader.time())
    }
}

extension LedgerEntry: StoredRecord {
    static let table = "ledger"
    static let columns = ["number", "time_us", "device", "region", "origin", "note", "digest"]
    static let isChained = true

    var row: [SQLValue] {
        [
            .integer(number), .integer(time.microseconds), .text(device.description),
            .text(region.code), .text(origin.rawValue), .text(note), .text(digest),
        ]
    }

    init(from reader: inout RowReader) throws(RowDamage) {
        self.init(
            number: try reader.integer(), time: try reader.time(),
            device: try reader.text { DeviceKey($0) }, region: try reader.text { Region($0) },
            origin: try reader.text { Origin(rawValue: $0) }, note: try reader.text(),
            digest: try reader.text())
    }
}

extension StageStart: StoredRecord {
    static let table = "stage"
    static let columns = ["device", "policy", "since_us"]

    var row: [SQLValue] {
        [.text(device.description), .text(policy), .integer(since.microseconds)]
    }

    init(from reader: inout RowReader) throws(RowDamage) {
        self.init(
            device: try reader.text { DeviceKey($0) }, policy: try reader.text(),
            since: try reader.time())
    }
}

/// A row of the table `setting`.
struct StoredSetting: StoredRecord {
    enum Name: String {
        case mode
        case generation
    }

    static let table = "setting"
    static let columns = ["name", "value"]

    let name: String
    let value: String

    init(_ name: Name, _ value: String) {
        self.name = name.rawValue
        self.value = value
    }

    var row: [SQLValue] { [.text(name), .text(value)] }

    init(from reader: inout RowReader) throws(RowDamage) {
        name = try reader.text()
        value = try reader.text()
    }
}

extension RowReader {
    mutating func time() throws(RowDamage) -> Timestamp {
        Timestamp(microseconds: try integer())
    }

    mutating func optionalTime() throws(RowDamage) -> Timestamp? {
        try optionalInteger().map { Timestamp(microseconds: $0) }
    }

    /// Columns `rule_file`, `rule_line`.
    mutating func location() throws(RowDamage) -> SourceLocation? {
        let file = try optionalText()
        let line = try optionalInteger()
        guard let file, let line else { return nil }
        return SourceLocation(file: file, line: Int(line))
    }

    /// Columns `vector`, `endpoint`, `flow`, `latency_us`.
    mutating func evidence() throws(RowDamage) -> Evidence? {
        let vector = try optionalText { Vector(rawValue: $0) }
        let name = try optionalText()
        let flow = try optionalText()
        let latency = try optionalInteger()
        guard let vector, let name, let flow else { return nil }
        return Evidence(vector: vector, name: name, flow: flow, latencyMicroseconds: latency)
    }
}

extension Optional<SourceLocation> {
    var columns: [SQLValue] { [SQLValue(self?.file), SQLValue(self.map { Int64($0.line) })] }
}

extension Optional<Evidence> {
    var columns: [SQLValue] {
        [
            SQLValue(self?.vector.rawValue), SQLValue(self?.name), SQLValue(self?.flow),
            SQLValue(self?.latencyMicroseconds),
        ]
    }
}
