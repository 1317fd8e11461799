package import Policy
package import Wire

extension AddressRegion {
    /// What the database says; without one no public address says anything.
    package init(_ address: IPAddress, asking database: RegionDatabase?) {
        if let database {
            self = database.region(of: address)
        } else {
            let address = address.unmapped
            self.init(
                address, .unknown(address.isPublic ? .noDatabase : .notPublic), database: nil)
        }
    }
}
