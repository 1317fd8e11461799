import Firewall
import Policy
package import Wire

extension BlockEngine {
    // MARK: Downwards

    /// The block because of which nothing may go to an address.
    ///
    /// A cut device that answers for somebody else's address must not get that one cut. So an
    /// address counts as the cut device's when it is its tenant, or when the tenant is cut as well.
    /// The other way round, who answers for a cut device's address gets what goes there at once:
    /// it may be an innocent the address was given to. The tenancy stays, and with it the element
    /// comes back as soon as the cut device answers again.
    package func downBlock(of address: IPAddress) -> Block? {
        guard shape == .complete else { return nil }
        if let block = block(of: .address(address)) { return block }
        guard let holder = bindings.holder(of: address), let block = block(of: .mac(holder)) else {
            return nil
        }
        guard bindings.isContested(address), let tenant = bindings.tenant(of: address) else {
            return block
        }
        return self.block(of: .mac(tenant)) == nil ? nil : block
    }

    /// Addresses whose element may change with the block of a device.
    func downCandidates(of device: DeviceKey) -> [IPAddress] {
        guard shape == .complete else { return [] }
        switch device {
        case .mac(let mac): return bindings.addresses(of: mac) + bindings.lostAddresses(of: mac)
        case .address(let address): return [address]
        }
    }

    func downChange(_ address: IPAddress, block: Block, isAdded: Bool) -> ElementChange {
        ElementChange(
            set: TableSets.down(address),
            element: SetElement(.address(address), comment: block.id.text), isAdded: isAdded)
    }

    /// What a change does to the elements of some addresses.
    struct DownChange {
        var changes: [ElementChange] = []
        /// Addresses nothing may go to from now on, and those it may again.
        var added: [IPAddress] = []
        var removed: [IPAddress] = []
    }

    mutating func changingDown(
        _ addresses: some Collection<IPAddress>, by change: (inout BlockEngine) -> Void
    ) -> DownChange {
        let before = addresses.map { downBlock(of: $0) }
        change(&self)
        var down = DownChange()
        for (address, old) in zip(addresses, before) {
            let new = downBlock(of: address)
            guard old?.id != new?.id else { continue }
            if let old { down.changes.append(downChange(address, block: old, isAdded: false)) }
            if let new { down.changes.append(downChange(address, block: new, isAdded: true)) }
            if old == nil { down.added.append(address) }
            if new == nil { down.removed.append(address) }
        }
        return down
    }

    // MARK: The neighbour table

    mutating func bind(
        _ address: IPAddress, to mac: MACAddress, on interface: InterfaceName, isConfirmed: Bool,
        at now: Timestamp
    ) -> [Effect] {
        guard !mac.isGroup, !book.settings.uplinks.contains(interface) else { return [] }
        places.note(address, of: mac, on: interface, isConfirmed: isConfirmed, at: now)
        let facts = DeviceFacts(mac: mac, address: address, interface: interface)
        if !places.contradict(mac, on: interface, at: now) {
            remember(.mac(mac), facts: facts, at: now)
        }
        var effects = countAddresses(of: mac, at: now)
        // One link-local address may be another device's on every interface, and nothing is
        // forwarded to it.
        if case .v6(let address) = address, address.isLinkLocal {
            if isConfirmed { identities.noteSign(of: mac, at: now) }
            return effects + noteInterfaceIdentifier(address, of: mac, on: interface, at: now)
                + settleReturn(of: mac, at: now)
        }
        var isNew = false
        // The oldest may have to make room.
        let touched = [address] + bindings.addresses(of: mac).prefix(1).filter { $0 != address }
        let down = changingDown(touched) { engine in
            isNew = engine.bindings.bind(
                address, to: mac, on: interface, isConfirmed: isConfirmed, at: now)
        }
        if !down.changes.isEmpty { effects.insert(.commit(down.changes), at: 0) }
        if !down.added.isEmpty { effects.insert(.endFlows(from: down.added), at: 1) }
        if isNew { effects += tellContest(of: address, at: now) }
        // Who takes an address up again has spoken, as `AddressBindings` has it.
        if isConfirmed || isNew { identities.noteSign(of: mac, at: now) }
        effects += settleReturn(of: mac, at: now)
        // What only spoke may not be there; what has answered is.
        let source = PacketSource(mac: mac, address: address, interface: interface)
        return isConfirmed ? effects + enter(source, at: now) : effects
    }

    mutating func unbind(_ address: IPAddress, on interface: InterfaceName?) -> [Effect] {
        places.remove(address, on: interface)
        // A cut device's addresses stay cut until somebody else holds them: its entry in the
        // neighbour table goes stale exactly because nothing is sent to it any more.
        guard let mac = bindings.holder(of: address), block(of: .mac(mac)) == nil else { return [] }
        bindings.unbind(address, on: interface)
        return []
    }

    /// Addresses whose former tenants have been silent too long become their holders'.
    mutating func settleTenancies(at now: Timestamp) -> [Effect] {
        let contested = bindings.contestedAddresses
        guard !contested.isEmpty else { return [] }
        let down = changingDown(contested) { _ = $0.bindings.settle(at: now) }
        guard !down.changes.isEmpty else { return [] }
        return [.commit(down.changes), .endFlows(from: down.added)]
    }

    // MARK: What is suspicious

    /// Tells when a cut device and another one answer for the same address.
    mutating func tellContest(of address: IPAddress, at now: Timestamp) -> [Effect] {
        guard bindings.isContested(address), let holder = bindings.holder(of: address),
            let tenant = bindings.tenant(of: address)
        else { return [] }
        let (taker, owner) = (DeviceKey.mac(holder), DeviceKey.mac(tenant))
        let cut = block(of: taker) ?? block(of: owner)
        guard let cut, block(of: taker) == nil || block(of: owner) == nil,
            isNews(.contest(device: cut.device, address: address), at: now)
        else { return [] }
        let isTakerCut = cut.device == taker
        let text =
            isTakerCut
            ? "\(displayName(of: taker)) is cut off and answers for \(address), which is "
                + "\(displayName(of: owner))'s (\(tenant)): that device is not cut"
            : "\(displayName(of: taker)) (\(holder)) answers for \(address), which is "
                + "\(displayName(of: owner))'s, who is cut off: what goes there now reaches it"
        let event = Event(
            time: now, kind: .addressContested, device: cut.device,
            deviceName: displayName(of: cut.device), site: cut.site, region: cut.region,
            policy: cut.policyName, block: cut.id, text: text)
        return [.record([], event)]
    }

    /// Whether the packet carries a MAC that it cannot have come from: a group address, or that of
    /// a device that answers behind another interface.
    func isForged(_ source: PacketSource, at now: Timestamp) -> Bool {
        guard let mac = source.mac else { return false }
        if mac.isGroup || mac.value == 0 { return true }
        guard let interface = source.interface else { return false }
        return places.contradict(mac, on: interface, at: now)
    }

    /// An attempt in somebody else's name: nobody is cut for it.
    mutating func tellForgery(
        _ source: PacketSource, evidence: Evidence, at now: Timestamp
    ) -> [Effect] {
        guard let mac = source.mac, isNews(.forgery(mac, source.interface), at: now) else {
            return []
        }
        let name = displayName(of: .mac(mac))
        let place = source.interface.map { " from \($0.text)" } ?? ""
        let event = Event(
            time: now, kind: .addressForged, device: .mac(mac), deviceName: name,
            evidence: evidence,
            text: "a packet\(place) asked for \(evidence.name) with the MAC of \(name), which "
                + "is not there: it was refused, and \(name) is not cut off for it")
        return [.record([], event)]
    }
}
