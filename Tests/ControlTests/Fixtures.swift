import ControlAPI
import Policy
import Wire

/// The gateway of the manual: three cut-off devices, two policies, one site quiet.
enum Fixtures {
    static let now = time("2026-11-23T10:33:07Z")
    static let cuba = region("CU")

    static func time(_ text: String) -> Timestamp { required(RFC3339.timestamp(text)) }
    static func region(_ code: String) -> Region { required(Region(code)) }
    static func tag(_ text: String) -> Tag { required(Tag(text)) }
    static func day(_ text: String) -> CalendarDay { required(CalendarDay(text)) }

    private static func required<Value>(_ value: Value?) -> Value {
        guard let value else { preconditionFailure("a fixture is not valid") }
        return value
    }

    static let status = Status(
        gateway: "gw-havana-1", version: "0.1.0", mode: .enforce, state: .degraded, time: now,
        startedAt: time("2026-11-20T06:30:00Z"), configRevision: "9c1f", blocks: 3,
        lastBlock: block, devices: DeviceCounts(known: 20, seenInDay: 18, randomMACs: 14), sites: 3,
        policies: [
            PolicyState(name: "xiaomi", mode: .enforce),
            PolicyState(name: "tv-boxes", mode: .monitor),
        ],
        ruleset: RulesetState(isInstalled: true, blocksInKernel: 3, drift: 0),
        inspection: InspectionState(
            tap: "inline", whenDown: "open", packetsInspected: 48_211, packetsLost: 0),
        warnings: [
            Warning(
                code: "site_quiet", text: "simferopol-depot: nothing seen for 9 days",
                fix: "regionlock sites")
        ])

    static let phone = DeviceRecord(
        id: "02:00:00:00:00:07", name: "bench-phone-7", label: "bench-phone-7",
        mac: "02:00:00:00:00:07", addresses: ["10.20.0.31"], macKind: .random, site: "havana-shop",
        region: cuba, tags: [tag("bench"), tag("xiaomi")], state: .cutOff, block: "B-7F3K",
        lastSeen: time("2026-11-23T10:31:07Z"))
    static let till = DeviceRecord(
        id: "00:1b:44:11:3a:b7", name: "pos-terminal", label: "pos-terminal",
        mac: "00:1b:44:11:3a:b7", addresses: ["10.20.0.12"], vendor: "SanDisk", macKind: .fixed,
        site: "havana-shop", region: cuba, tags: [tag("never-block")], state: .free,
        lastSeen: time("2026-11-23T10:33:03Z"), router: "5 IPv4 addresses answer on its MAC")
    /// What a hostile device calls itself: an escape sequence and a line of its own.
    static let liar: DeviceRecord = {
        var record = DeviceRecord(
            id: "3a:91:0c:5e:77:01", name: "x\u{1b}[2J\nroot\u{9b}31m\u{202e}", label: nil,
            mac: "3a:91:0c:5e:77:01", addresses: [], macKind: .random, hostname: "x\u{1b}[2J",
            tags: [], state: .free)
        record.dhcp = .init(
            vendorClass: "v\u{1b}[2J\n", fingerprint: "1,3", clientID: "ff:01", duid: "00:04:09")
        return record
    }()

    static let block = BlockRecord(
        id: "B-7F3K", device: "02:00:00:00:00:07", deviceName: "bench-phone-7", state: .inForce,
        cause: .policy, policy: "xiaomi", rule: "policy.d/10-xiaomi.yaml:16", site: "havana-shop",
        region: cuba, since: time("2026-11-23T10:31:07.116Z"),
        evidence: EvidenceRecord(
            vector: .dns, endpoint: "account.xiaomi.com",
            flow: "udp 10.20.0.31:5353 -> 10.20.0.1:53", latencyMicroseconds: 2_100))
    static let dryRun = ReleaseAllReply(
        released: 25, remaining: 1, isDryRun: true, blocks: [block, handMade])
    static let releasedAll = ReleaseAllReply(
        released: 2, remaining: 0, isDryRun: false, blocks: [block, handMade])
    static let wouldRemove = RemoveAllReply(
        released: 25, tables: ["inet regionlock", "bridge regionlock"], mode: .enforce,
        was: .enforce, isDryRun: true, blocks: [block, handMade])
    static let removedAll = RemoveAllReply(
        released: 2, tables: ["inet regionlock", "bridge regionlock"], mode: .monitor,
        was: .enforce, isDryRun: false, blocks: [block, handMade])
    static let handMade = BlockRecord(
        id: "B-9QXA", device: "3a:91:0c:5e:77:01", deviceName: "d-93kf", state: .inForce,
        cause: .command, since: now, until: time("2026-11-23T22:33:07Z"),
        reason: "reported stolen, case 4411", by: "maria", flowsEnded: 1)
    static let ended = BlockRecord(
        id: "B-7F3K", device: "02:00:00:00:00:07", deviceName: "bench-phone-7", state: .released,
        cause: .policy, policy: "xiaomi", site: "havana-shop", region: cuba,
        since: time("2026-11-23T10:31:07.116Z"), endedAt: time("2026-11-23T10:49:07.200Z"),
        endedBecause: "sold to Spain, receipt 881", endedBy: "maria")

