package import Policy
package import Wire

/// One policy, as `GET /v1/policies` lists it.
package struct PolicySummary: Codable, Hashable, Sendable {
    package let name: String
    /// The policy's own; the gateway's may hold it back to `monitor`.
    package let mode: PolicyMode
    package let title: String
    package let tags: [Tag]
    /// Empty when the policy lists what it allows.
    package let denies: [Region]
    /// Empty when the policy lists what it denies.
    package let allows: [Region]
    package let validFrom: CalendarDay?
    package let validUntil: CalendarDay?
    /// In force now because of it.
    package let blocks: Int

    package init(
        name: String, mode: PolicyMode, title: String, tags: [Tag], denies: [Region],
        allows: [Region], validFrom: CalendarDay? = nil, validUntil: CalendarDay? = nil,
        blocks: Int
    ) {
        self.name = name
        self.mode = mode
        self.title = title
        self.tags = tags
        self.denies = denies
        self.allows = allows
        self.validFrom = validFrom
        self.validUntil = validUntil
        self.blocks = blocks
    }

    package enum CodingKeys: String, CodingKey {
        case name, mode, title, tags, denies, allows
        case validFrom = "valid_from"
        case validUntil = "valid_until"
        case blocks
    }
}

/// Reply of `GET /v1/policies/{policy}`.
package struct PolicyDetail: Codable, Hashable, Sendable {
    package let summary: PolicySummary
    package let basis: String?
    package let reason: String?
    /// What the person reads.
    package let message: String
    package let contact: ContactRecord?
    package let reviewBy: CalendarDay?
    package let term: BlockTerm
    /// Those that trigger.
    package let endpoints: [EndpointRecord]
    /// Devices that carry one of its tags.
    package let devices: Int
    /// `file:line`.
    package let source: String
    package var trigger = PolicyTrigger.everyAttempt
    package var action = PolicyAction.cutOff
    /// 0...1000.
    package var priority = 0
    /// Those that last, in their order; `block` follows them.
    package var stages: [StageRecord] = []
    /// Those the message is written in; empty for one text.
    package var languages: [String] = []
    /// The sites it is held to; empty is everywhere.
    package var sites: [String] = []

    package init(
        summary: PolicySummary, basis: String? = nil, reason: String? = nil, message: String,
        contact: ContactRecord? = nil, reviewBy: CalendarDay? = nil, term: BlockTerm,
        endpoints: [EndpointRecord], devices: Int, source: String
    ) {
        self.summary = summary
        self.basis = basis
        self.reason = reason
        self.message = message
        self.contact = contact
        self.reviewBy = reviewBy
        self.term = term
        self.endpoints = endpoints
        self.devices = devices
        self.source = source
    }

    package enum CodingKeys: String, CodingKey {
        case summary, basis, reason, message, contact
        case reviewBy = "review_by"
        case term, endpoints, devices, source
        case trigger = "on"
        case action, priority, stages, languages, sites
    }
}

/// A stage of a policy and how long it lasts.
package struct StageRecord: Codable, Hashable, Sendable {
    package let stage: Stage
    package let seconds: Int64

    package init(stage: Stage, seconds: Int64) {
        self.stage = stage
        self.seconds = seconds
    }
}

/// Whom the person is told to ask.
package struct ContactRecord: Codable, Hashable, Sendable {
    package let name: String?
    package let phone: String?
    package let email: String?
    package let url: String?

    package init(
        name: String? = nil, phone: String? = nil, email: String? = nil, url: String? = nil
    ) {
        self.name = name
        self.phone = phone
        self.email = email
        self.url = url
    }
}

/// A name an activation service answers on.
package struct EndpointRecord: Codable, Hashable, Sendable {
    package let pattern: String
    package let role: EndpointRole
    /// `file:line`.
    package let source: String

    package init(
        pattern: String, role: EndpointRole, source: String
    ) {
        self.pattern = pattern
        self.role = role
        self.source = source
    }
}
