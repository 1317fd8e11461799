package import Wire

/// The operator's settings made ready to decide: the one evaluator for live traffic, `explain`,
/// `simulate`, the policies' own tests and ours.
package struct PolicyBook: Sendable {
    package let settings: GatewaySettings
    /// Tags some policy speaks of: devices without one of them are not looked into.
    package let watchedTags: Set<Tag>
    /// Policies to which presence is enough, by their place in the settings.
    private let entryPolicies: [Int]

    /// What of encrypted DNS is refused.
    package let encryptedDNS: EncryptedDNSBook
    /// Whether any tag goes by what devices say of themselves.
    package let usesClaims: Bool
    /// Whether any tag goes by the number of a VLAN.
    package let usesVLANs: Bool
    /// Peers by which tags go, each once, with the first line that names it.
    package let wireGuardKeys: [Located<WireGuardKey>]
    package var usesWireGuard: Bool { !wireGuardKeys.isEmpty }

    /// Tags that anything in `devices.d` gives.
    let givenTags: Set<Tag>
    /// Tags of devices that are listed by their address.
    let tagsByAddress: Set<Tag>

    private let index: EndpointIndex
    private let knownDevices: KnownDeviceIndex
    /// What an id of the index stands for.
    private let entries: [(policy: Int, endpoint: Int)]

    /// - Parameter seed: keys the endpoint index against crafted collisions.
    package init(settings: GatewaySettings, seed: UInt64) {
        self.settings = settings
        knownDevices = KnownDeviceIndex(settings.devices)
        var entries: [(policy: Int, endpoint: Int)] = []
        var patterns: [(pattern: EndpointPattern, id: Int32)] = []
        var watched: Set<Tag> = []
        var present: [Int] = []
        for (number, policy) in settings.policies.enumerated() where policy.mode != .disabled {
            watched.formUnion(policy.tags.map(\.value))
            if policy.trigger == .entry { present.append(number) }
            for (position, endpoint) in policy.endpoints.enumerated() {
                patterns.append((endpoint.pattern, Int32(entries.count)))
                entries.append((number, position))
            }
        }
        self.entries = entries
        self.watchedTags = watched
        let tests = settings.tagRules.flatMap { $0.match + $0.except }
        self.usesClaims = tests.contains(where: \.value.isClaim)
        self.usesVLANs = tests.contains { if case .vlan = $0.value { true } else { false } }
        self.wireGuardKeys = Self.wireGuardKeys(of: tests)
        self.givenTags = Set(settings.tagRules.map(\.tag))
            .union(settings.devices.lazy.flatMap(\.tags))
        self.tagsByAddress = Set(
            settings.devices.lazy.filter { $0.macs.isEmpty }.flatMap(\.tags))
        self.entryPolicies = present
        self.index = EndpointIndex(patterns, seed: seed)
        self.encryptedDNS = EncryptedDNSBook(settings.encryptedDNS, seed: seed)
    }

    private static func wireGuardKeys(
        of tests: [Located<DeviceSelector>]
    ) -> [Located<WireGuardKey>] {
        var seen: Set<WireGuardKey> = []
        return tests.compactMap { test in
            guard case .wireGuardPeer(let key) = test.value, seen.insert(key).inserted else {
                return nil
            }
            return Located(key, at: test.source)
        }
    }

    /// Whether any policy in use names this endpoint. On the packet path: no allocation.
    package func concerns(_ name: NameBuffer) -> Bool {
        var found = false
        index.forEachMatch(in: name) { _ in found = true }
        return found
    }

    /// Whether any policy in use takes presence for a trigger.
    package var watchesEntry: Bool { !entryPolicies.isEmpty }

    /// Answers the attempt.
    ///
    /// Policies of the highest priority are asked first. Among those of one priority the severest
    /// verdict wins, and among equals the first in file order. Lower ones are asked only while none
    /// above has decided: a policy decides when it refuses the attempt or allows the region, not
    /// when it only watches, is not valid or spares this one device.
    package func decide(_ attempt: Attempt, mode: PolicyMode, at time: Timestamp) -> Decision {
        ask(attempt, mode: mode, at: time) { _, _ in }
    }

    /// As `decide`; `hear` gets the answer of each policy that is asked, by its place.
    func ask(
        _ attempt: Attempt, mode: PolicyMode, at time: Timestamp,
        hear: (Int, Decision) -> Void
    ) -> Decision {
        let place = place(of: attempt)
        let endpoints = attempt.isEntry ? [:] : endpoints(named: attempt.name)
        let candidates = attempt.isEntry ? entryPolicies : endpoints.keys.sorted()
        var best: Decision?
        // The priority of a policy that has decided.
        var decided: Int?
        for number in candidates {
            let policy = settings.policies[number]
            if let decided, policy.priority < decided { break }
            guard let grant = grant(of: attempt, for: policy) else { continue }
            let decision = decide(
                policy, attempt: attempt, grant: grant, endpoint: endpoints[number],
                place: place, mode: mode, at: time)
            hear(number, decision)
            if decision.isFinal { decided = policy.priority }
            if best.map({ decision.verdict.severity > $0.verdict.severity }) ?? true {
                best = decision
            }
        }
        return best
            ?? Decision(
                verdict: .allow, policy: nil, rule: nil, region: place.region, endpoint: nil,
                why: [unmatchedStep(attempt, named: candidates.isEmpty)])
    }

    /// The first endpoint of each policy that has the name, by the policy's place.
    func endpoints(named name: NameBuffer) -> [Int: Endpoint] {
        var endpoints: [Int: Endpoint] = [:]
        index.forEachMatch(in: name) { id in
            let entry = entries[Int(id)]
            if endpoints[entry.policy] == nil {
                endpoints[entry.policy] =
                    settings.policies[entry.policy].endpoints[entry.endpoint]
            }
        }
        return endpoints
    }

    /// Whether the policy names it as an endpoint.
    package func isTrigger(_ name: NameBuffer, of policy: String) -> Bool {
        endpoints(named: name).keys.contains { settings.policies[$0].name == policy }
    }

    /// The region of the site, or what the settings say of traffic from no site. Nil where the
    /// device's address says it.
    package func region(of site: Site?) -> Region? {
        if let site { return site.region }
        if case .region(let region) = settings.unknownSite { return region }
        return nil
    }

    func grant(of attempt: Attempt, for policy: RegionPolicy) -> TagGrant? {
        attempt.tags.first { grant in policy.tags.contains { $0.value == grant.tag } }
    }

    private func unmatchedStep(_ attempt: Attempt, named: Bool) -> WhyStep {
        if attempt.isEntry {
            return WhyStep(holds: false, text: "no policy takes its presence for a trigger")
        }
        return named
            ? WhyStep(holds: false, text: "no policy names \(attempt.name) as a trigger")
            : WhyStep(holds: false, text: "it has no tag of a policy that names \(attempt.name)")
    }

    // The order of the steps is the order in which a person would ask.
    private func decide(
        _ policy: RegionPolicy, attempt: Attempt, grant: TagGrant, endpoint: Endpoint?,
        place: Place, mode: PolicyMode, at time: Timestamp
    ) -> Decision {
        var why = [WhyStep(holds: true, text: "it is tagged \(grant.text)", source: grant.source)]
        why += siteSteps(attempt, at: place)
        let denial = denial(at: place, by: policy)
        let region = denial.region
        if let step = scopeStep(policy, site: attempt.site) {
            why.append(step)
            guard step.holds else {
                return Decision(
                    verdict: .allow, policy: policy.name, rule: step.source, region: region,
                    endpoint: endpoint, why: why)
            }
        }
        why.append(denial.step)
        why.append(triggerStep(policy, attempt: attempt, endpoint: endpoint))
        func decision(_ verdict: Verdict) -> Decision {
            var decision = Decision(
                verdict: verdict, policy: policy.name, rule: denial.step.source, region: region,
                endpoint: endpoint, why: why)
            if case .address(let found) = place { decision.addressRegion = found }
            return decision
        }
        guard denial.denies else {
            var allowed = decision(.allow)
            allowed.permitsRegion = region != nil && policy.isValid(at: time)
            return allowed
        }
        if let obstacle = obstacle(policy, attempt: attempt, at: time) {
            why.append(obstacle)
            return decision(.allow)
        }
        why.append(WhyStep(holds: true, text: "no exemption, no never-block"))
        if mode != .enforce || policy.mode != .enforce {
            let who = policy.mode == .enforce ? "the gateway is" : "\(policy.name) is"
            why.append(
                WhyStep(
                    holds: false, text: "\(who) in monitor mode: nothing is cut off",
                    source: policy.mode == .enforce ? nil : policy.source))
            return decision(.monitor)
        }
        let since = attempt.stagesSince[policy.name]
        let state =
            policy.stages == .none ? nil : policy.stages.state(since: since ?? time, at: time)
        if let state { why.append(stageStep(policy, state, hasBegun: since != nil)) }
        var final = decision(
            state.map { $0.stage != .block } ?? false
                ? .monitor : policy.action == .cutOff ? .block : .refuse)
        final.stage = state
        return final
    }

    private func triggerStep(
        _ policy: RegionPolicy, attempt: Attempt, endpoint: Endpoint?
    ) -> WhyStep {
        if attempt.isEntry {
            return WhyStep(
                holds: true, text: "being there is a trigger of \(policy.name) (on: entry)",
                source: policy.source)
        }
        return WhyStep(
            holds: true,
            text: "\(attempt.name) is a trigger of \(policy.name)"
                + (endpoint.map { " (\($0.pattern), \($0.role.rawValue))" } ?? ""),
            source: endpoint?.source)
    }

    private func stageStep(
        _ policy: RegionPolicy, _ state: StageState, hasBegun: Bool
    ) -> WhyStep {
        guard let next = state.next else {
            return WhyStep(
                holds: true,
                text: "it is in stage block of \(policy.name) since \(state.blockFrom)",
                source: policy.source)
        }
        let text =
            hasBegun
            ? "it is in stage \(state.stage.rawValue) of \(policy.name); "
                + "\(next.stage.rawValue) begins \(next.from)"
            : "an attempt now would begin stage \(state.stage.rawValue) of \(policy.name); "
                + "\(next.stage.rawValue) would begin \(next.from)"
        return WhyStep(holds: false, text: text, source: policy.source)
    }

    private func siteSteps(_ attempt: Attempt, at place: Place) -> [WhyStep] {
        if let site = attempt.site {
            let evidence = attempt.siteEvidence.map { " (\($0))" } ?? ""
            let here = WhyStep(
                holds: true, text: "it is at \(site.name)\(evidence)", source: site.source)
            return [here] + regionSteps(site, at: place)
        }
        if let region = place.region {
            return [
                WhyStep(holds: true, text: "it is at no declared site; unknown_site: \(region)")
            ]
        }
        return [WhyStep(holds: settings.unknownSite == .deny, text: "it is at no declared site")]
    }

    /// Nil for a policy that speaks of every place.
    private func scopeStep(_ policy: RegionPolicy, site: Site?) -> WhyStep? {
        guard let first = policy.sites.first else { return nil }
        if let entry = policy.sites.first(where: { $0.value == site?.name }) {
            return WhyStep(
                holds: true, text: "\(policy.name) applies at \(entry.value)", source: entry.source)
        }
        let names = policy.sites.map(\.value).joined(separator: ", ")
        return WhyStep(
            holds: false, text: "\(policy.name) applies only at \(names)", source: first.source)
    }

    func denial(
        of region: Region?, by policy: RegionPolicy
    ) -> (denies: Bool, step: WhyStep) {
        guard let region else {
            let denies = settings.unknownSite == .deny
            let text = denies ? "unknown_site: deny" : "unknown_site: allow"
            return (denies, WhyStep(holds: denies, text: text))
        }
        switch policy.regions {
        case .deny(let list):
            if let entry = list.first(where: { region.isWithin($0.value) }) {
                let text = "\(policy.name) denies \(entry.value)"
                return (true, WhyStep(holds: true, text: text, source: entry.source))
            }
            let text = "\(policy.name) does not deny \(region)"
            return (false, WhyStep(holds: false, text: text, source: policy.source))
        case .allow(let list):
            if let entry = list.first(where: { region.isWithin($0.value) }) {
                let text = "\(policy.name) allows \(entry.value)"
                return (false, WhyStep(holds: false, text: text, source: entry.source))
            }
            let text = "\(policy.name) allows only other regions than \(region)"
            return (true, WhyStep(holds: true, text: text, source: policy.source))
        }
    }

    /// What keeps a policy that denies the region from applying, or nil.
    private func obstacle(
        _ policy: RegionPolicy, attempt: Attempt, at time: Timestamp
    ) -> WhyStep? {
        if let grant = attempt.tags.first(where: { $0.tag == .neverBlock }) {
            return WhyStep(holds: false, text: "it is tagged never-block", source: grant.source)
        }
        if let exemption = attempt.exemptions.first(where: {
            $0.policy == nil || $0.policy == policy.name
        }) {
            return WhyStep(holds: false, text: "it is exempt (\(exemption.id))")
        }
        if let step = sparing(
            policy, device: attempt.device, tags: attempt.tags, activation: attempt.activation,
            at: time)
        {
            return step
        }
        guard policy.isValid(at: time) else {
            let from = policy.validFrom.map(\.description) ?? "ever"
            let until = policy.validUntil.map(\.description) ?? "ever"
            return WhyStep(
                holds: false, text: "\(policy.name) is valid from \(from) until \(until) only",
                source: policy.source)
        }
        return nil
    }
}

