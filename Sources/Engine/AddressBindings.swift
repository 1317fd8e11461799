package import Wire

/// Which MAC each address belongs to, by the neighbour table alone: a packet's own source proves
/// nothing, or a device could get another one's address cut.
package struct AddressBindings: Sendable {
    private var owners: [IPAddress: MACAddress] = [:]
    private var addresses: [MACAddress: [IPAddress]] = [:]

    package init() {}

    package func owner(of address: IPAddress) -> MACAddress? { owners[address] }
    /// Oldest first, at most `EngineLimits.addressesPerDevice`.
    package func addresses(of mac: MACAddress) -> [IPAddress] { addresses[mac] ?? [] }

    /// What binding an address changed.
    package struct Change: Hashable, Sendable {
        package var isNew = false
        /// Who held the address before.
        package var former: MACAddress?
        /// An address of the same MAC that had to make room.
        package var evicted: IPAddress?
    }

    package mutating func bind(_ address: IPAddress, to mac: MACAddress) -> Change {
        let former = owners[address]
        guard former != mac else { return Change() }
        if former != nil { unbind(address) }
        owners[address] = mac
        addresses[mac, default: []].append(address)
        guard let list = addresses[mac], list.count > EngineLimits.addressesPerDevice,
            let oldest = list.first
        else { return Change(isNew: true, former: former) }
        unbind(oldest)
        return Change(isNew: true, former: former, evicted: oldest)
    }

    package mutating func unbind(_ address: IPAddress) {
        guard let mac = owners.removeValue(forKey: address) else { return }
        addresses[mac]?.removeAll { $0 == address }
        if addresses[mac]?.isEmpty ?? false { addresses[mac] = nil }
    }
}
