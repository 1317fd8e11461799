package import Firewall
import Policy
import Wire

extension BlockEngine {
    /// Cuts a device because a policy says so.
    mutating func cut(
        _ source: PacketSource, decision: Decision, site: Site?, evidence: Evidence?,
        at now: Timestamp
    ) -> [Effect] {
        let policy = book.settings.policies.first { $0.name == decision.policy }
        var until: Timestamp?
        if case .seconds(let seconds) = policy?.term { until = dated(now).adding(seconds: seconds) }
        var block = Block(
            id: freshID(), device: source.device,
            cause: .policy(
                name: decision.policy ?? "", rule: decision.rule, evidence: evidence),
            site: site?.name, region: decision.region, since: now, until: until)
        block.regionReason = decision.addressRegion?.text
        let name = displayName(of: source.device, facts: source.facts)
        let region =
            (decision.region?.code ?? "an unknown region")
            + (block.regionReason.map { " (\($0))" } ?? "")
        let cause =
            evidence.map { "it asked for \($0.name) (\($0.vector.rawValue))" }
            ?? "it is there (on: entry)"
        let event = Event(
            time: now, kind: .blockCreated, device: source.device, deviceName: name,
            site: site?.name, region: decision.region, policy: decision.policy,
            rule: decision.rule, block: block.id, evidence: evidence, verdict: .block,
            text: "\(name) is cut off: \(decision.policy ?? "?") denies \(region), and \(cause)")
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
        let touched = downCandidates(of: block.device)
        var changes = [
            ElementChange(set: set(of: block), element: element(of: block), isAdded: true)
        ]
        let down = changingDown(touched) { engine in
            engine.blocks[block.id] = block
            engine.blockCounts.add(block)
            engine.blockOfDevice[block.device] = block.id
            engine.noteCut(block)
            if block.until != nil { engine.timedBlocks.insert(block.id) }
        }
        forgetStandings()
        changes += down.changes
        var effects: [Effect] = [
            noteFamily(of: block.device) ? .install(rulesets()) : .commit(changes)
        ]
        if shape == .complete {
            // Elements first, flows second: nf_conntrack_tcp_loose would make the entry anew.
            effects.append(.endFlows(from: down.added))
        }
        effects.append(.record([.put(block)] + identityChanges(), event))
        for address in touched { effects += tellContest(of: address, at: event.time) }
        return effects + cutRelatives(of: block, at: event.time)
    }

    /// One block that ends, and the sentence that tells of it.
    struct Ending {
        let id: BlockID
        let text: String
    }

    /// Ends blocks, for whatever reason: all of them in one transaction.
    mutating func end(
        _ endings: [Ending], state: Block.State, kind: Event.Kind, by: String?, reason: String?,
        at now: Timestamp
    ) -> [Effect] {
        let ending = withCompanions(endings).filter { blocks[$0.id] != nil }
        guard !ending.isEmpty else { return [] }
        let ended = ending.compactMap { blocks[$0.id] }
        var changes = ended.map {
            ElementChange(set: set(of: $0), element: element(of: $0), isAdded: false)
        }
        let touched = Set(ended.flatMap { downCandidates(of: $0.device) })
        let down = changingDown(touched.sorted { $0.description < $1.description }) { engine in
            for block in ended {
                engine.blocks[block.id] = nil
                engine.blockCounts.remove(block)
                engine.blockOfDevice[block.device] = nil
                engine.timedBlocks.remove(block.id)
                engine.noteFreed(block)
            }
        }
        forgetStandings()
        changes += down.changes
        var effects: [Effect] = [.commit(changes), .endCutFlows]
        if !down.removed.isEmpty { effects.append(.endFlows(from: down.removed)) }
        for (var block, ending) in zip(ended, ending) {
            block.state = state
            block.endedAt = now
            block.endedBecause = reason ?? ending.text
            block.endedBy = by
            let event = Event(
                time: now, kind: kind, device: block.device,
                deviceName: displayName(of: block.device), site: block.site,
                region: block.region, policy: block.policyName, block: block.id,
                text: ending.text, by: by, reason: reason)
            effects.append(.record([.put(block)], event))
        }
        return effects + keepIdentities()
    }

    mutating func end(
        _ id: BlockID, state: Block.State, kind: Event.Kind, because text: String, by: String?,
        reason: String?, at now: Timestamp
    ) -> [Effect] {
        end([Ending(id: id, text: text)], state: state, kind: kind, by: by, reason: reason, at: now)
    }

    /// Notes how long a cut took; `explain` tells it.
    package mutating func note(latencyMicroseconds: Int64, of id: BlockID) {
        guard case .policy(let name, let rule, var evidence?)? = blocks[id]?.cause else { return }
        evidence.latencyMicroseconds = latencyMicroseconds
        blocks[id]?.cause = .policy(name: name, rule: rule, evidence: evidence)
    }

    /// The block whose element has this key.
    package func block(at key: SetKey) -> Block? { DeviceKey(key).flatMap { block(of: $0) } }

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
        var comment = block.id.text
        comment += " "
        comment += block.policyName ?? "operator"
        if let region = block.region {
            comment += " "
            comment += region.code
        }
        switch block.device {
        case .mac(let mac): return SetElement(.mac(mac), comment: comment)
        case .address(let address): return SetElement(.address(address), comment: comment)
        }
    }

    func set(of block: Block) -> NftSet { TableSets.blocked(element(of: block).key) }

    /// Every element the blocks in force ask for.
    package var cutElements: [String: Set<SetElement>] {
        var elements: [String: Set<SetElement>] = [:]
        var macs: Set<SetElement> = []
        macs.reserveCapacity(blocks.count)
        for block in blocks.values {
            let element = element(of: block)
            if case .mac = element.key {
                macs.insert(element)
            } else {
                elements[TableSets.blocked(element.key).name, default: []].insert(element)
            }
            for address in downCandidates(of: block.device)
            where downBlock(of: address)?.id == block.id {
                let change = downChange(address, block: block, isAdded: true)
                elements[change.set.name, default: []].insert(change.element)
            }
        }
        if !macs.isEmpty { elements[TableSets.blockedMAC.name] = macs }
        return elements
    }
}
