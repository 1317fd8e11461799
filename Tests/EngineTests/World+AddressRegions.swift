import Engine
import Policy
import Wire

/// What the daemon does for sites whose devices' addresses say the region.
extension World {
    func region(of address: IPAddress) -> AddressRegion {
        let address = address.unmapped
        guard address.isPublic else {
            return AddressRegion(address, .unknown(.notPublic), database: database)
        }
        guard database != nil else {
            return AddressRegion(address, .unknown(.noDatabase), database: nil)
        }
        return AddressRegion(address, records[address] ?? .unknown(.noRecord), database: database)
    }

    mutating func locate(_ address: IPAddress, on interface: InterfaceName?) {
        guard let engine, engine.wantsRegion(of: address, on: interface) else { return }
        let found = [region(of: address)]
        self.engine?.locate(found)
    }

    mutating func prepare(for book: PolicyBook) {
        guard let engine else { return }
        let found = engine.addressesToLocate(by: book).map(region)
        self.engine?.locate(found)
    }

    /// `database TYPE`, made on 2026-11-20, or `database none`.
    mutating func use(_ type: String) throws {
        database =
            type == "none"
            ? nil : DatabaseFacts(type: type, builtAt: Timestamp(seconds: 1_795_132_800))
        guard let engine else { return }
        let found = engine.addressesToLocate(by: engine.book).map(region)
        run(self.engine?.handle(.relocated(found), at: now) ?? [])
    }

    /// `record ADDRESS COUNTRY [PART ...]`; it counts from the next `database` on for an address
    /// that has been looked up.
    mutating func keepRecord(_ words: [String]) throws {
        guard let address = IPAddress(words[0]), let country = Region(words[1]) else {
            throw ScenarioError("no record")
        }
        records[address] = .found(
            country: country, parts: words.dropFirst(2).compactMap { Region($0) })
    }
}