    static let exemption = ExemptionRecord(
        id: "X-2M9Q", device: "02:00:00:00:00:07", deviceName: "bench-phone-7", policy: "xiaomi",
        since: now, until: time("2026-12-23T10:33:07Z"), by: "maria", reason: "repair shop")

    static let sites = [
        SiteRecord(
            name: "havana-shop", region: cuba, interfaces: ["lan0", "lan0.20"],
            subnets: ["10.20.0.0/24"], devices: 12, cutOff: 3, source: "regionlock.yaml:22"),
        SiteRecord(
            name: "simferopol-depot", region: region("UA-43"), interfaces: ["wg0"], subnets: [],
            devices: 0, cutOff: 0, source: "regionlock.yaml:30"),
    ]

    static let decision = DecisionRecord(
        verdict: .block, policy: "xiaomi", rule: "policy.d/10-xiaomi.yaml:16", region: cuba,
        endpoint: "account.xiaomi.com and below", role: .account,
        steps: [
            WhyRecord(ok: true, text: "it is tagged xiaomi", source: "devices.d/50-known.yaml:7"),
            WhyRecord(ok: true, text: "havana-shop is in CU", source: "regionlock.yaml:22"),
            WhyRecord(ok: true, text: "xiaomi denies CU", source: "policy.d/10-xiaomi.yaml:16"),
            WhyRecord(ok: true, text: "no exemption, no never-block"),
        ])
    static let entered = DecisionRecord(
        verdict: .block, policy: "fair", rule: "policy.d/20-fair.yaml:7", region: cuba,
        steps: [WhyRecord(ok: true, text: "being there is a trigger of fair (on: entry)")])
    static let allowed = DecisionRecord(
        verdict: .allow, policy: "xiaomi", region: region("ES"),
        steps: [WhyRecord(ok: false, text: "xiaomi does not deny ES", source: nil)])

    /// Three policies: one is not asked, one decides, one would only watch.
    static let trials = [
        TrialRecord(
            policy: "fair", priority: 10, source: "policy.d/20-fair.yaml:2", verdict: nil,
            decides: false,
            steps: [
                WhyRecord(
                    ok: false, text: "fair speaks of fair-goods; it is tagged xiaomi",
                    source: "policy.d/20-fair.yaml:6")
            ]),
        TrialRecord(
            policy: "xiaomi", priority: 0, source: "policy.d/10-xiaomi.yaml:2", verdict: .block,
            decides: true, steps: decision.steps),
        TrialRecord(
            policy: "watch", priority: 0, source: "policy.d/30-watch.yaml:2", verdict: .monitor,
            decides: false,
            steps: [
                WhyRecord(
                    ok: true, text: "watch denies CU", source: "policy.d/30-watch.yaml:6"),
                WhyRecord(
                    ok: false, text: "watch is in monitor mode: nothing is cut off",
                    source: "policy.d/30-watch.yaml:2"),
            ]),
    ]
    static let tried = {
        var record = decision
        record.tried = trials
        return record
    }()
    static let wouldCut = {
        var record = Explanation(
            device: liar, time: now, verdict: .block, steps: decision.steps)
        record.tried = trials
        record.triggers = ["account.xiaomi.com and below", "*.micloud.xiaomi.net"]
        return record
    }()

