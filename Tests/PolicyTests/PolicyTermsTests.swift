import Policy
import Testing
import Wire

/// Stages, exemptions, first activations, entry and priority, asked of the evaluator alone.
struct PolicyTermsTests {
    private static let now = Timestamp(seconds: 1_795_392_000)
    private static let day: Int64 = 86_400

    private func settings(
        _ changes: [(inout RegionPolicy) -> Void]
    ) throws -> GatewaySettings {
        var settings = Sample.settings()
        let base = try #require(settings.policies.first)
        settings.policies = changes.map { change in
            var policy = base
            change(&policy)
            return policy
        }
        return settings
    }

    private func decide(
        _ settings: GatewaySettings, in region: String = "CU", name: String = "account.xiaomi.com",
        tags: [String] = ["xiaomi"], _ change: (inout Attempt) -> Void = { _ in }
    ) throws -> Decision {
        var attempt = Attempt(
            tags: tags.compactMap { Tag($0) }.map { TagGrant(tag: $0, reason: "", source: nil) },
            site: try Sample.site(in: region), siteEvidence: nil,
            name: NameBuffer(name))
        change(&attempt)
        return PolicyBook(settings: settings, seed: 7).decide(
            attempt, mode: .enforce, at: Self.now)
    }

    /// Each stage's first and last second, with one of the stages left out.
    @Test func stagesFollowEachOther() {
        let stages = PolicyStages(
            observeSeconds: 3 * Self.day, warnSeconds: 0, graceSeconds: Self.day)
        func stage(after seconds: Int64) -> StageState {
            stages.state(since: Self.now, at: Self.now.adding(seconds: seconds))
        }
        #expect(stage(after: 0).stage == .observe)
        #expect(stage(after: 0).next?.stage == .grace)
        #expect(stage(after: 0).next?.from == Self.now.adding(seconds: 3 * Self.day))
        #expect(stage(after: 3 * Self.day - 1).stage == .observe)
        #expect(stage(after: 3 * Self.day).stage == .grace)
        #expect(stage(after: 4 * Self.day - 1).next?.stage == .block)
        #expect(stage(after: 4 * Self.day).stage == .block)
        #expect(stage(after: 4 * Self.day).next == nil)
        #expect(stage(after: 400 * Self.day).blockFrom == Self.now.adding(seconds: 4 * Self.day))
    }

