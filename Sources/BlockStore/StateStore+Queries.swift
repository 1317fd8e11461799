package import Engine
import Policy
import Wire

extension StateStore {
    /// Most events one call returns: what a reply of the control socket holds with ease.
    package static let maximumPage = 1_000

    /// Events with a number above `number`, oldest first, at most `limit` (1...maximumPage).
    ///
    /// `device` and `kinds` narrow the choice; no kinds means every kind.
    package func events(
        after number: Int64, limit: Int, device: DeviceKey? = nil, kinds: [Event.Kind] = []
    ) throws(StoreError) -> [Event] {
        try events("number > ?", number, "ASC", limit, device, kinds)
    }

    /// The last events with a number below `number`, oldest first, at most `limit`.
    package func events(
        before number: Int64 = .max, limit: Int, device: DeviceKey? = nil,
        kinds: [Event.Kind] = []
    ) throws(StoreError) -> [Event] {
        try events("number < ?", number, "DESC", limit, device, kinds).reversed()
    }

    /// The block of this reference, in force or ended.
    package func block(_ id: BlockID) throws(StoreError) -> Block? {
        try blocks("WHERE id = ?", [.text(id.text)]).first
    }

    /// All blocks of a device, newest first.
    package func blocks(device: DeviceKey) throws(StoreError) -> [Block] {
        try blocks("WHERE device = ? ORDER BY since_us DESC", [.text(device.description)])
    }

    private func blocks(_ rest: String, _ values: [SQLValue]) throws(StoreError) -> [Block] {
        var blocks: [Block] = []
        try database.forEach(Block.self, rest, values) { blocks.append($0) }
        return blocks
    }

    private func events(
        _ condition: String, _ number: Int64, _ order: String, _ limit: Int, _ device: DeviceKey?,
        _ kinds: [Event.Kind]
    ) throws(StoreError) -> [Event] {
        var conditions = [condition]
        var values: [SQLValue] = [.integer(number)]
        if let device {
            conditions.append("device = ?")
            values.append(.text(device.description))
        }
        if !kinds.isEmpty {
            let marks = Array(repeating: "?", count: kinds.count).joined(separator: ", ")
            conditions.append("kind IN (\(marks))")
            values += kinds.map { .text($0.rawValue) }
        }
        values.append(.integer(Int64(min(max(limit, 1), Self.maximumPage))))
        let columns = (Event.columns + ["sum", "number"]).joined(separator: ", ")
        let statement = try database.prepare(
            """
            SELECT \(columns) FROM event WHERE \(conditions.joined(separator: " AND "))
            ORDER BY number \(order) LIMIT ?
            """)
        try statement.bind(values)
        var events: [Event] = []
        while try statement.step() { events.append(Event(numbered: statement.row)) }
        return events
    }
}

extension Database {
    /// Hands every row of the record's table that `rest` selects to `body`.
    ///
    /// A row whose checksum is wrong or that does not read is an error of kind `.damaged`. One of
    /// a chain that does not read is left out: whoever walks the chain misses it.
    func forEach<Record: StoredRecord>(
        _ type: Record.Type, _ rest: String = "", _ values: [SQLValue] = [],
        _ body: (Record) -> Void
    ) throws(StoreError) {
        let statement = try prepare(Record.selectSQL(rest))
        try statement.bind(values)
        let cursor = statement.cursor
        while try statement.step() {
            do throws(RowDamage) {
                body(try Record.isChained ? Record(chainedAt: cursor) : Record(at: cursor))
            } catch {
                if Record.isChained { continue }
                let column =
                    Record.columns.indices.contains(error.column)
                    ? Record.columns[error.column] : "sum"
                throw StoreError(
                    .damaged, operation: "read", object: Record.table,
                    message: "column '\(column)' of a row does not hold what was written")
            }
        }
    }
}
