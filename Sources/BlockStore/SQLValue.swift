/// What a column of our STRICT tables can hold.
enum SQLValue: Hashable, Sendable {
    case null
    case integer(Int64)
    case text(String)

    init(_ integer: Int64?) { self = integer.map(Self.integer) ?? .null }
    init(_ text: String?) { self = text.map(Self.text) ?? .null }
}

extension [SQLValue] {
    /// FNV-1a over the values with a mark before each.
    ///
    /// SQLite keeps no checksum of a page, so a flipped bit inside a text would pass for another
    /// device. Each step of FNV-1a is a bijection: one changed byte always changes the sum.
    var checksum: Int64 {
        var sum: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ byte: UInt8) {
            sum = (sum ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        for value in self {
            switch value {
            case .null: add(0)
            case .integer(let integer):
                add(1)
                for shift in stride(from: 0, to: 64, by: 8) {
                    add(UInt8(truncatingIfNeeded: integer >> Int64(shift)))
                }
            case .text(let text):
                add(2)
                for byte in text.utf8 { add(byte) }
            }
        }
        return Int64(bitPattern: sum)
    }
}

/// A row that does not say what its table's rows must say.
struct RowDamage: Error, Hashable, Sendable {
    let column: Int
}

/// Reads the values of one row from left to right.
struct RowReader {
    private let values: [SQLValue]
    private var position = 0

    init(_ values: [SQLValue]) { self.values = values }

    mutating func text() throws(RowDamage) -> String {
        guard let text = try optionalText() else { throw RowDamage(column: position) }
        return text
    }

    mutating func optionalText() throws(RowDamage) -> String? {
        switch try next() {
        case .null: return nil
        case .text(let text): return text
        case .integer: throw RowDamage(column: position)
        }
    }

    mutating func integer() throws(RowDamage) -> Int64 {
        guard let integer = try optionalInteger() else { throw RowDamage(column: position) }
        return integer
    }

    mutating func optionalInteger() throws(RowDamage) -> Int64? {
        switch try next() {
        case .null: return nil
        case .integer(let integer): return integer
        case .text: throw RowDamage(column: position)
        }
    }

    /// A text that `convert` must understand.
    mutating func text<Value>(as convert: (String) -> Value?) throws(RowDamage) -> Value {
        guard let value = convert(try text()) else { throw RowDamage(column: position) }
        return value
    }

    /// Null, or a text that `convert` must understand.
    mutating func optionalText<Value>(
        as convert: (String) -> Value?
    ) throws(RowDamage) -> Value? {
        guard let text = try optionalText() else { return nil }
        guard let value = convert(text) else { throw RowDamage(column: position) }
        return value
    }

    private mutating func next() throws(RowDamage) -> SQLValue {
        guard values.indices.contains(position) else { throw RowDamage(column: position) }
        defer { position += 1 }
        return values[position]
    }
}
