package import Policy
package import Wire

/// Why a device is cut off, or what would cut it off.
package struct Reasoning: Hashable, Sendable {
    package let device: DeviceKey
    package let name: String
    /// The block in force, if there is one.
    package let block: Block?
    package let verdict: Verdict
    package let policy: String?
    package let region: Region?
    package let steps: [WhyStep]

    package init(
        device: DeviceKey, name: String, block: Block?, verdict: Verdict, policy: String?,
        region: Region?, steps: [WhyStep]
    ) {
        self.device = device
        self.name = name
        self.block = block
        self.verdict = verdict
        self.policy = policy
        self.region = region
        self.steps = steps
    }
}

/// What `simulate` asks: a known device, or tags at a site or in a region.
package struct Question: Hashable, Sendable {
    package var device: DeviceKey?
    package var tags: [Tag]
    package var site: Site?
    package var region: Region?
    /// The host name; compared in lower case without a trailing dot. Empty asks about presence.
    package var name: String

    package init(
        device: DeviceKey?, tags: [Tag], site: Site?, region: Region?, name: String
    ) {
        self.device = device
        self.tags = tags
        self.site = site
        self.region = region
        self.name = name
    }
}

extension BlockEngine {
    /// Answers from the same evaluator that decides on live traffic.
    package func simulate(_ question: Question, at now: Timestamp) -> Decision {
        book.decide(attempt(by: question, at: now), mode: mode, at: dated(now))
    }

    /// Every policy with what it says of the question, in the order of asking.
    package func trials(of question: Question, at now: Timestamp) -> [PolicyTrial] {
        book.trials(of: attempt(by: question, at: now), mode: mode, at: dated(now))
    }

    /// Every policy with what it would say if the device reached for one of its own triggers.
    package func trials(of device: DeviceKey, at now: Timestamp) -> [PolicyTrial] {
        let facts = devices[device]?.facts ?? self.facts(of: device)
        return book.ownTrials(mode: mode, at: dated(now)) { name in
            attempt(
                of: device, facts: facts, name: NameBuffer(name), isEntry: name.isEmpty, at: now)
        }
    }

    private func attempt(by question: Question, at now: Timestamp) -> Attempt {
        var name = NameBuffer(question.name)
        name.removeTrailingDot()
        var facts = DeviceFacts(mac: nil, address: nil, interface: nil)
        var exempt: [AttemptExemption] = []
        var tags: [TagGrant] = []
        var site: (site: Site, evidence: String)?
        if let device = question.device {
            facts = devices[device]?.facts ?? self.facts(of: device)
            let live = attempt(of: device, facts: facts, name: name, at: now)
            tags = live.tags
            exempt = live.exemptions
            site = live.site.map { ($0, live.siteEvidence ?? "") }
        }
        for tag in question.tags where !tags.contains(where: { $0.tag == tag }) {
            tags.append(TagGrant(tag: tag, reason: "as asked", source: nil))
        }
        if let asked = question.site { site = (asked, "as asked") }
        if let region = question.region {
            let place = SourceLocation(file: "the question", line: 1)
            let stand = Site(
                name: "a site in \(region)", region: region, interfaces: [], subnets: [],
                source: place, regionSource: place)
            site = (stand, "as asked")
        }
        var attempt = Attempt(
            tags: tags, site: site?.site, siteEvidence: site?.evidence, name: name,
            exemptions: exempt)
        attempt.addressRegion = addressRegion(of: facts, at: site?.site)
        if let device = question.device {
            attempt.device = facts
            attempt.activation = firstActivation(of: device)?.activation
            attempt.stagesSince = stages(of: device)
        }
        attempt.isEntry = question.name.isEmpty
        return attempt
    }

    package func explain(_ device: DeviceKey, at now: Timestamp) -> Reasoning {
        let facts = devices[device]?.facts ?? self.facts(of: device)
        let name = displayName(of: device, facts: facts)
        if let block = block(of: device) {
            return explain(block, name: name, facts: facts, at: now)
        }
        let grants = tags(of: device, facts: facts)
        if let grant = grants.first(where: { $0.tag == .neverBlock }) {
            let step = WhyStep(holds: false, text: "it is tagged never-block", source: grant.source)
            return Reasoning(
                device: device, name: name, block: nil, verdict: .allow, policy: nil,
                region: nil, steps: [step])
        }
        var best: Decision?
        func consider(_ decision: Decision) {
            guard decision.policy != nil else { return }
            let isSeverer = best.map { decision.verdict.severity > $0.verdict.severity } ?? true
            if isSeverer { best = decision }
        }
        for policy in book.settings.policies where policy.mode != .disabled {
            guard let endpoint = policy.endpoints.first else { continue }
            let attempt = attempt(
                of: device, facts: facts, name: NameBuffer(endpoint.pattern.example), at: now)
            let decision = book.decide(attempt, mode: mode, at: dated(now))
            consider(decision)
        }
        if book.watchesEntry {
            let presence = attempt(
                of: device, facts: facts, name: NameBuffer(""), isEntry: true, at: now)
            consider(book.decide(presence, mode: mode, at: dated(now)))
        }
        let none = WhyStep(
            holds: false,
            text: grants.isEmpty
                ? "it has no tag"
                : "no policy speaks of its tags "
                    + grants.map(\.tag.text).joined(separator: ", "))
        return Reasoning(
            device: device, name: name, block: nil, verdict: best?.verdict ?? .allow,
            policy: best?.policy, region: best?.region, steps: best?.why ?? [none])
    }

    private func explain(
        _ block: Block, name: String, facts: DeviceFacts, at now: Timestamp
    ) -> Reasoning {
        var steps: [WhyStep]
        switch block.cause {
        case .command(let reason, let by):
            steps = [WhyStep(holds: true, text: "\(by) cut it off: \(reason)")]
        case .adopted(let comment):
            steps = [
                WhyStep(
                    holds: true,
                    text: "it was found cut off in the kernel (\(comment)); its record was lost")
            ]
        case .policy(let policy, let rule, let evidence):
            let attempt = attempt(
                of: block.device, facts: facts, name: NameBuffer(evidence?.name ?? ""),
                isEntry: evidence == nil, at: now)
            let decision = book.decide(attempt, mode: .enforce, at: block.since)
            steps = decision.policy == policy ? decision.why : []
            if steps.isEmpty {
                // The settings have changed since: what was written down then still stands.
                steps = [
                    WhyStep(
                        holds: true, text: "\(policy) denied \(block.region?.code ?? "its region")",
                        source: rule)
                ]
            }
        }
        if let reason = block.regionReason {
            // Of the moment of the cut: the device may have another address by now.
            steps.append(WhyStep(holds: true, text: "when it was cut off, \(reason)"))
        }
        return Reasoning(
            device: block.device, name: name, block: block, verdict: .block,
            policy: block.policyName, region: block.region, steps: steps)
    }
}