    @Test func anAttemptIsJudgedByItsDevicesStage() throws {
        let settings = try settings([
            {
                $0.stages = PolicyStages(
                    observeSeconds: 0, warnSeconds: Self.day, graceSeconds: 0)
            }
        ])
        let first = try decide(settings)
        #expect(first.verdict == .monitor && first.stage?.stage == .warn)
        let late = try decide(settings) {
            $0.stagesSince = ["xiaomi": Self.now.adding(seconds: -Self.day)]
        }
        #expect(late.verdict == .block && late.stage?.stage == .block)
        // Another policy's stages say nothing.
        #expect(
            try decide(settings) { $0.stagesSince = ["other": Timestamp(seconds: 0)] }.verdict
                == .monitor)
    }

    @Test func exemptionsInThePolicySpareUntilTheirLastDay() throws {
        let mac = try #require(MACAddress("64:b4:73:00:00:10"))
        let press = try #require(Tag("press"))
        let today = try #require(CalendarDay("2026-11-23"))
        func verdict(
            _ subject: PolicyExemption.Subject, until: CalendarDay?, tags: [String] = ["xiaomi"]
        ) throws -> Verdict {
            let exemption = PolicyExemption(
                subject: subject, until: until, reason: nil, source: Sample.line(50))
            return try decide(settings([{ $0.exemptions = [exemption] }]), tags: tags) {
                $0.device = DeviceFacts(mac: mac, address: nil, interface: nil)
            }.verdict
        }
        let other = try #require(MACAddress("64:b4:73:00:00:11"))
        #expect(try verdict(.device(.mac(mac)), until: nil) == .allow)
        #expect(try verdict(.device(.mac(mac)), until: today) == .allow)
        #expect(
            try verdict(
                .device(.mac(mac)), until: CalendarDay(daysSinceEpoch: today.daysSinceEpoch - 1))
                == .block)
        #expect(try verdict(.device(.mac(other)), until: nil) == .block)
        #expect(try verdict(.tag(press), until: nil) == .block)
        #expect(try verdict(.tag(press), until: nil, tags: ["xiaomi", "press"]) == .allow)
    }

    @Test func onlyAnActivationWhereItMayBeSpares() throws {
        let settings = try settings([{ $0.trigger = .firstActivation }])
        func verdict(activatedIn code: String?, _ settings: GatewaySettings) throws -> Verdict {
            let region = code.flatMap { Region($0) }
            return try decide(settings) {
                $0.activation = region.map { Activation(region: $0, time: Self.now) }
            }.verdict
        }
        #expect(try verdict(activatedIn: nil, settings) == .block)
        #expect(try verdict(activatedIn: "ES", settings) == .allow)
        #expect(try verdict(activatedIn: "UA-30", settings) == .allow)
        #expect(try verdict(activatedIn: "CU", settings) == .block)
        #expect(try verdict(activatedIn: "UA-43", settings) == .block)
        let every = Sample.settings()
        #expect(try verdict(activatedIn: "ES", every) == .block)
    }

    @Test func presenceIsATriggerOnlyOnEntry() throws {
        let entry = try settings([
            { $0.trigger = .entry }
        ])
        #expect(try decide(entry, name: "") { $0.isEntry = true }.verdict == .block)
        #expect(try decide(entry, in: "ES", name: "") { $0.isEntry = true }.verdict == .allow)
        #expect(try decide(entry, name: "", tags: []) { $0.isEntry = true }.verdict == .allow)
        // An attempt is one as well.
        #expect(try decide(entry).verdict == .block)
        let attempts = Sample.settings()
        #expect(try decide(attempts, name: "") { $0.isEntry = true }.policy == nil)
        #expect(PolicyBook(settings: entry, seed: 1).watchesEntry)
        #expect(!PolicyBook(settings: attempts, seed: 1).watchesEntry)
    }

    @Test func refusalIsLessThanABlock() throws {
        #expect(try decide(settings([{ $0.action = .denyActivation }])).verdict == .refuse)
        let both = try settings([{ $0.action = .denyActivation }, { _ in }])
        #expect(try decide(both).verdict == .block)
    }

    /// In order of priority, as settings hold them: the first that decides is the last asked.
    @Test func theHigherPriorityDecides() throws {
        let spain = RegionRule.allow([
            Located(try Sample.region("CU"), at: Sample.line(1))
        ])
        func allowing(_ policy: inout RegionPolicy) {
            policy = RegionPolicy(
                name: "fair", title: "", mode: .enforce, tags: policy.tags, regions: spain,
                validFrom: nil, validUntil: nil, reviewBy: nil, endpoints: policy.endpoints,
                term: .untilReleased, basis: nil, reason: nil, message: "",
                contact: policy.contact, source: policy.source)
            policy.priority = 1
        }
        let fair = try decide(settings([allowing, { _ in }]))
        #expect(fair.verdict == .allow && fair.policy == "fair" && fair.permitsRegion)
        // Of one priority the severest wins.
        let equal = try settings([
            {
                allowing(&$0)
                $0.priority = 0
            }, { _ in },
        ])
        #expect(try decide(equal).verdict == .block)
        // One that spares this device, or only watches, leaves it to those below.
        let sparing = try settings([
            {
                $0.priority = 1
                $0.exemptions = [
                    PolicyExemption(
                        subject: .tag($0.tags[0].value), until: nil, reason: nil,
                        source: $0.source)
                ]
            }, { _ in },
        ])
        #expect(try decide(sparing).verdict == .block)
        let watching = Sample.settings(mode: PolicyMode.monitor).policies[0]
        let below = try settings([
            {
                $0 = watching
                $0.priority = 1
            }, { _ in },
        ])
        #expect(try decide(below).verdict == .block)
    }
}
