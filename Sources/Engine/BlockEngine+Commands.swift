package import Policy
package import Wire

/// Who gives a command, and why.
package struct Order: Hashable, Sendable {
    package let by: String
    package let reason: String?

    package init(by: String, reason: String?) {
        self.by = by
        self.reason = reason
    }
}

/// How long a released device is spared from the policy that cut it.
package struct ExemptionTerm: Hashable, Sendable {
    /// Nil: until somebody ends it.
    package let until: Timestamp?

    package init(until: Timestamp?) { self.until = until }
}

/// Which blocks: all that fit every word given.
package struct BlockFilter: Hashable, Sendable {
    /// Nil: of every policy, and those made by hand.
    package let policy: String?
    /// A country stands for its parts as well.
    package let region: Region?

    package init(policy: String?, region: Region?) {
        self.policy = policy
        self.region = region
    }

    package func matches(_ block: Block) -> Bool {
        if let policy, block.policyName != policy { return false }
        guard let region else { return true }
        return block.region?.isWithin(region) ?? false
    }
}

extension BlockEngine {
    /// Cuts a device by hand. Throws when it is cut already or carries never-block.
    package mutating func block(
        _ device: DeviceKey, until: Timestamp?, order: Order, at now: Timestamp
    ) throws(Refusal) -> (block: Block, effects: [Effect]) {
        let name = displayName(of: device)
        if let removal {
            throw Refusal(
                .conflict, "everything was taken down by \(removal.by): nothing is cut off",
                hint: "regionlock mode monitor or enforce puts it back")
        }
        if let block = block(of: device) {
            throw Refusal(
                .conflict, "\(name) is cut off already (\(block.id))",
                hint: "regionlock explain \(name)")
        }
        let facts = devices[device]?.facts ?? facts(of: device)
        if let grant = tags(of: device, facts: facts).first(where: { $0.tag == .neverBlock }) {
            throw Refusal(
                .conflict, "\(name) is tagged never-block: nothing cuts it off",
                hint: grant.source.map { "the tag is given in \($0)" })
        }
        if blocks.count >= EngineLimits.blocks {
            throw Refusal(.conflict, "\(EngineLimits.blocks) blocks are in force, the limit")
        }
        let found = book.site(of: facts)
        let block = Block(
            id: freshID(), device: device,
            cause: .command(reason: order.reason ?? "", by: order.by), site: found?.site.name,
            region: region(of: facts), since: now, until: until)
        let event = Event(
            time: now, kind: .blockCreated, device: device, deviceName: name,
            site: block.site, region: block.region, block: block.id, verdict: .block,
            text: "\(name) is cut off by \(order.by)", by: order.by, reason: order.reason)
        return (block, put(block, event: event))
    }

    /// Gives the internet back. Releasing what is released already changes nothing.
    package mutating func release(
        _ id: BlockID, order: Order, exemption: ExemptionTerm?, at now: Timestamp
    ) throws(Refusal) -> (block: Block, effects: [Effect]) {
        guard let block = blocks[id] else {
            throw Refusal(
                .notFound, "no block \(id) is in force", hint: "regionlock blocks lists them")
        }
        if exemption == nil, wouldBeCutAgain(block.device, at: now) {
            throw Refusal(
                .conflict,
                "\(displayName(of: block.device)) is still where \(block.policyName ?? "a policy") "
                    + "cuts off whatever is there: it would be cut off again at once",
                hint: "regionlock release \(id) --exempt-for 30d")
        }
        var effects = end(
            id, state: .released, kind: .blockReleased,
            because:
                "\(displayName(of: block.device)) has its internet back: released by \(order.by)",
            by: order.by, reason: order.reason, at: now)
        if let exemption {
            effects +=
                exempt(
                    block.device, policy: block.policyName, until: exemption.until, order: order,
                    at: now
                ).effects
        }
        return (block, effects)
    }

    /// The blocks in force that fit, by id.
    package func blocks(_ filter: BlockFilter) -> [Block] {
        blocks.values.filter(filter.matches).sorted { $0.id < $1.id }
    }

    /// Gives the internet back to every device whose block fits, in one transaction of the kernel.
    package mutating func release(
        _ filter: BlockFilter, order: Order, at now: Timestamp
    ) -> (blocks: [Block], effects: [Effect]) {
        let released = blocks(filter)
        let endings = released.map { block in
            let name = displayName(of: block.device)
            return Ending(
                id: block.id, text: "\(name) has its internet back: released by \(order.by)")
        }
        let effects = end(
            endings, state: .released, kind: .blockReleased, by: order.by, reason: order.reason,
            at: now)
        return (released, effects)
    }

