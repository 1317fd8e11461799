/// Everything a database can make grow, bounded.
package enum GeoIPLimits {
    /// Octets of a file: the largest that are sold have some 500 MB. They are copied, so this is
    /// memory as well.
    package static let fileOctets: Int64 = 768 * 1024 * 1024
    /// Octets from the end of the file in which the metadata has to be (MaxMind DB format 2.0,
    /// "Database Metadata").
    static let metadataOctets = 128 * 1024
    /// Maps and arrays within each other. Real records have four.
    static let depth = 16
    /// Values looked at for one lookup. The largest real records have a few hundred.
    static let values = 4_096
    /// Parts of one country that a record may name: nobody has more than two levels of them.
    static let parts = 4
    /// How often, at most, the file and the uplink's address are looked at.
    package static let lookSeconds = 60
}
