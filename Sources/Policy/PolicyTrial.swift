package import Wire

/// What became of one policy when an attempt was put to all of them.
package struct PolicyTrial: Hashable, Sendable {
    /// Stands among the triggers for being at a site, which is no name.
    package static let presence = "being there"

    package let policy: String
    package let priority: Int
    package let source: SourceLocation
    /// Its own answer; nil when it was passed over.
    package let verdict: Verdict?
    /// Whether its answer is the one that counts.
    package let decides: Bool
    /// Every step of its answer, or why it was passed over.
    package let steps: [WhyStep]
}

extension PolicyBook {
    /// Every policy in the order of asking, with what it says of the attempt or why it says
    /// nothing. By `ask`, as on live traffic.
    package func trials(
        of attempt: Attempt, mode: PolicyMode, at time: Timestamp
    ) -> [PolicyTrial] {
        var answers: [Int: Decision] = [:]
        let decision = ask(attempt, mode: mode, at: time) { answers[$0] = $1 }
        let endpoints = attempt.isEntry ? [:] : endpoints(named: attempt.name)
        return settings.policies.indices.map { number in
            trial(
                number, attempt, answer: answers[number], of: decision,
                isNamed: endpoints[number] != nil)
        }
    }

    /// What each policy says of an attempt that it names itself.
    ///
    /// - Parameter attempt: Makes the attempt to reach a name, or to be there for an empty one.
    package func ownTrials(
        mode: PolicyMode, at time: Timestamp, _ attempt: (_ name: String) -> Attempt
    ) -> [PolicyTrial] {
        let presence = attempt("")
        var answersToPresence: [Int: Decision] = [:]
        let ofPresence = ask(presence, mode: mode, at: time) { answersToPresence[$0] = $1 }
        return settings.policies.enumerated().compactMap { number, policy in
            if policy.trigger == .entry {
                return trial(
                    number, presence, answer: answersToPresence[number], of: ofPresence,
                    isNamed: true)
            }
            guard let name = policy.endpoints.first?.pattern.example else { return nil }
            let own = attempt(name)
            var answer: Decision?
            let decision = ask(own, mode: mode, at: time) { if $0 == number { answer = $1 } }
            return trial(number, own, answer: answer, of: decision, isNamed: true)
        }
    }

    private func trial(
        _ number: Int, _ attempt: Attempt, answer: Decision?, of decision: Decision, isNamed: Bool
    ) -> PolicyTrial {
        let policy = settings.policies[number]
        let steps =
            answer?.why ?? [passedOver(policy, attempt, isNamed: isNamed, by: decision.policy)]
        return PolicyTrial(
            policy: policy.name, priority: policy.priority, source: policy.source,
            verdict: answer?.verdict, decides: answer != nil && policy.name == decision.policy,
            steps: steps)
    }

    /// What the device would have to do for the policies among the trials that would cut it off:
    /// patterns of names, each once, in the order of asking; being there for `on: entry`.
    package func triggers(of trials: [PolicyTrial]) -> [String] {
        let blocking = Set(trials.filter { $0.verdict == .block }.map(\.policy))
        var seen: Set<String> = []
        return settings.policies.filter { blocking.contains($0.name) }.flatMap { policy in
            (policy.trigger == .entry ? [PolicyTrial.presence] : [])
                + policy.endpoints.map(\.pattern.description)
        }.filter { seen.insert($0).inserted }
    }

    private func passedOver(
        _ policy: RegionPolicy, _ attempt: Attempt, isNamed: Bool, by decider: String?
    ) -> WhyStep {
        let step = { (text: String, source: SourceLocation?) in
            WhyStep(holds: false, text: text, source: source ?? policy.source)
        }
        if policy.mode == .disabled { return step("\(policy.name) is disabled", nil) }
        if attempt.isEntry, policy.trigger != .entry {
            return step("\(policy.name) is on: \(policy.trigger.rawValue), not on: entry", nil)
        }
        guard isNamed || attempt.isEntry else {
            return step("\(policy.name) does not name \(attempt.name) as a trigger", nil)
        }
        guard grant(of: attempt, for: policy) != nil else {
            let wanted = policy.tags.map(\.value.text).joined(separator: ", ")
            let given = attempt.tags.map(\.tag.text).joined(separator: ", ")
            return step(
                "\(policy.name) speaks of \(wanted); it is tagged "
                    + (given.isEmpty ? "nothing" : given),
                policy.tags.first?.source)
        }
        return step("\(policy.name) is not asked: \(decider ?? "another") has decided", nil)
    }
}

extension EndpointPattern {
    /// A name the pattern matches.
    package var example: String {
        switch self {
        case .exact(let name), .suffix(let name): name.text
        case .below(let name): "any." + name.text
        }
    }
}
