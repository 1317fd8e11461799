import ControlAPI
import ControlClient
import Engine
import Policy
import Settings
import Wire

enum LedgerFormat: String, CaseIterable {
    case jsonl, csv
}

/// The ledger as a file: one entry in each line, with its digest.
enum LedgerFile {
    /// An entry with the longest note, every character of it escaped.
    static let longestLine = 4_096
    static let columns = [
        "number", "time", "time_us", "device", "region", "origin", "note", "digest",
    ]

    static func line(_ record: LedgerRecord, as format: LedgerFormat) -> String {
        switch format {
        case .jsonl: return JSONDocument.line(record.withoutName) + "\n"
        case .csv:
            let cells = [
                "\(record.number)", "\(record.time)", "\(record.timeMicroseconds)", record.device,
                record.region.code, record.origin, record.note, record.digest,
            ]
            return cells.map(cell).joined(separator: ",") + "\n"
        }
    }

    /// RFC 4180: in quotes where a comma, a quote or a space at an end would be misread.
    private static func cell(_ text: String) -> String {
        let shown = Printable.escaped(text)
        let isPlain =
            !shown.contains(",") && !shown.contains("\"") && shown.first != " "
            && shown.last != " "
        return isPlain ? shown : "\"" + shown.replacing("\"", with: "\"\"") + "\""
    }
}

/// Reads an exported ledger line by line and follows its chain, without the daemon.
struct LedgerFileReader {
    /// A line that is no entry of a ledger.
    struct Fault: Error {
        let line: Int
        let text: String
    }

    private(set) var chain = LedgerChain()
    private(set) var broken: LedgerBreak?
    /// Lines that hold an entry, and all lines.
    private(set) var entries: Int64 = 0
    private(set) var line = 0
    /// The line of the entry that does not hold.
    private(set) var brokenLine: Int?
    private(set) var noted: Int64?
    private let digest: String?
    private var format: LedgerFormat?
    private var order: [String] = []

    /// - Parameter digest: one that was noted earlier and is looked for.
    init(noted digest: String?) {
        self.digest = digest
        noted = digest == Ledger.origin ? 0 : nil
    }

    mutating func add(_ octets: [UInt8]) throws(Fault) {
        line += 1
        guard octets.count <= LedgerFile.longestLine else {
            throw Fault(
                line: line, text: "the line is longer than \(LedgerFile.longestLine) octets")
        }
        guard var text = String(validating: octets, as: UTF8.self) else {
            throw Fault(line: line, text: "the line is not UTF-8")
        }
        // Grapheme by grapheme a carriage return would hide in its line feed.
        if text.unicodeScalars.last == "\r" { text.unicodeScalars.removeLast() }
        guard !text.isEmpty else { return }
        switch format ?? (text.hasPrefix("{") ? .jsonl : .csv) {
        case .jsonl:
            format = .jsonl
            try add(record: record(json: text))
        case .csv where format == nil:
            format = .csv
            try readHeader(text)
        case .csv: try add(record: record(csv: text))
        }
    }

    private mutating func readHeader(_ text: String) throws(Fault) {
        let cells = try cells(text)
        guard cells.sorted() == LedgerFile.columns.sorted() else {
            throw Fault(
                line: line,
                text: "this is no exported ledger: a line of JSON or the columns "
                    + "\(LedgerFile.columns.joined(separator: ",")) must come first")
        }
        order = cells
    }

    private func cells(_ text: String) throws(Fault) -> [String] {
        do throws(CSVLine.Fault) {
            return try CSVLine.cells(of: text).map(\.text)
        } catch {
            throw Fault(line: line, text: "column \(error.column): \(error.message)")
        }
    }

    private func record(json text: String) throws(Fault) -> LedgerRecord {
        do throws(ClientError) {
            return try JSONDocument.decode(LedgerRecord.self, from: text.utf8)
        } catch {
            throw Fault(line: line, text: "this is no entry of a ledger")
        }
    }

    private func record(csv text: String) throws(Fault) -> LedgerRecord {
        let cells = try cells(text)
        guard cells.count == order.count else {
            throw Fault(
                line: line, text: "the line has \(cells.count) cells, and the header \(order.count)"
            )
        }
        let named = Dictionary(uniqueKeysWithValues: zip(order, cells))
        guard let number = named["number"].flatMap({ Int64($0) }),
            let microseconds = named["time_us"].flatMap({ Int64($0) }),
            let device = named["device"], let region = named["region"].flatMap({ Region($0) }),
            let origin = named["origin"], let note = named["note"], let digest = named["digest"]
        else { throw Fault(line: line, text: "this is no entry of a ledger") }
        let time = Timestamp(microseconds: microseconds)
        guard named["time"] == "\(time)" else {
            throw Fault(line: line, text: "time and time_us are not the same")
        }
        return LedgerRecord(
            number: number, time: time, device: device, region: region, origin: origin, note: note,
            digest: digest)
    }

    private mutating func add(record: LedgerRecord) throws(Fault) {
        entries += 1
        let time = Timestamp(microseconds: record.timeMicroseconds)
        // The digest is over the microseconds; people read the other one.
        guard "\(record.time)" == "\(time)" else {
            throw Fault(line: line, text: "time and time_us are not the same")
        }
        guard let device = DeviceKey(record.device), device.description == record.device,
            let origin = LedgerEntry.Origin(rawValue: record.origin)
        else { throw Fault(line: line, text: "this is no entry of a ledger") }
        guard broken == nil else { return }
        do throws(LedgerBreak) {
            try chain.add(
                LedgerEntry(
                    number: record.number, time: time, device: device, region: record.region,
                    origin: origin, note: record.note, digest: record.digest))
            if record.digest == digest { noted = record.number }
        } catch {
            broken = error
            brokenLine = line
        }
    }

    var check: LedgerCheck {
        LedgerCheck(
            entries: entries, head: chain.head,
            broken: broken.map {
                LedgerCheck.Break(
                    number: $0.number, part: $0.part.rawValue, expected: $0.expected,
                    found: $0.found)
            }, noted: noted)
    }
}
