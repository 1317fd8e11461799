package import Wire

/// How far a policy, or the whole gateway, goes.
package enum PolicyMode: String, Hashable, Sendable, CaseIterable {
    case disabled
    case monitor
    case enforce
}

/// The regions a policy speaks of: one list or the other, never both.
package enum RegionRule: Hashable, Sendable {
    case deny([Located<Region>])
    case allow([Located<Region>])
}

/// Whom the person is told to ask.
package struct Contact: Hashable, Sendable {
    package var name: String?
    package var phone: String?
    package var email: String?
    package var url: String?

    package init(name: String?, phone: String?, email: String?, url: String?) {
        self.name = name
        self.phone = phone
        self.email = email
        self.url = url
    }
}

/// How long a block stands.
package enum BlockTerm: Hashable, Sendable {
    case untilReleased
    case seconds(Int64)
}

/// One file of `policy.d`: a device with one of these tags, in one of these regions, that tries to
/// reach one of these endpoints, is cut off the internet.
package struct RegionPolicy: Hashable, Sendable {
    package let name: String
    package let title: String
    package let mode: PolicyMode
    package let tags: [Located<Tag>]
    package let regions: RegionRule
    /// First and last day, both included; nil is open.
    package let validFrom: CalendarDay?
    package let validUntil: CalendarDay?
    package let reviewBy: CalendarDay?
    /// Only the endpoints that trigger: roles are already applied.
    package let endpoints: [Endpoint]
    package let term: BlockTerm
    package let basis: String?
    package let reason: String?
    /// Shown to the person and written to the journal.
    package let message: String
    /// The message in other languages, by their ISO 639 code in lower case.
    package var translations: [String: String] = [:]
    package var trigger = PolicyTrigger.everyAttempt
    package var action = PolicyAction.cutOff
    package var stages = PolicyStages.none
    package var exemptions: [PolicyExemption] = []
    /// 0...1000. Of two policies that speak of an attempt the higher one is asked first.
    package var priority = 0
    /// Its scope: names of the sites it speaks of. Empty is everywhere, declared site or not.
    package var sites: [Located<String>] = []
    /// The catalogues its endpoints come from; those written in its own file are its `domains`.
    package var lists: [Located<String>] = []
    /// The roles it names; nil is `EndpointRole.triggersByDefault`.
    package var triggerRoles: Set<EndpointRole>?
    package let contact: Contact
    package let source: SourceLocation

    package init(
        name: String, title: String, mode: PolicyMode, tags: [Located<Tag>], regions: RegionRule,
        validFrom: CalendarDay?, validUntil: CalendarDay?, reviewBy: CalendarDay?,
        endpoints: [Endpoint], term: BlockTerm, basis: String?, reason: String?, message: String,
        contact: Contact, source: SourceLocation
    ) {
        self.name = name
        self.title = title
        self.mode = mode
        self.tags = tags
        self.regions = regions
        self.validFrom = validFrom
        self.validUntil = validUntil
        self.reviewBy = reviewBy
        self.endpoints = endpoints
        self.term = term
        self.basis = basis
        self.reason = reason
        self.message = message
        self.contact = contact
        self.source = source
    }

    /// Whether it speaks of what happens at the site of this name; nil is no declared site.
    package func covers(site name: String?) -> Bool {
        sites.isEmpty || sites.contains { $0.value == name }
    }

    package func isValid(at time: Timestamp) -> Bool {
        (validFrom.map { $0.start <= time } ?? true) && (validUntil.map { time < $0.end } ?? true)
    }
}
