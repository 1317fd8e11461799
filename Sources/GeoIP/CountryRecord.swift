package import Policy
import Wire

/// What a decision needs of a record: `country.iso_code` and each `subdivisions[].iso_code`.
package enum CountryRecord {
    /// Reads the record at `offset` of the data section.
    ///
    /// A record without a country gives `.unknown(.noCountry)`: where a network is registered
    /// (`registered_country`) says nothing of where it is. Parts that are no codes are left out.
    package static func read(
        _ records: Span<UInt8>, at offset: Int
    ) throws(RecordFault) -> AddressRegion.Finding {
        var reader = RecordReader()
        let record = try reader.node(records, at: offset)
        guard record.kind == .map else { throw RecordFault("a record is not a map") }
        guard let place = try reader.value(records, of: "country", in: record),
            let code = try reader.value(records, of: "iso_code", in: place),
            let text = reader.text(records, of: code, limit: 2), let country = Region(text)
        else { return .unknown(.noCountry) }
        var parts: [Region] = []
        if let list = try reader.value(records, of: "subdivisions", in: record) {
            for node in try reader.elements(records, of: list, limit: GeoIPLimits.parts) {
                // The part behind the hyphen alone: "43" of UA-43.
                guard let code = try reader.value(records, of: "iso_code", in: node),
                    let text = reader.text(records, of: code, limit: 3),
                    let part = Region("\(country.code)-\(text)")
                else { continue }
                parts.append(part)
            }
        }
        return .found(country: country, parts: parts)
    }
}

/// What a database says of itself.
package enum DatabaseMetadata {
    /// The octets in front of it: 0xabcdef and `MaxMind.com`.
    private static let marker: [UInt8] = [0xab, 0xcd, 0xef] + Array("MaxMind.com".utf8)

    /// Reads the metadata from the last octets of a file.
    ///
    /// All of it is walked through: what passes here is nothing the library could lose itself in.
    package static func read(_ tail: Span<UInt8>) throws(RecordFault) -> DatabaseFacts {
        guard let start = start(in: tail) else {
            throw RecordFault("it is no MaxMind DB: there is no metadata")
        }
        let bytes = tail.extracting(droppingFirst: start)
        var reader = RecordReader()
        try reader.skip(bytes, at: 0, depth: 1)
        let map = try reader.node(bytes, at: 0)
        guard map.kind == .map else { throw RecordFault("its metadata is not a map") }
        guard let type = try reader.value(bytes, of: "database_type", in: map),
            let text = reader.text(bytes, of: type, limit: DatabaseFacts.maximumTypeLength)
        else { throw RecordFault("its metadata names no type") }
        guard let epoch = try reader.value(bytes, of: "build_epoch", in: map),
            let seconds = reader.number(bytes, of: epoch), seconds < 1 << 40
        else { throw RecordFault("its metadata names no time of building") }
        return DatabaseFacts(type: text, builtAt: .init(seconds: Int64(seconds)))
    }

    /// Behind the last marker.
    private static func start(in tail: Span<UInt8>) -> Int? {
        guard tail.count >= marker.count else { return nil }
        for start in stride(from: tail.count - marker.count, through: 0, by: -1) {
            if marker.indices.allSatisfy({ tail[start + $0] == marker[$0] }) {
                return start + marker.count
            }
        }
        return nil
    }
}
