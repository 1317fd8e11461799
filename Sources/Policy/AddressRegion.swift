package import Wire

/// A GeoIP database, as far as a decision has to name it.
package struct DatabaseFacts: Hashable, Sendable {
    /// Such as `GeoLite2-City`; printable, at most `maximumTypeLength` characters.
    package let type: String
    package let builtAt: Timestamp

    package static let maximumTypeLength = 64

    package init(type: String, builtAt: Timestamp) {
        self.type = type
        self.builtAt = builtAt
    }

    /// Whether its kind of records names parts of countries. Each record says for itself; this is
    /// for the warning before the first.
    package var namesParts: Bool {
        ["City", "Enterprise", "Insights"].contains { type.contains($0) }
    }

    /// `GeoLite2-City of 2026-11-20`
    package var description: String { "\(type) of \(builtAt.description.prefix(10))" }
}

/// What a database says of one address: a value, looked up by whoever holds the database.
package struct AddressRegion: Hashable, Sendable {
    /// Why the region is not known.
    package enum Gap: Hashable, Sendable {
        /// Private, shared, local or a group's.
        case notPublic
        /// None is configured or usable.
        case noDatabase
        case noRecord
        case noCountry
        /// The record is not what the format allows.
        case damagedRecord
        /// Nobody has asked the database yet.
        case notAsked
        /// The device has no address that is known.
        case noAddress
    }

    package enum Finding: Hashable, Sendable {
        /// Parts of the country from the largest to the smallest, as the record names them; none
        /// where it knows the country alone.
        case found(country: Region, parts: [Region])
        case unknown(Gap)
    }

    package let address: IPAddress
    package let finding: Finding
    /// Nil where none was asked.
    package let database: DatabaseFacts?

    package init(_ address: IPAddress, _ finding: Finding, database: DatabaseFacts?) {
        self.address = address
        self.finding = finding
        self.database = database
    }

    /// The most that is known: the largest part, else the country.
    package var region: Region? {
        guard case .found(let country, let parts) = finding else { return nil }
        return parts.first ?? country
    }

    /// `192.0.2.7 is in UA, UA-43 by GeoLite2-City of 2026-11-20`
    package var text: String {
        let database = database?.description ?? "no database"
        switch finding {
        case .found(let country, let parts):
            let record = ([country] + parts).map(\.code).joined(separator: ", ")
            return "\(address) is in \(record) by \(database)"
        case .unknown(.notPublic):
            return "\(address) is not a public address, and tells no region"
        case .unknown(.noDatabase):
            return "no GeoIP database is open, so \(address) tells no region"
        case .unknown(.noRecord): return "\(address) is not in \(database)"
        case .unknown(.noCountry):
            return "the record of \(address) in \(database) names no country"
        case .unknown(.damagedRecord):
            return "the record of \(address) in \(database) is damaged"
        case .unknown(.notAsked): return "\(address) has not been looked up yet"
        case .unknown(.noAddress): return "no address of the device is known"
        }
    }
}

extension AddressRegion {
    /// What a policy's list says of the address.
    enum Listing {
        case listed(Located<Region>)
        case notListed
        /// It could be either, for the reason given.
        case unknown(String)
    }

    /// A country that is known does not answer a list that names parts of it: of an address in
    /// Ukraine, nobody but the record's part can say whether it is in UA-43.
    func listing(in list: [Located<Region>]) -> Listing {
        guard case .found(let country, let parts) = finding else {
            return .unknown("its region is unknown")
        }
        let entry = list.first { $0.value == country || parts.contains($0.value) }
        if let entry { return .listed(entry) }
        let asked = list.first { $0.value.isSubdivision && $0.value.countryCode == country.code }
        guard parts.isEmpty, let asked else { return .notListed }
        let source =
            database.map { $0.namesParts ? "the record" : "a \($0.type) database" } ?? "the record"
        return .unknown("\(source) names no part of \(country), so it may be \(asked.value) or not")
    }
}