    /// Spares a device from one policy, or from all; blocks that fall under it end at once.
    package mutating func exempt(
        _ device: DeviceKey, policy: String?, until: Timestamp?, order: Order, at now: Timestamp
    ) -> (exemption: Exemption, effects: [Effect]) {
        var id = "X-" + references.next()
        while exemptions[id] != nil { id = "X-" + references.next() }
        let exemption = Exemption(
            id: id, device: device, policy: policy, since: now, until: until, by: order.by,
            reason: order.reason ?? "")
        exemptions[id] = exemption
        let name = displayName(of: device)
        let event = Event(
            time: now, kind: .exemptionAdded, device: device, deviceName: name, policy: policy,
            text: "\(name) is exempt from \(policy ?? "every policy")", by: order.by,
            reason: order.reason)
        var effects: [Effect] = [.record([.putExemption(exemption)], event)]
        if let block = block(of: device), let cause = block.policyName,
            policy == nil || policy == cause
        {
            effects += end(
                block.id, state: .released, kind: .blockReleased,
                because: "\(name) has its internet back: exempt from \(cause)", by: order.by,
                reason: order.reason, at: now)
        }
        return (exemption, effects)
    }

    package mutating func endExemption(
        _ id: String, by: String, at now: Timestamp
    ) throws(Refusal) -> [Effect] {
        guard let exemption = exemptions.removeValue(forKey: id) else {
            throw Refusal(.notFound, "no exemption \(id)", hint: "regionlock exemptions lists them")
        }
        let name = displayName(of: exemption.device)
        let event = Event(
            time: now, kind: .exemptionEnded, device: exemption.device, deviceName: name,
            policy: exemption.policy, text: "the exemption \(id) of \(name) has ended", by: by)
        return [.record([.endExemption(id: id, at: now)], event)]
    }

    /// Gives a tag. A device that has it already by the files keeps that; the grant is added.
    package mutating func tag(
        _ device: DeviceKey, with tag: Tag, order: Order, at now: Timestamp
    ) throws(Refusal) -> [Effect] {
        let name = displayName(of: device)
        if tagsGiven(to: device).contains(tag) { return [] }
        let held = grants[device] ?? []
        guard held.count < EngineLimits.tagsPerDevice else {
            throw Refusal(.conflict, "\(name) has \(held.count) tags already, the limit")
        }
        let grant = GrantedTag(
            device: device, tag: tag, by: order.by, reason: order.reason, since: now)
        grants[device, default: []].append(grant)
        forgetStandings()
        let event = Event(
            time: now, kind: .tagAdded, device: device, deviceName: name,
            text: "\(name) has the tag \(tag)", by: order.by, reason: order.reason)
        var effects: [Effect] = [.install(rulesets()), .record([.putTag(grant)], event)]
        effects += enterAll(at: now)
        if tag == .neverBlock, let block = block(of: device) {
            effects += end(
                block.id, state: .released, kind: .blockReleased,
                because: "\(name) has its internet back: it is tagged never-block",
                by: order.by, reason: order.reason, at: now)
        }
        return effects
    }

    /// Takes a tag given at the prompt away. A policy's block ends when no tag of it is left.
    package mutating func untag(
        _ device: DeviceKey, _ tag: Tag, order: Order, at now: Timestamp
    ) throws(Refusal) -> [Effect] {
        let name = displayName(of: device)
        let holders = relatives(of: device).filter { relative in
            grants[relative]?.contains { $0.tag == tag } ?? false
        }
        guard !holders.isEmpty else {
            let facts = devices[device]?.facts ?? facts(of: device)
            if let grant = book.tags(of: facts).first(where: { $0.tag == tag }),
                let source = grant.source
            {
                throw Refusal(
                    .conflict, "\(name) has the tag \(tag) by the settings (\(source))",
                    hint: "edit the file, then: regionlock reload")
            }
            throw Refusal(.notFound, "\(name) does not have the tag \(tag)")
        }
        for holder in holders {
            grants[holder]?.removeAll { $0.tag == tag }
            if grants[holder]?.isEmpty ?? false { grants[holder] = nil }
        }
        forgetStandings()
        let event = Event(
            time: now, kind: .tagRemoved, device: device, deviceName: name,
            text: "\(name) no longer has the tag \(tag)", by: order.by, reason: order.reason)
        var effects: [Effect] = [
            .install(rulesets()),
            .record(holders.map { .removeTag(device: $0, tag: tag) }, event),
        ]
        if let block = block(of: device), let policyName = block.policyName,
            let policy = book.settings.policies.first(where: { $0.name == policyName }),
            policy.tags.contains(where: { $0.value == tag })
        {
            let left = tags(of: device, facts: devices[device]?.facts ?? facts(of: device))
            if !left.contains(where: { grant in policy.tags.contains { $0.value == grant.tag } }) {
                effects += end(
                    block.id, state: .released, kind: .blockReleased,
                    because: "\(name) has its internet back: \(policyName) no longer applies to it",
                    by: order.by, reason: order.reason, at: now)
            }
        }
        return effects
    }

    /// Sets the gateway's mode. Blocks in force stay: only a release ends them.
    package mutating func setMode(
        _ mode: PolicyMode, order: Order, at now: Timestamp
    ) throws(Refusal) -> [Effect] {
        guard mode != .disabled else {
            throw Refusal(
                .invalid, "a gateway's mode is monitor or enforce",
                hint: "to stop: systemctl stop regionlockd")
        }
        return changeMode(to: mode, order: order, at: now)
    }

    /// Whether the mode was set at the prompt and so overrides the settings.
    package var isModeSetAtPrompt: Bool { modeAtPrompt != nil }
}