    /// Where a policy takes presence for a trigger, alone and beside names.
    static func wouldCut(_ triggers: String...) -> Explanation {
        var record = Explanation(
            device: liar, time: now, verdict: .block, steps: entered.steps)
        record.triggers = triggers
        return record
    }
    static let oneDevice = Explanation(
        device: phone, time: now,
        block: BlockRecord(
            id: "B-8K2M", device: "02:00:00:00:00:08", deviceName: "bench", state: .inForce,
            cause: .policy, policy: "xiaomi", rule: "policy.d/10-xiaomi.yaml:16",
            site: "havana-shop", region: cuba, since: time("2026-11-23T10:31:07.116Z"),
            evidence: EvidenceRecord(
                vector: .settings, endpoint: "account.xiaomi.com",
                flow: "devices.d/50-known.yaml:9, as 02:00:00:00:00:07 in B-7F3K")),
        verdict: .block, steps: decision.steps)

    static let explanation = Explanation(
        device: phone, time: now, block: block, verdict: .block, steps: decision.steps)
    static let freeExplanation = Explanation(
        device: till, time: now, verdict: .allow,
        steps: [
            WhyRecord(
                ok: false, text: "it is tagged never-block", source: "devices.d/50-known.yaml:10")
        ])

    static let policy = PolicySummary(
        name: "xiaomi", mode: .enforce, title: "Xiaomi regional sales policy",
        tags: [tag("xiaomi")], denies: ["CU", "IR", "SY", "UA-43"].map(region), allows: [],
        validUntil: day("2027-12-31"), blocks: 3)
    static let tvPolicy = PolicySummary(
        name: "tv-boxes", mode: .monitor, title: "TV boxes sold for the EU only",
        tags: [tag("tv-box")], denies: [], allows: ["ES", "FR"].map(region), blocks: 0)
    static let policyDetail = PolicyDetail(
        summary: policy, basis: "Vendor's export list of 2021", reason: "Sales terms",
        message: "Xiaomi's policy does not allow the product to be used in this region.",
        contact: ContactRecord(name: "Retailer", phone: "+53 5 555 0100"),
        reviewBy: day("2027-06-30"), term: .untilReleased,
        endpoints: [
            EndpointRecord(
                pattern: "account.xiaomi.com and below", role: .account,
                source: "catalogue.d/vendor/xiaomi.yaml:9")
        ],
        devices: 4, source: "policy.d/10-xiaomi.yaml:1")

    static let reload = ReloadReply(
        revision: "9c1f", was: "77ae", policies: 2, sites: 3, milliseconds: 14, isDryRun: false,
        warnings: [])
    static let wouldReload = ReloadReply(
        revision: "9c1f", was: "77ae", policies: 1, sites: 3, milliseconds: 14, isDryRun: true,
        impact: Impact(
            released: 1, atRisk: 1, spared: 24,
            devices: [
                ImpactRecord(
                    device: phone.id, name: phone.name, change: "released", policy: "xiaomi",
                    region: cuba),
                ImpactRecord(
                    device: till.id, name: till.name, change: "at_risk", policy: "tills",
                    region: nil),
            ]), warnings: [])
    static let trial = ReloadReply(
        revision: "9c1f", was: "77ae", policies: 2, sites: 3, milliseconds: 14, isDryRun: false,
        confirmBy: now.adding(seconds: 120),
        impact: Impact(released: 0, atRisk: 0, spared: 0, devices: []), warnings: [])
    static let revisions = [
        RevisionRecord(revision: "9c1f", loadedAt: now, isInForce: true),
        RevisionRecord(revision: "77ae", loadedAt: now.adding(seconds: -86_400), isInForce: false),
    ]
    static let mode = ModeReply(mode: .enforce, configured: .monitor)

    /// Event `id` of a history in which each took a minute.
    static func event(_ id: Int64) -> EventRecord {
        let time = time("2026-11-23T10:31:07.116Z").adding(seconds: (id - 1) * 60)
        return EventRecord(
            id: id, time: time, timeMicroseconds: time.microseconds, type: "block.created",
            block: "B-7F3K", device: phone.id, deviceName: phone.name, site: phone.site,
            region: cuba, policy: "xiaomi", rule: "policy.d/10-xiaomi.yaml:16", vector: .dns,
            endpoint: "account.xiaomi.com", verdict: .block, latencyMicroseconds: 2_100,
            text: "bench-phone-7 was cut off: it asked for account.xiaomi.com")
    }
}
