import Firewall
import Policy
import Wire

/// Devices that the operator lists with several MACs: one device, one fate.
extension BlockEngine {
    /// The device and what it is besides, by the settings.
    func relatives(of device: DeviceKey) -> [DeviceKey] {
        guard case .mac(let mac) = device else { return [device] }
        return [device] + book.otherMACs(of: mac).map(DeviceKey.mac)
    }

    /// The first activation of the device under any of its MACs.
    func firstActivation(of device: DeviceKey) -> LedgerEntry? {
        relatives(of: device).compactMap { ledger.first(of: $0) }.min { $0.number < $1.number }
    }

    /// When its stages began, under whichever MAC.
    func stages(of device: DeviceKey) -> [String: Timestamp] {
        var all = stagesSince[device] ?? [:]
        for relative in relatives(of: device).dropFirst() {
            all.merge(stagesSince[relative] ?? [:]) { min($0, $1) }
        }
        return all
    }

    /// Blocks of the same device under its other MACs.
    func blocksOfRelatives(of block: Block) -> [Block] {
        relatives(of: block.device).dropFirst().compactMap { self.block(of: $0) }
    }

    // MARK: Cutting

    /// Cuts the device's other MACs with it.
    mutating func cutRelatives(of block: Block, at now: Timestamp) -> [Effect] {
        var effects: [Effect] = []
        for relative in relatives(of: block.device).dropFirst()
        where self.block(of: relative) == nil && mayBeCut(relative, by: block, at: now) {
            effects += cut(relative, with: block, at: now)
        }
        return effects
    }

    /// Cuts what has become one device with a cut one by other settings.
    mutating func cutNewRelatives(at now: Timestamp) -> [Effect] {
        var effects: [Effect] = []
        for known in book.settings.devices where !known.otherMACs.isEmpty {
            let cut = known.macs.compactMap { self.block(of: .mac($0)) }
            if cut.count < known.macs.count, let first = cut.min(by: { $0.since < $1.since }) {
                effects += cutRelatives(of: first, at: now)
            }
        }
        return effects
    }

    /// Nothing cuts it off under never-block, and no policy while it is exempt from that one.
    private func mayBeCut(_ device: DeviceKey, by block: Block, at now: Timestamp) -> Bool {
        let facts = devices[device]?.facts ?? facts(of: device)
        if tags(of: device, facts: facts).contains(where: { $0.tag == .neverBlock }) {
            return false
        }
        guard let policy = block.policyName else { return true }
        return !exemptionsInForce(of: device, at: now).contains { $0.covers(policy) }
    }

    private mutating func cut(
        _ device: DeviceKey, with former: Block, at now: Timestamp
    ) -> [Effect] {
        guard case .mac(let mac) = device, let place = book.listing(of: mac) else { return [] }
        let flow = "\(place), as \(former.device) in \(former.id)"
        var evidence: Evidence?
        let cause: Block.Cause
        switch former.cause {
        case .policy(let policy, let rule, let proof):
            evidence = Evidence(vector: .settings, name: proof?.name ?? "presence", flow: flow)
            cause = .policy(name: policy, rule: rule, evidence: evidence)
        case .command(_, let by):
            cause = .command(reason: "\(Block.relativeWord): \(flow)", by: by)
        // Nothing is known of why it was cut.
        case .adopted: return []
        }
        let block = Block(
            id: freshID(), device: device, cause: cause, site: former.site,
            region: former.region, since: now, until: former.until)
        let name = displayName(of: device)
        let event = Event(
            time: now, kind: .blockCreated, device: device, deviceName: name,
            site: block.site, region: block.region, policy: block.policyName, block: block.id,
            evidence: evidence, verdict: .block,
            text: "\(name) is cut off under \(device) as well: it is one device with "
                + "\(former.device), who is cut off (\(former.id))",
            reason: "\(Block.relativeWord): \(place)")
        return put(block, event: event)
    }

    // MARK: Ending

    /// Blocks of MACs that are no longer listed with the one they were cut off with.
    func strangers() -> [Ending] {
        blocks.values.filter { $0.isOfRelative && blocksOfRelatives(of: $0).isEmpty }
            .sorted { $0.id < $1.id }.map { block in
                let name = displayName(of: block.device)
                return Ending(
                    id: block.id,
                    text: "\(name) has its internet back: it is not listed as one device with "
                        + "the one it was cut off with any more")
            }
    }
}

extension Block {
    static let relativeWord = "same-device"

    /// It was made because another MAC of the device was cut off.
    var isOfRelative: Bool {
        switch cause {
        case .policy(_, _, let evidence?): evidence.vector == .settings
        case .command(let reason, _): reason.hasPrefix(Self.relativeWord + ": ")
        default: false
        }
    }
}
