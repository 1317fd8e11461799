package import Firewall
import Policy
import Wire

extension BlockEngine {
    /// Cuts a device because a policy says so.
    mutating func cut(
        _ source: PacketSource, decision: Decision, site: Site?, evidence: Evidence,
        at now: Timestamp
    ) -> [Effect] {
        let policy = book.settings.policies.first { $0.name == decision.policy }
        var until: Timestamp?
        if case .seconds(let seconds) = policy?.term { until = now.adding(seconds: seconds) }
        let block = Block(
            id: freshID(), device: source.device,
            cause: .policy(
                name: decision.policy ?? "", rule: decision.rule, evidence: evidence),
            site: site?.name, region: decision.region, since: now, until: until)
        let name = displayName(of: source.device, facts: source.facts)
        let region = decision.region?.code ?? "an unknown region"
        let event = Event(
            time: now, kind: .blockCreated, device: source.device, deviceName: name,
            site: site?.name, region: decision.region, policy: decision.policy,
            rule: decision.rule, block: block.id, evidence: evidence, verdict: .block,
            text: "\(name) is cut off: \(decision.policy ?? "?") denies \(region), and it asked "
                + "for \(evidence.name) (\(evidence.vector.rawValue))")
        return put(block, event: event)
    }

    /// Puts a block in force. The kernel comes first: a failing disk must not delay a cut.
    mutating func put(_ block: Block, event: Event) -> [Effect] {
        guard blocks.count < EngineLimits.blocks else {
            let failed = Event(
                time: event.time, kind: .blockFailed, device: block.device,
                deviceName: event.deviceName, policy: block.policyName,
                text: "\(EngineLimits.blocks) blocks are in force, the limit of this version: "
                    + "\(event.deviceName ?? "\(block.device)") was refused but not cut off")
            return [.record([], failed)]
        }
        blocks[block.id] = block
        blockOfDevice[block.device] = block.id
        if block.until != nil { timedBlocks.insert(block.id) }
        forgetStandings()
        let down = downAddresses(of: block.device)
        var changes = [
            ElementChange(set: set(of: block), element: element(of: block), isAdded: true)
        ]
        changes += down.map { downChange($0, block: block, isAdded: true) }
        var effects: [Effect] = [
            noteFamily(of: block.device) ? .install(rulesets()) : .commit(changes)
        ]
        if shape == .complete {
            // Elements first, flows second: nf_conntrack_tcp_loose would make the entry anew.
            effects.append(.endFlows(from: down))
        }
        effects.append(.record([.put(block)], event))
        return effects
    }

    /// Ends a block, for whatever reason.
    mutating func end(
        _ id: BlockID, state: Block.State, kind: Event.Kind, because text: String, by: String?,
        reason: String?, at now: Timestamp
    ) -> [Effect] {
        guard var block = blocks.removeValue(forKey: id) else { return [] }
        blockOfDevice[block.device] = nil
        timedBlocks.remove(id)
        forgetStandings()
        block.state = state
        block.endedAt = now
        block.endedBecause = reason ?? text
        block.endedBy = by
        let down = downAddresses(of: block.device)
        var changes = [
            ElementChange(set: set(of: block), element: element(of: block), isAdded: false)
        ]
        changes += down.map { downChange($0, block: block, isAdded: false) }
        let event = Event(
            time: now, kind: kind, device: block.device,
            deviceName: displayName(of: block.device), site: block.site, region: block.region,
            policy: block.policyName, block: block.id, text: text, by: by, reason: reason)
        return [
            .commit(changes), .endCutFlows,
            .endFlows(from: down),
            .record([.put(block)], event),
        ]
    }

    /// Notes how long a cut took; `explain` tells it.
    package mutating func note(latencyMicroseconds: Int64, of id: BlockID) {
        guard case .policy(let name, let rule, var evidence?)? = blocks[id]?.cause else { return }
        evidence.latencyMicroseconds = latencyMicroseconds
        blocks[id]?.cause = .policy(name: name, rule: rule, evidence: evidence)
    }

    package func block(of device: DeviceKey) -> Block? {
        blockOfDevice[device].flatMap { blocks[$0] }
    }

    mutating func freshID() -> BlockID {
        while true {
            if let id = BlockID("B-" + references.next()), blocks[id] == nil { return id }
        }
    }

    // MARK: Set elements

    /// What `nft list` shows beside a cut device: `B-7F3K9Q xiaomi-2021 CU`.
    func element(of block: Block) -> SetElement {
        let words = [block.id.text, block.policyName ?? "operator", block.region?.code]
        let comment = words.compactMap(\.self).joined(separator: " ")
        switch block.device {
        case .mac(let mac): return SetElement(.mac(mac), comment: comment)
        case .address(let address): return SetElement(.address(address), comment: comment)
        }
    }

    func set(of block: Block) -> NftSet { TableSets.blocked(element(of: block).key) }

    private func downChange(
        _ address: IPAddress, block: Block, isAdded: Bool
    ) -> ElementChange {
        ElementChange(
            set: TableSets.down(address),
            element: SetElement(.address(address), comment: block.id.text), isAdded: isAdded)
    }

    /// Addresses to cut downwards.
    private func downAddresses(of device: DeviceKey) -> [IPAddress] {
        guard shape == .complete else { return [] }
        switch device {
        case .mac(let mac): return bindings.addresses(of: mac)
        case .address(let address): return [address]
        }
    }

    /// Every element the blocks in force ask for.
    package var cutElements: [String: Set<SetElement>] {
        var elements: [String: Set<SetElement>] = [:]
        for block in blocks.values {
            elements[set(of: block).name, default: []].insert(element(of: block))
            for address in downAddresses(of: block.device) {
                let change = downChange(address, block: block, isAdded: true)
                elements[change.set.name, default: []].insert(change.element)
            }
        }
        return elements
    }

    // MARK: Addresses

    mutating func bind(
        _ address: IPAddress, to mac: MACAddress, on interface: InterfaceName, at now: Timestamp
    ) -> [Effect] {
        guard !mac.isGroup, !book.settings.uplinks.contains(interface) else { return [] }
        let facts = DeviceFacts(mac: mac, address: address, interface: interface)
        remember(.mac(mac), facts: facts, at: now)
        let change = bindings.bind(address, to: mac)
        guard change.isNew, shape == .complete else { return [] }
        var changes: [ElementChange] = []
        if let former = change.former, let block = block(of: .mac(former)) {
            changes.append(downChange(address, block: block, isAdded: false))
        }
        var effects: [Effect] = []
        if let block = block(of: .mac(mac)) {
            if let evicted = change.evicted {
                changes.append(downChange(evicted, block: block, isAdded: false))
            }
            changes.append(downChange(address, block: block, isAdded: true))
            effects = [.endFlows(from: [address])]
        }
        return changes.isEmpty ? [] : [.commit(changes)] + effects
    }

    mutating func unbind(_ address: IPAddress) -> [Effect] {
        // A cut device's addresses stay cut until somebody else holds them: its entry in the
        // neighbour table goes stale exactly because nothing is sent to it any more.
        guard let mac = bindings.owner(of: address), block(of: .mac(mac)) == nil else { return [] }
        bindings.unbind(address)
        return []
    }
}
