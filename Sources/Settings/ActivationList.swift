package import Policy
package import Wire

/// A list of devices that were sold and activated somewhere, read from lines of CSV.
///
/// The first line names the columns, in any order. Every mistake is told with its place, and with
/// one mistake nothing of the list is good for an import.
package struct ActivationList {
    /// How a line names its device.
    package enum Name: Hashable, Sendable {
        case mac(MACAddress)
        /// As the settings call it, such as a serial number.
        case label(String)
    }

    package struct Row: Hashable, Sendable {
        package let name: Name
        package let region: Region
        package let activatedAt: Timestamp
        package let source: String
        package let line: Int
        /// Of the device's cell.
        let column: Int
        let length: Int
        let excerpt: String
    }

    package static let columns = ["device", "region", "activated_at", "source"]
    private static let headerHint =
        "The first line names the columns: \(columns.joined(separator: ","))"

    package let file: String
    package private(set) var rows: [Row] = []
    package private(set) var problems: [SettingsProblem] = []
    private let regions: RegionTable
    private let vendors: VendorRegistry
    private let now: Timestamp
    private var line = 0
    /// Which cell of a line is which column; nil before the header.
    private var order: [String]?
    /// A header that cannot be read makes every line wrong; one mistake will do.
    private var isHopeless = false

    package init(
        file: String, regions: RegionTable, vendors: VendorRegistry, now: Timestamp
    ) {
        self.file = file
        self.regions = regions
        self.vendors = vendors
        self.now = now
    }

    package private(set) var errorCount = 0
    /// All there are; `problems` holds the first of them.
    package private(set) var warningCount = 0

    /// Whether more lines are worth reading. Warnings are no reason to stop: what they are of is
    /// imported.
    package var wantsMore: Bool {
        !isHopeless && errorCount < SettingsLimits.problemsPerFile
            && rows.count <= SettingsLimits.activationsPerList
    }

    /// Takes the next line, without its line feed. Of a longer one than the limit no more than one
    /// octet past it is needed.
    package mutating func add(line octets: some Collection<UInt8>) {
        guard wantsMore else { return }
        line += 1
        var octets = Array(octets)
        // A byte order mark is what spreadsheets begin UTF-8 with.
        if line == 1, octets.starts(with: [0xef, 0xbb, 0xbf]) { octets.removeFirst(3) }
        if octets.last == UInt8(ascii: "\r") { octets.removeLast() }
        guard octets.count <= SettingsLimits.listLineBytes else {
            return error(
                "the line is longer than \(SettingsLimits.listLineBytes) octets", at: 1,
                hint: "A line has four cells: \(Self.columns.joined(separator: ","))")
        }
        guard let text = String(validating: octets, as: UTF8.self) else {
            return error(
                "the line is not UTF-8", at: Self.validPrefix(octets) + 1,
                hint: "Save the list as CSV in UTF-8.")
        }
        guard text.contains(where: { $0 != " " && $0 != "\t" }) else { return }
        do throws(CSVLine.Fault) {
            let cells = try CSVLine.cells(of: text)
            if order == nil { readHeader(cells, text) } else { readRow(cells, text) }
        } catch {
            self.error(error.message, at: error.column, excerpt: text)
            if order == nil { isHopeless = true }
        }
    }

    /// To be called after the last line.
    package mutating func finish() {
        guard errorCount == 0 else { return }
        if order == nil {
            line = 1
            error("the list is empty", at: 1, hint: Self.headerHint)
        } else if rows.isEmpty {
            error("the list has a header and no line after it", at: 1)
        } else if rows.count > SettingsLimits.activationsPerList {
            error(
                "the list has more than \(SettingsLimits.activationsPerList) lines", at: 1,
                hint: "Import it in parts.")
        }
    }

    // MARK: Lines

    private mutating func readHeader(_ cells: [CSVLine.Cell], _ text: String) {
        var found: [String] = []
        for cell in cells {
            guard Self.columns.contains(cell.text) else {
                isHopeless = true
                let guess = suggestion(for: cell.text, among: Self.columns)
                let isSemicolon = cells.count == 1 && text.contains(";")
                return error(
                    "there is no column \(quoted(cell.text))", at: cell.column,
                    excerpt: text, length: max(1, cell.length),
                    hint: isSemicolon
                        ? "The cells are separated by commas, not by semicolons."
                        : guess.map { "Did you mean \"\($0)\"?" } ?? Self.headerHint)
            }
            guard !found.contains(cell.text) else {
                isHopeless = true
                return error(
                    "the column \(quoted(cell.text)) stands here twice", at: cell.column,
                    excerpt: text, length: cell.length)
            }
            found.append(cell.text)
        }
        if let missing = Self.columns.first(where: { !found.contains($0) }) {
            isHopeless = true
            return error(
                "the column \"\(missing)\" is missing", at: 1, excerpt: text,
                hint: Self.headerHint)
        }
        order = found
    }

    private mutating func readRow(_ cells: [CSVLine.Cell], _ text: String) {
        guard let order else { return }
        guard cells.count == order.count else {
            return error(
                "the line has \(cells.count) cells, and the header \(order.count)",
                at: cells.last?.column ?? 1, excerpt: text,
                hint: "Put a cell that holds a comma in double quotes.")
        }
        let named = Dictionary(uniqueKeysWithValues: zip(order, cells))
        guard let device = named["device"], let region = named["region"],
            let time = named["activated_at"], let source = named["source"]
        else { return }
        // Each is looked at, so that all mistakes of a line are told at once.
        let name = self.name(device, text)
        let place = self.region(region, text)
        let moment = self.time(time, text)
        let witness = self.source(source, text)
        guard let name, let place, let moment, let witness else { return }
        rows.append(
            Row(
                name: name, region: place, activatedAt: moment, source: witness, line: line,
                column: device.column, length: device.length, excerpt: text))
    }

    private mutating func name(_ cell: CSVLine.Cell, _ text: String) -> Name? {
        if let mac = MACAddress(cell.text) {
            guard mac.isDevice else {
                error(
                    "\(mac) is no device's MAC but a group's or none", at: cell, text)
                return nil
            }
            if vendors.kind(of: mac) == .random {
                warning(
                    "\(mac) is a random MAC: a phone has another one in each network", at: cell,
                    text)
            }
            return .mac(mac)
        }
        if IPAddress(cell.text) != nil {
            error(
                "an address is lent to a device and does not stay with it", at: cell, text,
                hint: "Write the device's MAC, or the label it has in devices.d.")
            return nil
        }
        guard Field.isIdentifier(cell.text) else {
            error(
                cell.text.isEmpty
                    ? "the device is missing" : "\(quoted(cell.text)) is no device", at: cell, text,
                hint: "Write the device's MAC, or the label it has in devices.d.")
            return nil
        }
        return .label(cell.text)
    }

    private mutating func region(_ cell: CSVLine.Cell, _ text: String) -> Region? {
        guard let region = Region(cell.text), regions.standing(of: region) != .unassigned else {
            let advice = regions.advice(for: cell.text).map { "\($0) " } ?? ""
            error(
                "there is no region \(quoted(cell.text))", at: cell, text,
                hint: "\(advice)See: regionlock regions --all")
            return nil
        }
        return region
    }

    private mutating func time(_ cell: CSVLine.Cell, _ text: String) -> Timestamp? {
        guard let time = RFC3339.timestamp(cell.text) else {
            error(
                "\(quoted(cell.text)) is not a time", at: cell, text,
                hint: "Write 2026-11-23, or 2026-11-23T10:31:07+01:00.")
            return nil
        }
        guard time >= Timestamp(seconds: 0) else {
            error("this is before 1970", at: cell, text)
            return nil
        }
        guard time <= now else {
            error("this is yet to come", at: cell, text, hint: "It is now \(now).")
            return nil
        }
        return time
    }

    private mutating func source(_ cell: CSVLine.Cell, _ text: String) -> String? {
        let length = cell.text.unicodeScalars.count
        guard (1...SettingsLimits.sourceLength).contains(length) else {
            error(
                length == 0
                    ? "the source is missing"
                    : "the source is longer than \(SettingsLimits.sourceLength) characters",
                at: cell, text, hint: "It says where this is known from, such as \"receipt 881\".")
            return nil
        }
        let isPlain = cell.text.unicodeScalars.allSatisfy {
            !isUnprintable($0) && !$0.properties.isBidiControl
        }
        guard isPlain else {
            error("the source holds control characters", at: cell, text)
            return nil
        }
        return cell.text
    }

    // MARK: Problems

    /// The octets that are UTF-8 at the beginning, in scalars.
    private static func validPrefix(_ octets: [UInt8]) -> Int {
        var decoder = UTF8()
        var iterator = octets.makeIterator()
        var count = 0
        while case .scalarValue = decoder.decode(&iterator) { count += 1 }
        return count
    }

    private mutating func error(
        _ message: String, at cell: CSVLine.Cell, _ text: String, hint: String? = nil
    ) {
        error(
            message, at: cell.column, excerpt: text, length: max(1, cell.length), hint: hint)
    }

    private mutating func error(
        _ message: String, at column: Int, excerpt: String? = nil, length: Int = 1,
        hint: String? = nil
    ) {
        note(
            SettingsProblem(
                severity: .error, file: file, line: line, column: column, message: message,
                excerpt: excerpt, length: length, hint: hint))
    }

    private mutating func warning(_ message: String, at cell: CSVLine.Cell, _ text: String) {
        note(
            SettingsProblem(
                severity: .warning, file: file, line: line, column: cell.column,
                message: message, excerpt: text, length: max(1, cell.length)))
    }

    private mutating func note(_ problem: SettingsProblem) {
        let count = problem.severity == .error ? errorCount : warningCount
        if count < SettingsLimits.problemsPerFile { problems.append(problem) }
        if problem.severity == .error { errorCount += 1 } else { warningCount += 1 }
    }
}

