/// Reads comma-separated values as RFC 4180 has them: fields may stand in double quotes, and then
/// hold commas, line ends and doubled quotes. It is fed piece by piece.
struct CSVReader {
    /// Fields past this many are passed over.
    private let kept: Int
    private var fields: [[UInt8]]
    private var index = 0
    private var state = State.fieldStart

    private enum State {
        case fieldStart
        case plain
        case quoted
        /// After a quote inside quotes: the end of the field, or half of a doubled quote.
        case quoteSeen
    }

    init(keeping kept: Int) {
        self.kept = kept
        fields = Array(repeating: [], count: kept)
    }

    /// Calls `record` with the first fields of each record that ends in this piece. The array is
    /// used again for the next record.
    mutating func feed(_ bytes: some Sequence<UInt8>, record: ([[UInt8]]) -> Void) {
        for byte in bytes {
            switch (state, byte) {
            case (.fieldStart, UInt8(ascii: "\"")): state = .quoted
            case (.quoted, UInt8(ascii: "\"")): state = .quoteSeen
            case (.quoted, _): keep(byte)
            case (.quoteSeen, UInt8(ascii: "\"")):
                keep(byte)
                state = .quoted
            case (_, UInt8(ascii: ",")):
                index += 1
                state = .fieldStart
            case (_, UInt8(ascii: "\n")): end(record)
            case (_, UInt8(ascii: "\r")): break
            default:
                keep(byte)
                state = .plain
            }
        }
    }

    /// Ends the last record, which needs no line end.
    mutating func finish(record: ([[UInt8]]) -> Void) {
        if index > 0 || state != .fieldStart { end(record) }
    }

    private mutating func keep(_ byte: UInt8) {
        if index < kept { fields[index].append(byte) }
    }

    private mutating func end(_ record: ([[UInt8]]) -> Void) {
        if index + 1 >= kept { record(fields) }
        for number in fields.indices { fields[number].removeAll(keepingCapacity: true) }
        index = 0
        state = .fieldStart
    }
}
