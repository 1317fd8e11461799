import Wire

/// Regions on networks that are for documentation (RFC 5737, RFC 3849): nobody lives there.
package enum SampleDatabase {
    /// 2026-11-20T00:00:00Z.
    package static let buildEpoch: UInt64 = 1_795_132_800

    /// Networks with the country and the parts that a record of a City database names.
    package static let places: [(network: String, country: String, parts: [String])] = [
        ("192.0.2.0/26", "CU", ["03"]), ("192.0.2.64/26", "UA", ["43"]),
        ("192.0.2.128/26", "UA", ["30"]), ("192.0.2.192/27", "UA", []),
        ("198.51.100.0/25", "GB", ["ENG", "WBK"]), ("198.51.100.128/25", "ES", ["MD", "M"]),
        ("2001:db8:43::/48", "UA", ["43"]), ("2001:db8:30::/48", "UA", ["30"]),
        ("2001:db8:cc::/48", "CU", []),
    ]

    /// A City database with all of them, or with `hasParts: false` a Country database.
    package static func make(
        hasParts: Bool = true, ipVersion: Int = 6, recordBits: Int = 24,
        buildEpoch: UInt64 = buildEpoch
    ) -> MilledDatabase {
        var database = MilledDatabase(
            type: hasParts ? "Test-City" : "Test-Country", buildEpoch: buildEpoch,
            ipVersion: ipVersion)
        database.recordBits = recordBits
        for place in places {
            guard let network = IPPrefix(place.network),
                ipVersion == 6 || network.base.bitWidth == 32
            else { continue }
            database.add(
                network, record(country: place.country, parts: hasParts ? place.parts : []))
        }
        if let network = IPPrefix("203.0.113.0/28") {
            // Where it is registered is not where it is.
            let elsewhere = MilledValue.map(["iso_code": .string("RO")])
            database.add(network, .map(["registered_country": elsewhere]))
        }
        return database
    }

    package static func record(country: String, parts: [String]) -> MilledValue {
        let names = MilledValue.map(["de": .string("ein Ort"), "en": .string("a place")])
        var entries = [
            MilledValue.Entry(
                "continent", .map(["code": .string("EU"), "geoname_id": .uint32(6_255_148)])),
            MilledValue.Entry(
                "country",
                .map([
                    "geoname_id": .uint32(690_791), "is_in_european_union": .boolean(false),
                    "iso_code": .string(country), "names": names,
                ])),
        ]
        if !parts.isEmpty {
            let list = parts.map { MilledValue.map(["iso_code": .string($0), "names": names]) }
            entries.append(MilledValue.Entry("subdivisions", .array(list)))
        }
        return .map(entries)
    }
}