extension PolicyBook {
    /// What of the policy itself spares this device, or nil: an exemption written in it, or an
    /// activation where the device may be.
    private func sparing(
        _ policy: RegionPolicy, device: DeviceFacts?, tags: [TagGrant], activation: Activation?,
        at time: Timestamp
    ) -> WhyStep? {
        if let exemption = policy.exemptions.first(where: {
            $0.spares(device, tags: tags, at: time)
        }) {
            return WhyStep(
                holds: false, text: "\(policy.name) exempts \(exemption.description)",
                source: exemption.source)
        }
        guard policy.trigger == .firstActivation, let activation,
            !denial(of: activation.region, by: policy).denies
        else { return nil }
        return WhyStep(
            holds: false,
            text: "it was first activated in \(activation.region) (\(activation.time)), "
                + "where it may be",
            source: policy.source)
    }

    /// Whether the policy still denies the region a block was made in, still applies at that site,
    /// and does not spare the device; the answer to "should this block go on?" after a change of
    /// settings or with the passing of time.
    package func stillDenies(
        policy name: String, region: Region?, site: String?, device: DeviceFacts? = nil,
        tags: [TagGrant] = [], activation: Activation? = nil, at time: Timestamp
    ) -> Bool {
        guard let policy = settings.policies.first(where: { $0.name == name }),
            policy.mode != .disabled, policy.action == .cutOff, policy.isValid(at: time),
            policy.covers(site: site),
            sparing(policy, device: device, tags: tags, activation: activation, at: time) == nil
        else { return false }
        return denial(of: region, by: policy).denies
    }
}

