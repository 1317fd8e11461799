package import Wire

/// Whether the address of the uplink speaks for the declared regions. It only tells: no block and
/// no release follows from it.
package enum UplinkCheck: Hashable, Sendable {
    case agrees(AddressRegion, site: String)
    case differs(AddressRegion, declared: [Region])
    /// For the reason given.
    case cannotTell(String)

    /// One site that fits is enough: others may lie behind a tunnel. Sites by address are not
    /// asked.
    package static func compare(_ found: AddressRegion, with sites: [Site]) -> UplinkCheck {
        let declared = sites.compactMap { site in site.region.map { (site.name, $0) } }
        guard !declared.isEmpty else { return .cannotTell("no site declares a region") }
        guard case .found(let country, let parts) = found.finding else {
            return .cannotTell(found.text)
        }
        if let site = declared.first(where: { $0.1 == country || parts.contains($0.1) }) {
            return .agrees(found, site: site.0)
        }
        let inCountry = declared.first { $0.1.countryCode == country.code }
        if parts.isEmpty, let inCountry {
            return .cannotTell("\(found.text), and no part is named: \(inCountry.1) may be right")
        }
        return .differs(found, declared: Set(declared.map(\.1)).sorted())
    }

    package var text: String {
        switch self {
        case .agrees(let found, let site): "\(found.text), as site \(site) declares"
        case .differs(let found, let declared):
            "the uplink's address \(found.text), but the sites declare "
                + declared.map(\.code).joined(separator: ", ")
        case .cannotTell(let why): "the declared regions can't be checked: \(why)"
        }
    }

    package var differs: Bool { if case .differs = self { true } else { false } }
}

extension GatewaySettings {
    /// Whether any site takes the region from the devices' addresses.
    package var hasAddressSites: Bool { sites.sites.contains(where: \.isByAddress) }

    /// What an operator should know of the database, in sentences; the same in `check` and in the
    /// daemon.
    package func complaints(about database: DatabaseFacts, at now: Timestamp) -> [String] {
        guard let geoip else { return [] }
        var complaints: [String] = []
        let age = now.since(database.builtAt) / 86_400_000_000
        if age > geoip.maximumAgeDays {
            complaints.append(
                "the GeoIP database \(database.description) is \(age) days old, and may be "
                    + "\(geoip.maximumAgeDays)")
        } else if database.builtAt > now.adding(seconds: 86_400) {
            complaints.append(
                "the GeoIP database \(database.description) is from the future: is the clock right?"
            )
        }
        guard hasAddressSites, !database.namesParts else { return complaints }
        for policy in policies where policy.mode != .disabled {
            guard let part = policy.regions.list.first(where: \.value.isSubdivision)?.value else {
                continue
            }
            complaints.append(
                "policy \(policy.name) names \(part), and a \(database.type) database tells no "
                    + "parts of countries: devices in \(part.countryCode) by address are of "
                    + "unknown region to it")
        }
        return complaints
    }
}

extension RegionRule {
    var list: [Located<Region>] {
        switch self {
        case .deny(let list), .allow(let list): list
        }
    }
}
