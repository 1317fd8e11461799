import Policy

@testable import GeoIP

/// Records and metadata of a GeoIP database, which an operator may have from anywhere.
enum RegionTarget {
    /// Two octets say where the record stands in the rest.
    static func run(_ input: Span<UInt8>) {
        _ = try? DatabaseMetadata.read(input)
        guard input.count > 2 else { return }
        let records = input.extracting(droppingFirst: 2)
        let offset = (Int(input[0]) << 8 | Int(input[1])) % records.count
        guard let finding = try? CountryRecord.read(records, at: offset) else { return }
        if case .found(country: let country, parts: let parts) = finding {
            precondition(parts.count <= GeoIPLimits.parts)
            for part in parts {
                precondition(part.countryCode == country.code, "\(part) in \(country)")
            }
        }
    }
}
