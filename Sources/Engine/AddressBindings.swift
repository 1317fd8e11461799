package import Wire

/// Which MAC each address belongs to, by the neighbour table alone: a packet's own source proves
/// nothing, or a device could get another one's address cut.
///
/// The table's word has two meanings here. Its last word says where the gateway sends what goes to
/// the address (the holder). Whose address it is (the tenant) changes only when the former tenant
/// has been silent for a while: whoever answers ARP or ND faster owns nothing yet.
package struct AddressBindings: Sendable {
    private struct Binding: Sendable {
        /// Nil: the table names nobody any more.
        var holder: MACAddress?
        var interface: InterfaceName
        var tenant: MACAddress
        /// When the table last had the tenant's own word for it.
        var tenantSeen: Timestamp
    }

    private var bindings: [IPAddress: Binding] = [:]
    private var held: [MACAddress: [IPAddress]] = [:]
    /// Addresses somebody else than the tenant answers for.
    private var contested: Set<IPAddress> = []

    package init() {}

    /// Whom the neighbour table named last.
    package func holder(of address: IPAddress) -> MACAddress? { bindings[address]?.holder }
    /// Whose the address is, whoever answers for it now.
    package func tenant(of address: IPAddress) -> MACAddress? { bindings[address]?.tenant }
    package func isContested(_ address: IPAddress) -> Bool { contested.contains(address) }
    /// Addresses the MAC holds, its own and others'; oldest first, at most
    /// `EngineLimits.addressesPerDevice`.
    package func addresses(of mac: MACAddress) -> [IPAddress] { held[mac] ?? [] }
    /// Addresses of this tenant that another MAC answers for.
    package func lostAddresses(of mac: MACAddress) -> [IPAddress] {
        contested.filter { bindings[$0]?.tenant == mac }
    }

    package var contestedAddresses: [IPAddress] { Array(contested) }

    /// - Parameter isConfirmed: The MAC has just answered for the address. A state that only aged
    ///   is no sign of life.
    /// - Returns: whether the holder is another one than before. When the MAC holds too many, its
    ///   oldest address is let go.
    package mutating func bind(
        _ address: IPAddress, to mac: MACAddress, on interface: InterfaceName,
        isConfirmed: Bool = true, at now: Timestamp
    ) -> Bool {
        var binding =
            bindings[address]
            ?? Binding(holder: nil, interface: interface, tenant: mac, tenantSeen: now)
        let isNew = binding.holder != mac
        if isNew, let former = binding.holder { letGo(address, of: former) }
        binding.holder = mac
        binding.interface = interface
        if binding.tenant == mac {
            // Who takes the address up again has spoken, whatever state the entry is in.
            if isNew || isConfirmed { binding.tenantSeen = now }
        } else if Self.isOver(binding.tenantSeen, at: now) {
            binding.tenant = mac
            binding.tenantSeen = now
        }
        if bindings[address] == nil { makeRoom() }
        bindings[address] = binding
        note(address, isContested: binding.tenant != mac)
        if isNew {
            held[mac, default: []].append(address)
            evict(from: mac)
        }
        return isNew
    }

    /// The table no longer knows where the address is. Whose it is stays known for a while.
    package mutating func unbind(_ address: IPAddress, on interface: InterfaceName?) {
        guard let binding = bindings[address], let holder = binding.holder,
            interface == nil || binding.interface == interface
        else { return }
        letGo(address, of: holder)
        bindings[address]?.holder = nil
        note(address, isContested: false)
    }

    /// Gives contested addresses to their holders where the tenant has been silent too long.
    ///
    /// - Returns: the addresses that have changed hands.
    package mutating func settle(at now: Timestamp) -> [IPAddress] {
        let due = contested.filter { address in
            bindings[address].map { Self.isOver($0.tenantSeen, at: now) } ?? true
        }
        for address in due {
            contested.remove(address)
            guard let holder = bindings[address]?.holder else { continue }
            bindings[address]?.tenant = holder
            bindings[address]?.tenantSeen = now
        }
        return Array(due)
    }

    /// Forgets tenants nobody has heard of for long.
    package mutating func prune(at now: Timestamp) {
        bindings = bindings.filter { _, binding in
            binding.holder != nil || !Self.isOver(binding.tenantSeen, at: now)
        }
    }

    // MARK: Bookkeeping

    private static func isOver(_ seen: Timestamp, at now: Timestamp) -> Bool {
        now.since(seen) > EngineLimits.tenancySeconds * 1_000_000
    }

    private mutating func note(_ address: IPAddress, isContested: Bool) {
        if isContested { contested.insert(address) } else { contested.remove(address) }
    }

    private mutating func letGo(_ address: IPAddress, of mac: MACAddress) {
        held[mac]?.removeAll { $0 == address }
        if held[mac]?.isEmpty ?? false { held[mac] = nil }
    }

    private mutating func makeRoom() {
        guard bindings.count >= EngineLimits.bindings else { return }
        // Those the table still names are bounded by the kernel; the others only by us.
        bindings = bindings.filter { $0.value.holder != nil }
    }

    private mutating func evict(from mac: MACAddress) {
        guard let list = held[mac], list.count > EngineLimits.addressesPerDevice,
            let oldest = list.first
        else { return }
        // It is bound again as soon as something is sent there.
        unbind(oldest, on: nil)
    }
}
