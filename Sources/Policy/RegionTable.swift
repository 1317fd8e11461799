/// The regions there are: ISO 3166 codes with the short names people use.
///
/// Codes are matched, never names: romanised names differ between lists ("Avtonomna Respublika
/// Krym", "Autonomous Republic of Crimea"), the codes do not.
package struct RegionTable: Sendable {
    /// Whether a code exists, as far as this table can tell.
    package enum Standing: Hashable, Sendable {
        case assigned
        case unassigned
        /// A part of a country whose parts this table does not hold.
        case unknown
    }

    private var names: [Region: String] = [:]
    private var codesByAlpha3: [String: Region] = [:]
    /// Country codes whose parts are all in `names`; nil when every country's are.
    private var countriesWithParts: Set<String>?

    /// All countries, and the parts of Ukraine and Russia.
    package static let builtIn = RegionTable()

    private init() {
        for line in BuiltInRegions.countries.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 2)
            guard fields.count == 3, let region = Region(fields[0]) else { continue }
            names[region] = String(fields[2])
            codesByAlpha3[String(fields[1])] = region
        }
        for line in BuiltInRegions.subdivisions.split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 1)
            guard fields.count == 2, let region = Region(fields[0]) else { continue }
            names[region] = String(fields[1])
        }
        countriesWithParts = BuiltInRegions.countriesWithParts
    }

    /// The table with every part of every country. Names that are already here stay.
    package func adding(subdivisions: some Sequence<(code: String, name: String)>) -> RegionTable {
        var table = self
        for (code, name) in subdivisions {
            guard let region = Region(code), table.names[region] == nil else { continue }
            table.names[region] = name
        }
        table.countriesWithParts = nil
        return table
    }

    /// Every region, countries and parts, by code.
    package var all: [Region] { names.keys.sorted() }

    package func standing(of region: Region) -> Standing {
        if names[region] != nil { return .assigned }
        // A known slip such as KR-P is one even where the parts of Korea are not at hand.
        guard alias(region.code.lowercased()) == nil else { return .unassigned }
        guard region.isSubdivision, let countriesWithParts,
            let country = Region(region.countryCode),
            names[country] != nil, !countriesWithParts.contains(region.countryCode)
        else { return .unassigned }
        return .unknown
    }

    package func isAssigned(_ region: Region) -> Bool { standing(of: region) == .assigned }

    /// The short name: "Cuba", "North Korea", "Crimea" (UA-43). Nil for a code this table lacks.
    package func name(of region: Region) -> String? { names[region] }

    /// The region somebody most likely meant by a code that is none, and its name.
    package func suggestion(for text: String) -> (region: Region, name: String)? {
        let wanted = text.lowercased()
        let region =
            alias(wanted) ?? codesByAlpha3[text.uppercased()] ?? region(spelt: text)
            ?? region(named: wanted)
        guard let region, let name = names[region] else { return nil }
        return (region, name)
    }

    /// One sentence that helps with a code that is none, such as `North Korea is KP.`
    package func advice(for text: String) -> String? {
        let code = text.uppercased()
        for line in BuiltInRegions.notes.split(separator: "\n") where line.hasPrefix(code + " ") {
            return String(line.dropFirst(code.utf8.count + 1))
        }
        if text.lowercased() == "false" {
            return "If Norway is meant, write NO: another program may have read it as \"no\"."
        }
        if let (region, name) = suggestion(for: text) { return "\(name) is \(region)." }
        if let region = Region(text), region.isSubdivision,
            let name = Region(region.countryCode).flatMap({ names[$0] })
        {
            return "\(name) is \(region.countryCode), but it has no part \(region)."
        }
        return nil
    }

    private func alias(_ wanted: String) -> Region? {
        for line in BuiltInRegions.aliases.split(separator: "\n") {
            let sides = line.split(separator: "=", maxSplits: 1)
            if sides.count == 2, sides[0] == wanted { return Region(sides[1]) }
        }
        return nil
    }

    /// Reads `ua_43`, `ua 43`, `UA43` and `cu` as the codes they stand for.
    private func region(spelt text: String) -> Region? {
        let letters = text.uppercased().filter { $0 != "-" && $0 != "_" && $0 != " " }
        guard letters.allSatisfy(\.isASCII) else { return nil }
        let country = String(letters.prefix(2))
        let part = letters.dropFirst(2)
        let code = part.isEmpty ? country : "\(country)-\(part)"
        return Region(code).flatMap { names[$0] == nil ? nil : $0 }
    }

    /// The first region, countries before parts, that has this name.
    private func region(named wanted: String) -> Region? {
        guard wanted.utf8.count > 2 else { return nil }
        let found = names.filter { $0.value.lowercased() == wanted }.keys.sorted()
        return found.first { !$0.isSubdivision } ?? found.first
    }
}
