import Policy
package import Wire

extension SettingsResult {
    /// Asks each policy its own tests; one that fails refuses the settings.
    ///
    /// The gateway counts as enforcing, stages count as passed, and a policy not valid `now` is
    /// asked on its first or last day: its tests speak of regions and names, not of today.
    package mutating func runTests(at now: Timestamp) {
        guard let settings, !tests.isEmpty else { return }
        // Any seed will do: the index decides the same with every one.
        let book = PolicyBook(settings: settings, seed: 1)
        for test in tests {
            guard let policy = settings.policies.first(where: { $0.name == test.policy }) else {
                continue
            }
            let decision = book.answer(
                to: test, of: policy, at: policy.validMoment(near: now))
            if decision.verdict != test.expect {
                let why = decision.why.last { $0.holds == (decision.verdict == .block) }
                problems.append(test.failure(got: decision.verdict, why: why?.text))
            }
        }
        problems.sort()
        if errorCount > 0 { self.settings = nil }
    }
}

extension PolicyBook {
    fileprivate func answer(
        to test: PolicyTestCase, of policy: RegionPolicy, at time: Timestamp
    ) -> Decision {
        let grants = test.tags.sorted().map {
            TagGrant(tag: $0, reason: "as the test says", source: test.source)
        }
        let site = Site(
            name: test.site ?? policy.sites.first?.value ?? "the test's site", region: test.region,
            interfaces: [], subnets: [],
            source: test.source, regionSource: test.source)
        var attempt = Attempt(
            tags: grants, site: site, siteEvidence: nil, name: NameBuffer(test.to?.text ?? ""))
        attempt.isEntry = test.to == nil
        for policy in settings.policies where policy.stages != .none {
            attempt.stagesSince[policy.name] = Timestamp(microseconds: 0)
        }
        return decide(attempt, mode: .enforce, at: time)
    }
}

extension RegionPolicy {
    fileprivate func validMoment(near now: Timestamp) -> Timestamp {
        if isValid(at: now) { return now }
        if let validFrom, now < validFrom.start { return validFrom.start }
        return validUntil?.start ?? now
    }
}