extension Verdict {
    /// Rises with what happens to the device.
    package var severity: Int {
        switch self {
        case .allow: 0
        case .monitor: 1
        case .refuse: 2
        case .block: 3
        }
    }
}

extension Decision {
    /// Whether policies of a lower priority are not asked any more.
    var isFinal: Bool { permitsRegion || verdict == .refuse || verdict == .block }
}

extension PolicyBook {
    /// Every tag the files give this device, each once, with the line that gives it.
    package func tags(of device: DeviceFacts) -> [TagGrant] {
        var grants: [TagGrant] = []
        func add(_ grant: TagGrant) {
            if !grants.contains(where: { $0.tag == grant.tag }) { grants.append(grant) }
        }
        for known in knownDevices.matches(device, in: settings.devices) {
            for tag in known.tags {
                add(TagGrant(tag: tag, reason: "\(known.selector)", source: known.source))
            }
        }
        for rule in settings.tagRules {
            if let line = rule.grant(to: device) {
                var grant = TagGrant(
                    tag: rule.tag, reason: "\(line.value)", source: line.source)
                grant.isResolved = line.value.isResolved
                add(grant)
            }
        }
        return grants
    }

    /// Whether `devices.d` lists it with one of the tags.
    func lists(_ device: DeviceFacts, with tags: Set<Tag>) -> Bool {
        knownDevices.matches(device, in: settings.devices).contains {
            $0.tags.contains(where: tags.contains)
        }
    }

