package import Wire

/// A tag a device carries, and why.
package struct TagGrant: Hashable, Sendable {
    package let tag: Tag
    /// How it came by the tag: `MAC 50:ec:50:12:34:56`, or `given by maria`.
    package let reason: String
    /// The line that gives it; nil for a tag given at the prompt.
    package let source: SourceLocation?
    /// What the gateway knows and the line does not show was needed for it.
    package var isResolved = false

    /// The tag, and how the device came by it where one has to be told.
    var text: String { isResolved ? "\(tag) (\(reason))" : tag.text }

    package init(tag: Tag, reason: String, source: SourceLocation?) {
        self.tag = tag
        self.reason = reason
        self.source = source
    }
}

/// An exemption as policy sees it: it spares the device from one policy, or from all.
package struct AttemptExemption: Hashable, Sendable {
    package let id: String
    /// Nil: every policy.
    package let policy: String?

    package init(id: String, policy: String?) {
        self.id = id
        self.policy = policy
    }
}

/// The question put to policy: a device at a site tries to reach a name, or is just there.
package struct Attempt: Sendable {
    package let tags: [TagGrant]
    package let site: Site?
    /// How the site was found: `lan0`, `10.20.0.0/16`.
    package let siteEvidence: String?
    package let name: NameBuffer
    package let exemptions: [AttemptExemption]
    /// Of a site that takes the region from the device's address: what that says.
    package var addressRegion: AddressRegion?
    /// What the device is known by, for the exemptions a policy itself holds.
    package var device: DeviceFacts?
    /// Where it was first activated, as far as is known.
    package var activation: Activation?
    /// When its stages began, by policy.
    package var stagesSince: [String: Timestamp] = [:]
    /// Presence, not an attempt: `name` is empty, and only policies `on: entry` are asked.
    package var isEntry = false

    package init(
        tags: [TagGrant], site: Site?, siteEvidence: String?, name: NameBuffer,
        exemptions: [AttemptExemption] = []
    ) {
        self.tags = tags
        self.site = site
        self.siteEvidence = siteEvidence
        self.name = name
        self.exemptions = exemptions
    }
}

package enum Verdict: String, Hashable, Sendable {
    case allow
    /// Would be a block, but the gateway or the policy only watches.
    case monitor
    /// The packet is refused, and nothing else happens to the device.
    case refuse
    case block
}

/// One step of the reasoning, as `explain` prints it.
package struct WhyStep: Hashable, Sendable {
    /// Whether this step speaks for the block (true) or against it (false).
    package let holds: Bool
    package let text: String
    package let source: SourceLocation?

    package init(holds: Bool, text: String, source: SourceLocation? = nil) {
        self.holds = holds
        self.text = text
        self.source = source
    }
}

/// A verdict with its why. The same value reaches the journal, the CLI, the API and the tests.
package struct Decision: Hashable, Sendable {
    package let verdict: Verdict
    /// The policy that decided; nil when none speaks of the attempt.
    package let policy: String?
    /// The line that decided: the region entry of the policy.
    package let rule: SourceLocation?
    /// The region the device is in; nil when it is not known.
    package let region: Region?
    package let endpoint: Endpoint?
    package let why: [WhyStep]
    /// Allowed because of where the device is: what it does there is an activation where it may be.
    package var permitsRegion = false
    /// Where the device stands with a policy that has stages; nil where the mode only watches.
    package var stage: StageState?
    /// What gave the region, where that was the device's address.
    package var addressRegion: AddressRegion?

    package init(
        verdict: Verdict, policy: String?, rule: SourceLocation?, region: Region?,
        endpoint: Endpoint?, why: [WhyStep]
    ) {
        self.verdict = verdict
        self.policy = policy
        self.rule = rule
        self.region = region
        self.endpoint = endpoint
        self.why = why
    }
}
