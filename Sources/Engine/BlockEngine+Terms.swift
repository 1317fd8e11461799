import Policy
import Wire

/// Policies that go by more than one attempt: stages, first activations, entry and review.
extension BlockEngine {
    /// The attempt as policy sees it, with all that is remembered of the device.
    func attempt(
        of device: DeviceKey, facts: DeviceFacts, name: NameBuffer, isEntry: Bool = false,
        at now: Timestamp
    ) -> Attempt {
        var facts = facts
        // A server writes down what anybody says about any MAC: nobody is cut off for that alone.
        if isEntry, let mac = facts.mac { facts.dhcp = identities.heard(mac) ?? DHCPIdentity() }
        let found = book.site(of: facts)
        let spared = exemptionsInForce(of: device, at: now)
        var attempt = Attempt(
            tags: tags(of: device, facts: facts), site: found?.site,
            siteEvidence: found?.evidence, name: name,
            exemptions: spared.map { AttemptExemption(id: $0.id, policy: $0.policy) })
        attempt.addressRegion = addressRegion(of: facts, at: found?.site)
        attempt.device = informed(facts)
        attempt.activation = firstActivation(of: device)?.activation
        attempt.stagesSince = stages(of: device)
        attempt.isEntry = isEntry
        return attempt
    }

    /// The time policies' dates are compared with: it was at least that late already.
    func dated(_ now: Timestamp) -> Timestamp { newestStored.map { max($0, now) } ?? now }

    // MARK: Entry

    /// A device that is where a policy `on: entry` does not want it is cut off for being there.
    mutating func enter(_ source: PacketSource, at now: Timestamp) -> [Effect] {
        guard book.watchesEntry, removal == nil, blockOfDevice[source.device] == nil,
            !isForged(source, at: now)
        else { return [] }
        let attempt = attempt(
            of: source.device, facts: believable(source), name: NameBuffer(""), isEntry: true,
            at: now)
        let decision = book.decide(attempt, mode: mode, at: dated(now))
        switch decision.verdict {
        case .block:
            return cut(source, decision: decision, site: attempt.site, evidence: nil, at: now)
        case .monitor:
            return tell(decision, of: source, site: attempt.site, nil, at: now)
        case .allow, .refuse:
            return []
        }
    }

    /// Looks at every device the neighbour table names: a policy may have begun for it.
    mutating func enterAll(at now: Timestamp) -> [Effect] {
        guard book.watchesEntry else { return [] }
        var effects: [Effect] = []
        for device in devices.values.sorted(by: { $0.key < $1.key }) {
            if let source = presence(of: device.key) { effects += enter(source, at: now) }
        }
        return effects
    }

    /// Where the device is now by the neighbour table; nil when it names it nowhere.
    private func presence(of device: DeviceKey) -> PacketSource? {
        guard case .mac(let mac) = device, let facts = devices[device]?.facts,
            let address = bindings.addresses(of: mac).last
        else { return nil }
        return PacketSource(mac: mac, address: address, interface: facts.interface)
    }

    /// Whether the device, once released, would be cut for being where it is.
    func wouldBeCutAgain(_ device: DeviceKey, at now: Timestamp) -> Bool {
        guard book.watchesEntry, let source = presence(of: device) else { return false }
        let attempt = attempt(
            of: device, facts: believable(source), name: NameBuffer(""), isEntry: true, at: now)
        return book.decide(attempt, mode: mode, at: dated(now)).verdict == .block
    }

    // MARK: Stages

    /// Notes when the stages began, and tells of each stage once in a while.
    mutating func tellStage(
        _ state: StageState, _ decision: Decision, of source: PacketSource, site: Site?,
        _ evidence: Evidence?, at now: Timestamp
    ) -> [Effect] {
        guard let policy = decision.policy else { return [] }
        let device = source.device
        let hasBegun = stagesSince[device]?[policy] != nil
        guard isNews(.stage(device: device, policy: policy, state.stage), at: now) || !hasBegun
        else { return [] }
        var changes: [StoreChange] = []
        if !hasBegun, stagesSince.count < EngineLimits.stagedDevices {
            stagesSince[device, default: [:]][policy] = now
            changes.append(.putStage(StageStart(device: device, policy: policy, since: now)))
        }
        let name = displayName(of: device, facts: source.facts)
        let cause = evidence.map { "it asked for \($0.name)" } ?? "it is where it may not be"
        let next = state.next.map { "; \($0.stage.rawValue) begins \($0.from)" } ?? ""
        let event = Event(
            time: now, kind: state.stage == .observe ? .wouldBlock : .deviceWarned,
            device: device, deviceName: name, site: site?.name, region: decision.region,
            policy: policy, rule: decision.rule, evidence: evidence, verdict: .monitor,
            text: "\(name) is in stage \(state.stage.rawValue) of \(policy): \(cause)\(next)")
        return [.record(changes, event)]
    }

    // MARK: What is refused and nothing more

    mutating func tellRefusal(
        _ decision: Decision, of source: PacketSource, site: Site?, _ evidence: Evidence,
        at now: Timestamp
    ) -> [Effect] {
        guard let policy = decision.policy,
            isNews(
                .attempt(
                    device: source.device, policy: policy, pattern: decision.endpoint?.pattern),
                at: now)
        else { return [] }
        let name = displayName(of: source.device, facts: source.facts)
        let region = decision.region?.code ?? "an unknown region"
        let event = Event(
            time: now, kind: .attemptRefused, device: source.device, deviceName: name,
            site: site?.name, region: decision.region, policy: policy, rule: decision.rule,
            evidence: evidence, verdict: .refuse,
            text: "\(name) may not reach \(evidence.name): \(policy) denies \(region); the rest "
                + "of the internet stays open to it")
        return [.record([], event)]
    }

    // MARK: First activations

    /// A tagged device that asks for a trigger where it may is activated there.
    mutating func noteActivation(
        _ decision: Decision, of source: PacketSource, site: Site?, _ evidence: Evidence,
        at now: Timestamp
    ) -> [Effect] {
        guard decision.verdict == .allow, decision.permitsRegion, let region = decision.region,
            firstActivation(of: source.device) == nil, !isForged(source, at: now),
            let entry = ledger.append(
                source.device, in: region, origin: .seen, note: evidence.name, at: now)
        else { return [] }
        let name = displayName(of: source.device, facts: source.facts)
        let event = Event(
            time: now, kind: .deviceActivated, device: source.device, deviceName: name,
            site: site?.name, region: region, policy: decision.policy, evidence: evidence,
            text: "\(name) is activated in \(region), where it may be (ledger \(entry.number))")
        return [.record([.putLedger(entry)], event)]
    }

    // MARK: Review

    /// Reminds once a day of each policy that should have been looked at.
    mutating func remindOfReview(at now: Timestamp) -> [Effect] {
        var effects: [Effect] = []
        for policy in book.settings.policies where policy.mode != .disabled {
            guard let day = policy.reviewBy, now >= day.end, isNews(.review(policy.name), at: now)
            else { continue }
            let event = Event(
                time: now, kind: .policyOverdue, policy: policy.name, rule: policy.source,
                text: "policy \(policy.name) should have been reviewed by \(day): it goes on as "
                    + "it is")
            effects.append(.record([], event))
        }
        return effects
    }
}