extension ActivationList {
    /// A row with the id of its device.
    package struct Claim: Hashable, Sendable {
        package let device: String
        package let row: Row
    }

    /// The rows, each device once: of two that say the same the earlier activation counts, and a
    /// warning tells of it. Two that name different regions are a mistake somebody must look at.
    ///
    /// - Parameter ids: The id of each device that the gateway knows by a label.
    package mutating func resolve(labels ids: [String: String]) -> [Claim] {
        var claims: [Claim] = []
        var places: [String: Int] = [:]
        for row in rows where errorCount < SettingsLimits.problemsPerFile {
            let device: String
            switch row.name {
            case .mac(let mac): device = mac.description
            case .label(let label):
                guard let id = ids[label] else {
                    let guess = suggestion(for: label, among: ids.keys.sorted())
                    tell(
                        .error, "no device has the label \(quoted(label))", of: row,
                        hint: guess.map { "Did you mean \"\($0)\"?" }
                            ?? "Write the device's MAC, or list it in devices.d.")
                    continue
                }
                device = id
            }
            guard let place = places[device] else {
                places[device] = claims.count
                claims.append(Claim(device: device, row: row))
                continue
            }
            let other = claims[place].row
            guard other.region == row.region else {
                tell(
                    .error,
                    "the device stands here in \(row.region), and in line \(other.line) in "
                        + "\(other.region)", of: row, hint: "Only the first activation counts.")
                continue
            }
            tell(
                .warning,
                "the device stands here twice (first in line \(other.line)): the "
                    + "earlier activation counts", of: row)
            if row.activatedAt < other.activatedAt {
                claims[place] = Claim(device: device, row: row)
            }
        }
        return claims
    }

    private mutating func tell(
        _ severity: SettingsProblem.Severity, _ message: String, of row: Row, hint: String? = nil
    ) {
        note(
            SettingsProblem(
                severity: severity, file: file, line: row.line, column: row.column,
                message: message, excerpt: row.excerpt, length: max(1, row.length), hint: hint))
    }
}
