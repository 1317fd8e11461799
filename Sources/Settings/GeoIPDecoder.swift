import Policy
import Wire

/// Reads `geoip` of `regionlock.yaml`. Whether the database is there is no question of the text:
/// whoever opens it says so.
enum GeoIPDecoder {
    static func decode(_ field: Field) -> GeoIPSettings? {
        guard
            let fields = Fields(
                field, keys: ["database", "uplink_address", "max_age"],
                unsupported: [
                    "download": "Let a timer of your database's publisher fetch it."
                ])
        else { return nil }
        let database = fields.required("database")
        let path = database?.absolutePath(hint: "Such as /var/lib/GeoIP/GeoLite2-City.mmdb")
        let address = fields["uplink_address"].flatMap(uplinkAddress)
        let day = 86_400
        let age = fields["max_age"].map { field -> Int? in
            guard let seconds = field.durationSeconds(in: day...3_650 * day) else { return nil }
            if seconds % day != 0 { field.error("\(field.name) must be whole days") }
            return seconds / day
        }
        guard let database, let path else { return nil }
        return GeoIPSettings(
            database: path, uplinkAddress: address,
            maximumAgeDays: (age ?? nil) ?? GeoIPSettings.standardAgeDays,
            source: field.file.location(database.span))
    }

    /// `auto`, which is the default, or an address that can tell a place.
    private static func uplinkAddress(_ field: Field) -> IPAddress? {
        guard let text = field.scalar("auto or an address"), text != "auto" else { return nil }
        guard let address = IPAddress(text) else {
            field.mustBe("auto or an IP address")
            return nil
        }
        guard address.unmapped.isPublic else {
            field.error(
                "\(field.name): \(address) is not a public address, and tells no region",
                hint: "Write the address the internet sees, or remove it.")
            return nil
        }
        return address
    }
}
