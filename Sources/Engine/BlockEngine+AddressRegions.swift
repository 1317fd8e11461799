package import Policy
package import Wire

/// Regions that devices' own addresses say, at sites with `region: from-address`. Who holds the
/// database looks them up and tells them as values; what was told is kept until another database
/// comes, so that questions are answered as packets were.
extension BlockEngine {
    /// Whether the region of an address is asked for, and not known. No allocation.
    package func wantsRegion(of address: IPAddress, on interface: InterfaceName?) -> Bool {
        guard hasAddressSites, addressRegions[address.unmapped] == nil else { return false }
        return book.settings.sites.site(interface: interface, address: address)?.isByAddress
            ?? false
    }

    /// Every address whose region `book` would ask for: of devices at its sites, and those asked
    /// for before.
    package func addressesToLocate(by book: PolicyBook) -> [IPAddress] {
        guard book.settings.hasAddressSites else { return [] }
        var wanted = Set(addressRegions.keys)
        for device in devices.values where book.site(of: device.facts)?.site.isByAddress ?? false {
            wanted.formUnion(addresses(of: device.facts))
        }
        return Array(wanted)
    }

    package mutating func locate(_ regions: [AddressRegion]) {
        for region in regions {
            if addressRegions.count >= EngineLimits.bindings {
                addressRegions.removeAll(keepingCapacity: true)
            }
            addressRegions[region.address.unmapped] = region
        }
    }

    /// Another database is in use: what the one before said does not hold any more. No block ends
    /// by it, and a policy `on: entry` may now see who is there.
    mutating func relocate(_ regions: [AddressRegion], at now: Timestamp) -> [Effect] {
        addressRegions.removeAll(keepingCapacity: true)
        locate(regions)
        return enterAll(at: now)
    }

    /// What the device's own address says: the one it was seen with if that is public, else the
    /// newest public one it answers for. Nil at a site that declares its region.
    func addressRegion(of facts: DeviceFacts, at site: Site?) -> AddressRegion? {
        guard let site, site.isByAddress else { return nil }
        let own = addresses(of: facts)
        guard let address = own.first(where: \.isPublic) ?? own.first else { return nil }
        let gap = address.isPublic ? AddressRegion.Gap.notAsked : .notPublic
        return addressRegions[address]
            ?? AddressRegion(address, .unknown(gap), database: nil)
    }

    /// The region a device is in, as far as it is known.
    package func region(of facts: DeviceFacts) -> Region? {
        let site = book.site(of: facts)?.site
        return site?.isByAddress ?? false
            ? addressRegion(of: facts, at: site)?.region : book.region(of: site)
    }

    /// The one it was seen with, then those it answers for, the newest first. An address that
    /// another device claims as well says nothing.
    private func addresses(of facts: DeviceFacts) -> [IPAddress] {
        let bound = facts.mac.map { bindings.addresses(of: $0) } ?? []
        let own = bound.reversed().filter { !bindings.isContested($0) }
        return (facts.address.map { [$0] } ?? []).map(\.unmapped) + own
    }
}
