/// What a column of our STRICT tables can hold.
enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)

    init(_ integer: Int64?) { self = integer.map(Self.integer) ?? .null }
    init(_ text: String?) { self = text.map(Self.text) ?? .null }
}

/// FNV-1a over the values of a row with a mark before each.
///
/// SQLite keeps no checksum of a page, so a flipped bit inside a text would pass for another
/// device. Each step of FNV-1a is a bijection: one changed byte always changes the sum.
struct RowSum {
    private var sum: UInt64 = 0xcbf2_9ce4_8422_2325

    var value: Int64 { Int64(bitPattern: sum) }

    private mutating func add(octet byte: UInt8) {
        sum = (sum ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
    }

    mutating func addNull() { add(octet: 0) }

    mutating func add(_ integer: Int64) {
        add(octet: 1)
        for shift in stride(from: 0, to: 64, by: 8) {
            add(octet: UInt8(truncatingIfNeeded: integer >> Int64(shift)))
        }
    }

    mutating func add(text: some Sequence<UInt8>) {
        add(octet: 2)
        for byte in text { add(octet: byte) }
    }
}

extension [SQLValue] {
    var checksum: Int64 {
        var sum = RowSum()
        for value in self {
            switch value {
            case .null: sum.addNull()
            case .integer(let integer): sum.add(integer)
            case .text(let text): sum.add(text: text.utf8)
            }
        }
        return sum.value
    }
}

/// A row that does not say what its table's rows must say.
struct RowDamage: Error, Hashable, Sendable {
    let column: Int
}

/// Reads the values of one row from left to right.
struct RowReader {
    private enum Source {
        case values([SQLValue])
        case row(RowCursor)
    }

    private let source: Source
    private(set) var position = 0

    init(_ values: [SQLValue]) { source = .values(values) }

    /// The row at which the cursor's statement stands.
    init(_ cursor: RowCursor) { source = .row(cursor) }

    mutating func text() throws(RowDamage) -> String {
        guard let text = try optionalText() else { throw RowDamage(column: position - 1) }
        return text
    }

    mutating func optionalText() throws(RowDamage) -> String? {
        switch try next() {
        case .null: return nil
        case .text(let text): return text
        case .integer: throw RowDamage(column: position - 1)
        }
    }

    mutating func integer() throws(RowDamage) -> Int64 {
        guard let integer = try optionalInteger() else { throw RowDamage(column: position - 1) }
        return integer
    }

    mutating func optionalInteger() throws(RowDamage) -> Int64? {
        switch try next() {
        case .null: return nil
        case .integer(let integer): return integer
        case .text: throw RowDamage(column: position - 1)
        }
    }

    /// A text that `convert` must understand.
    mutating func text<Value>(as convert: (String) -> Value?) throws(RowDamage) -> Value {
        guard let value = convert(try text()) else { throw RowDamage(column: position - 1) }
        return value
    }

    /// Null, or a text that `convert` must understand.
    mutating func optionalText<Value>(
        as convert: (String) -> Value?
    ) throws(RowDamage) -> Value? {
        guard let text = try optionalText() else { return nil }
        guard let value = convert(text) else { throw RowDamage(column: position - 1) }
        return value
    }

    private mutating func next() throws(RowDamage) -> SQLValue {
        defer { position += 1 }
        switch source {
        case .values(let values):
            guard values.indices.contains(position) else { throw RowDamage(column: position) }
            return values[position]
        case .row(let cursor):
            guard position < cursor.count else { throw RowDamage(column: position) }
            return cursor.value(at: position)
        }
    }
}
