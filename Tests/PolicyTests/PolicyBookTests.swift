import Policy
import Testing
import Wire

/// Table tests of the one evaluator.
@Suite struct PolicyBookTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let name: String
        var tags: [String] = ["xiaomi"]
        var region: String? = "CU"
        var asks = "account.xiaomi.com"
        var exempt: [AttemptExemption] = []
        var mode = PolicyMode.enforce
        var time = "2026-11-23"
        let verdict: Verdict
        /// What the last step says.
        let says: String

        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "the seven regions' first", verdict: .block, says: "no exemption"),
        Case(name: "Iran", region: "IR", verdict: .block, says: "no exemption"),
        Case(name: "Crimea", region: "UA-43", verdict: .block, says: "no exemption"),
        Case(name: "Kyiv is not Crimea", region: "UA-30", verdict: .allow, says: "does not deny"),
        Case(name: "Ukraine is not Crimea", region: "UA", verdict: .allow, says: "does not deny"),
        Case(name: "a part of a denied country", region: "CU-03", verdict: .block, says: "no ex"),
        Case(name: "South Korea", region: "KR", verdict: .allow, says: "does not deny KR"),
        Case(name: "no site", region: nil, verdict: .allow, says: "unknown_site: allow"),
        Case(name: "no tag", tags: [], verdict: .allow, says: "no tag of a policy"),
        Case(name: "another tag", tags: ["apple"], verdict: .allow, says: "no tag of a policy"),
        Case(
            name: "another name", asks: "www.example.org", verdict: .allow,
            says: "no policy names"),
        Case(
            name: "a lookalike", asks: "notaccount.xiaomi.com", verdict: .allow, says: "no policy"),
        Case(name: "below the name", asks: "ru.account.xiaomi.com", verdict: .block, says: "no ex"),
        Case(
            name: "never-block wins", tags: ["xiaomi", "never-block"], verdict: .allow,
            says: "never-block"),
        Case(
            name: "exempt from it", exempt: [AttemptExemption(id: "X-1", policy: "xiaomi")],
            verdict: .allow, says: "exempt (X-1)"),
        Case(
            name: "exempt from another", exempt: [AttemptExemption(id: "X-1", policy: "other")],
            verdict: .block, says: "no exemption"),
        Case(
            name: "the gateway watches", mode: .monitor, verdict: .monitor, says: "the gateway is"),
        Case(name: "before its first day", time: "2025-12-31", verdict: .allow, says: "valid from"),
        Case(name: "its last day", time: "2027-12-31", verdict: .block, says: "no exemption"),
        Case(name: "after its last day", time: "2028-01-01", verdict: .allow, says: "valid from"),
    ]

    @Test(arguments: cases) func decides(_ test: Case) throws {
        let book = PolicyBook(settings: Sample.settings(), seed: 7)
        let site = try test.region.map { try Sample.site(in: $0) }
        let attempt = Attempt(
            tags: try test.tags.map {
                TagGrant(tag: try #require(Tag($0)), reason: "test", source: Sample.line(1))
            },
            site: site, siteEvidence: "lan0", name: NameBuffer(test.asks),
            exemptions: test.exempt)
        let time = try #require(CalendarDay(test.time)).start
        let decision = book.decide(attempt, mode: test.mode, at: time)
        #expect(decision.verdict == test.verdict)
        let last = try #require(
            decision.why.last(where: { $0.holds == (test.verdict == .block) }))
        #expect(last.text.contains(test.says))
    }

    @Test func allowListDeniesAllOthers() throws {
        let regions = RegionRule.allow([Located(try Sample.region("ES"), at: Sample.line(5))])
        let book = PolicyBook(settings: Sample.settings(regions: regions), seed: 7)
        #expect(try verdict(book, in: "ES") == .allow)
        #expect(try verdict(book, in: "ES-MD") == .allow)
        #expect(try verdict(book, in: "FR") == .block)
    }

    @Test func everyDecisionNamesItsLine() throws {
        let book = PolicyBook(settings: Sample.settings(), seed: 7)
        let decision = try decision(book, in: "UA-43")
        #expect(decision.rule == Sample.line(21))
        #expect(decision.policy == "xiaomi")
        #expect(decision.why.first?.source == Sample.line(1))
    }

    @Test func disabledPolicyNamesNothing() throws {
        let book = PolicyBook(settings: Sample.settings(mode: .disabled), seed: 7)
        #expect(!book.concerns(NameBuffer("account.xiaomi.com")))
        #expect(book.watchedTags.isEmpty)
    }

    private func decision(_ book: PolicyBook, in region: String) throws -> Decision {
        let tag = try #require(Tag("xiaomi"))
        let attempt = Attempt(
            tags: [TagGrant(tag: tag, reason: "test", source: Sample.line(1))],
            site: try Sample.site(in: region), siteEvidence: "lan0",
            name: NameBuffer("account.xiaomi.com"))
        return book.decide(attempt, mode: .enforce, at: Timestamp(seconds: 1_795_000_000))
    }

    private func verdict(_ book: PolicyBook, in region: String) throws -> Verdict {
        try decision(book, in: region).verdict
    }
}

/// The Xiaomi policy of 2021 as a value, and what goes with it.
enum Sample {
    static func line(_ number: Int) -> Policy.SourceLocation {
        Policy.SourceLocation(file: "policy.d/10-xiaomi.yaml", line: number)
    }

    static func region(_ code: String) throws -> Region { try #require(Region(code)) }

    static func site(in region: String) throws -> Site {
        Site(
            name: "shop", region: try self.region(region), interfaces: [], subnets: [],
            source: line(1), regionSource: line(1))
    }

    static func settings(
        mode: PolicyMode = .enforce, regions: RegionRule? = nil
    ) -> GatewaySettings {
        let denied = ["CU", "IR", "SY", "SD", "KP", "UA-43", "UA-40"].enumerated().compactMap {
            (index, code) in Region(code).map { Located($0, at: line(16 + index)) }
        }
        let policy = RegionPolicy(
            name: "xiaomi", title: "Xiaomi", mode: mode,
            tags: [Tag("xiaomi")].compactMap { $0.map { Located($0, at: line(12)) } },
            regions: regions ?? .deny(denied), validFrom: CalendarDay("2026-01-01"),
            validUntil: CalendarDay("2027-12-31"), reviewBy: nil,
            endpoints: [DomainName("account.xiaomi.com")].compactMap {
                $0.map { Endpoint(pattern: .suffix($0), role: .account, source: line(35)) }
            },
            term: .untilReleased, basis: nil, reason: nil, message: "No.",
            contact: Contact(name: nil, phone: nil, email: nil, url: nil), source: line(7))
        return GatewaySettings(
            gatewayName: "gw", mode: .enforce, uplinks: [], sites: SiteTable([]),
            unknownSite: .allow, tagRules: [], devices: [], policies: [policy],
            inspection: .standard, whileBlocked: WhileBlocked(dns: .gateway, also: []),
            notice: NoticeSettings(isEnabled: false, port: 9741),
            control: ControlSettings(admins: "root", readers: "root"), keepHistoryDays: 400,
            revision: "0000")
    }
}
