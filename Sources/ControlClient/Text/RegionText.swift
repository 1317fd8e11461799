package import Policy
package import Wire

/// A region as `regionlock regions` lists it; it exists at the prompt only.
package struct RegionRow: Codable, Hashable, Sendable {
    package let region: Region
    package let name: String?
    /// Policies that deny it.
    package let deniedBy: [String]
    /// Sites that lie in it.
    package let sites: [String]

    package init(
        _ region: Region, name: String?, deniedBy: [String] = [], sites: [String] = []
    ) {
        self.region = region
        self.name = name
        self.deniedBy = deniedBy
        self.sites = sites
    }

    package enum CodingKeys: String, CodingKey {
        case region, name
        case deniedBy = "denied_by"
        case sites
    }
}

/// What `regionlock regions lookup -o json` prints; it exists at the prompt only.
package struct LookupRecord: Codable, Hashable, Sendable {
    package let address: String
    /// The most that is known; nil when nothing is.
    package let region: Region?
    package let country: Region?
    package let parts: [Region]
    package let database: String?
    package let builtAt: Timestamp?
    package let file: String
    package let text: String

    package init(_ found: AddressRegion, file: String) {
        address = found.address.description
        region = found.region
        if case .found(let country, let parts) = found.finding {
            self.country = country
            self.parts = parts
        } else {
            country = nil
            parts = []
        }
        database = found.database?.type
        builtAt = found.database?.builtAt
        self.file = file
        text = found.text
    }

    package enum CodingKeys: String, CodingKey {
        case address, region, country, parts, database
        case builtAt = "built_at"
        case file, text
    }
}

extension Report {
    package init(lookup found: AddressRegion, name: (Region) -> String?, file: String) {
        self.init()
        add(Phrase(found.text))
        if case .found(let country, let parts) = found.finding {
            for region in [country] + parts {
                add("  \(region)  \(name(region) ?? "not in the list of codes")")
            }
            if parts.isEmpty { add(note: "  The record names no part of \(country).") }
        }
        add(note: "  \(file)")
    }

    package init(regions rows: [RegionRow], _ style: TextStyle) {
        self.init()
        guard !rows.isEmpty else {
            add(note: "No site or policy names a region. See: regionlock regions --all")
            return
        }
        var table = Table(columns: [
            .init(title: "REGION"), .init(title: "NAME", isFlexible: true),
            .init(title: "DENIED BY", isFlexible: true),
            .init(title: "SITES HERE", isFlexible: true),
        ])
        table.rows = rows.map { row in
            let deniers = row.deniedBy.joined(separator: " ")
            let sites = row.sites.joined(separator: " ")
            return [
                Phrase(row.region.code), Phrase(row.name ?? "-"),
                Phrase(deniers.isEmpty ? "-" : deniers), Phrase(sites.isEmpty ? "-" : sites),
            ]
        }
        add(table: table)
    }
}