    /// Whether `devices.d` lists it by itself.
    package func knows(_ device: DeviceFacts) -> Bool {
        !knownDevices.matches(device, in: settings.devices).isEmpty
    }

    /// The other MACs of the device that this one is listed for.
    package func otherMACs(of mac: MACAddress) -> [MACAddress] {
        guard let index = knownDevices.index(of: mac) else { return [] }
        let known = settings.devices[index]
        return known.otherMACs.isEmpty ? [] : known.macs.filter { $0 != mac }
    }

    /// Where `devices.d` lists this MAC.
    package func listing(of mac: MACAddress) -> SourceLocation? {
        knownDevices.index(of: mac).map { settings.devices[$0].source }
    }

    /// The operator's name for the device, or nil.
    package func label(of device: DeviceFacts) -> String? {
        knownDevices.matches(device, in: settings.devices).lazy.compactMap(\.label).first
    }

    /// The site and how it was found.
    package func site(of device: DeviceFacts) -> (site: Site, evidence: String)? {
        guard
            let site = settings.sites.site(
                interface: device.interface, address: device.address)
        else { return nil }
        if let address = device.address,
            let subnet = site.subnets.filter({ $0.contains(address) }).max(by: {
                $0.length < $1.length
            })
        {
            return (site, "\(subnet)")
        }
        return (site, device.interface?.text ?? "?")
    }
}
