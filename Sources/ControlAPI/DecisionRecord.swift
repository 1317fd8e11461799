package import Policy
package import Wire

/// One step of the reasoning.
package struct WhyRecord: Codable, Hashable, Sendable {
    /// Whether the step speaks for the block (true) or against it (false).
    package let ok: Bool
    package let text: String
    /// `file:line`.
    package let source: String?

    package init(
        ok: Bool, text: String, source: String? = nil
    ) {
        self.ok = ok
        self.text = text
        self.source = source
    }

    package init(_ step: WhyStep) {
        self.init(ok: step.holds, text: step.text, source: step.source?.description)
    }
}

/// What became of one policy when all were asked.
package struct TrialRecord: Codable, Hashable, Sendable {
    package let policy: String
    package let priority: Int
    /// `file:line`.
    package let source: String
    /// Its own answer; nil when it was passed over.
    package let verdict: Verdict?
    /// Whether its answer is the one that counts.
    package let decides: Bool
    package let steps: [WhyRecord]

    package init(
        policy: String, priority: Int, source: String, verdict: Verdict?, decides: Bool,
        steps: [WhyRecord]
    ) {
        self.policy = policy
        self.priority = priority
        self.source = source
        self.verdict = verdict
        self.decides = decides
        self.steps = steps
    }

    /// In the order of asking; past the limit those that answered stay, and others go.
    package static func list(_ trials: [PolicyTrial]) -> [TrialRecord] {
        var room = FieldLimits.maximumTrials - trials.count { $0.verdict != nil }
        return trials.filter { trial in
            guard trial.verdict == nil else { return true }
            room -= 1
            return room >= 0
        }.prefix(FieldLimits.maximumTrials).map { trial in
            TrialRecord(
                policy: trial.policy, priority: trial.priority,
                source: trial.source.description, verdict: trial.verdict,
                decides: trial.decides, steps: trial.steps.map(WhyRecord.init))
        }
    }
}

/// Reply of `GET /v1/simulate`: what policy says, and why.
package struct DecisionRecord: Codable, Hashable, Sendable {
    package let verdict: Verdict
    package let policy: String?
    /// `file:line` of the region entry.
    package let rule: String?
    package let region: Region?
    /// The pattern that matched.
    package let endpoint: String?
    package let role: EndpointRole?
    package let steps: [WhyRecord]
    /// Every policy in the order of asking, up to `FieldLimits.maximumTrials`.
    package var tried: [TrialRecord] = []

    package init(
        verdict: Verdict, policy: String? = nil, rule: String? = nil, region: Region? = nil,
        endpoint: String? = nil, role: EndpointRole? = nil, steps: [WhyRecord]
    ) {
        self.verdict = verdict
        self.policy = policy
        self.rule = rule
        self.region = region
        self.endpoint = endpoint
        self.role = role
        self.steps = steps
    }

    package init(_ decision: Decision, tried: [PolicyTrial]) {
        self.init(
            verdict: decision.verdict, policy: decision.policy, rule: decision.rule?.description,
            region: decision.region, endpoint: decision.endpoint?.pattern.description,
            role: decision.endpoint?.role, steps: decision.why.map(WhyRecord.init))
        self.tried = TrialRecord.list(tried)
    }
}

/// Reply of `GET /v1/devices/{device}/explain`: why a device is, or is not, cut off.
package struct Explanation: Codable, Hashable, Sendable {
    package let device: DeviceRecord
    /// The daemon's clock when it answered.
    package let time: Timestamp
    /// The block in force.
    package let block: BlockRecord?
    package let exemption: ExemptionRecord?
    /// What an attempt now would meet; `block` when it is cut off.
    package let verdict: Verdict
    package let steps: [WhyRecord]
    /// For a free device: what each policy would say of an attempt that it names.
    package var tried: [TrialRecord] = []
    /// For a free device: the names that would cut it off, up to `FieldLimits.maximumTriggers`.
    package var triggers: [String] = []

    package init(
        device: DeviceRecord, time: Timestamp, block: BlockRecord? = nil,
        exemption: ExemptionRecord? = nil, verdict: Verdict, steps: [WhyRecord]
    ) {
        self.device = device
        self.time = time
        self.block = block
        self.exemption = exemption
        self.verdict = verdict
        self.steps = steps
    }
}
