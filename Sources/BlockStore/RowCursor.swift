import CSQLite

/// The values of the row at which a statement stands, read where SQLite has them, and the sum of
/// those that were read.
///
/// A start reads 100,000 rows of twenty columns: an array of values for each row, and a text of its
/// own for each column, took half of its time.
@safe
final class RowCursor {
    private let handle: OpaquePointer
    /// The last longer text of each column: most rows repeat most of them, and share it then.
    private var texts: [String]
    private(set) var sum = RowSum()
    let count: Int

    init(_ handle: OpaquePointer) {
        unsafe self.handle = handle
        count = Int(unsafe sqlite3_column_count(handle))
        texts = Array(repeating: "", count: count)
    }

    /// Forgets the sum, for the next row.
    func restart() { sum = RowSum() }

    /// The column, counted from 0, which the sum then includes.
    func value(at column: Int) -> SQLValue {
        switch unsafe sqlite3_column_type(handle, Int32(column)) {
        case SQLITE_NULL: return null
        case SQLITE_INTEGER:
            let integer = unsafe sqlite3_column_int64(handle, Int32(column))
            sum.add(integer)
            return .integer(integer)
        default:
            guard let bytes = unsafe sqlite3_column_text(handle, Int32(column)) else {
                return null
            }
            let length = Int(unsafe sqlite3_column_bytes(handle, Int32(column)))
            let buffer = unsafe UnsafeBufferPointer(start: bytes, count: length)
            unsafe sum.add(text: buffer)
            return .text(unsafe text(buffer, column: column))
        }
    }

    private var null: SQLValue {
        sum.addNull()
        return .null
    }

    /// Up to 15 octets a text needs no memory of its own, and sharing it gains nothing.
    private func text(_ bytes: UnsafeBufferPointer<UInt8>, column: Int) -> String {
        guard bytes.count > 15 else { return unsafe String(decoding: bytes, as: UTF8.self) }
        let isKnown = unsafe texts[column].utf8.withContiguousStorageIfAvailable { known in
            unsafe known.count == bytes.count && known.elementsEqual(bytes)
        }
        if isKnown == true { return texts[column] }
        let text = unsafe String(decoding: bytes, as: UTF8.self)
        texts[column] = text
        return text
    }
}
