package import Policy

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

extension Report {
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
