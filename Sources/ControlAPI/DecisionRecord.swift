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

    package init(_ decision: Decision) {
        self.init(
            verdict: decision.verdict, policy: decision.policy, rule: decision.rule?.description,
            region: decision.region, endpoint: decision.endpoint?.pattern.description,
            role: decision.endpoint?.role, steps: decision.why.map(WhyRecord.init))
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
