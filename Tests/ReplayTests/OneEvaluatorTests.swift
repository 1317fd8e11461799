import Capture
import Engine
import Firewall
import Inspection
import PacketMill
import Policy
import Replay
import Settings
import Testing
import Wire

/// Live traffic, `simulate` and `replay` answer alike, whatever is asked: 10,000 questions from a
/// seed, to policies of every kind, while days pass.
@Suite struct OneEvaluatorTests {
    static let files = [
        "regionlock.yaml": """
        version: 1
        gateway: {name: gw, mode: enforce, uplinks: [wan0]}
        sites:
          - {name: havana, region: CU, match: {interfaces: [lan0]}}
          - {name: madrid, region: ES, match: {interfaces: [lan1]}}
          - {name: simferopol, region: UA-43, match: {interfaces: [lan2]}}
          - {name: kyiv, region: UA-30, match: {interfaces: [lan3]}}
          - {name: bench, region: CU, match: {subnets: [10.9.0.0/16]}}
        unknown_site: "region:SY"
        """,
        "devices.d/10.yaml": """
        version: 1
        tag: xiaomi
        match: [{subnet: 10.0.0.0/8}]
        except: [{mac: "64:b4:73:00:00:07"}]
        """,
        "devices.d/20.yaml": """
        version: 1
        devices:
          - {mac: "64:b4:73:00:00:01", tags: [box]}
          - {mac: "64:b4:73:00:00:02", tags: [press]}
          - {mac: "64:b4:73:00:00:03", tags: [box, press]}
          - {mac: "64:b4:73:00:00:05", tags: [never-block]}
          - {mac: "64:b4:73:00:00:07", tags: [box]}
          - {mac: "64:b4:73:00:00:08", tags: [guest]}
          - {mac: "64:b4:73:00:00:09", tags: [guest, press]}
        """,
        "policy.d/10-xiaomi.yaml": policy(
            "xiaomi",
            """
            applies_to: {tags: [xiaomi]}
            deny_regions: [CU, UA-43]
            valid: {from: 2026-11-24, until: 2026-12-20}
            activation: {domains: [account.xiaomi.com, "*.micloud.xiaomi.net"]}
            exemptions: [{tag: press, until: 2026-12-01}, {mac: "64:b4:73:00:00:08"}]
            """),
        "policy.d/20-box.yaml": policy(
            "box",
            """
            priority: 5
            on: first-activation
            applies_to: {tags: [box]}
            allow_regions: [ES]
            activation: {domains: [activate.example.com, account.xiaomi.com]}
            on_match: {stages: {observe: 1d, warn: 2d, grace: 1d}, for: 3d}
            """),
        "policy.d/30-deny.yaml": policy(
            "deny",
            """
            applies_to: {tags: [xiaomi, box]}
            deny_regions: [UA-30, SY]
            activation: {domains: [api.example.net]}
            on_match: {action: deny_activation}
            """),
        "policy.d/40-bench.yaml": policy(
            "bench",
            """
            priority: 9
            applies_to: {tags: [xiaomi], sites: [bench]}
            deny_regions: [CU]
            activation: {domains: [api.example.net, only.example.org]}
            """),
        "policy.d/50-watch.yaml": policy(
            "watch",
            """
            applies_to: {tags: [xiaomi]}
            deny_regions: [ES]
            activation: {domains: [account.xiaomi.com]}
            """, mode: "monitor"),
        // Nothing that is asked for is an entry, so these two have no part in replay.
        "policy.d/60-guest.yaml": policy(
            "guest",
            """
            on: entry
            priority: 2
            applies_to: {tags: [guest, box]}
            deny_regions: [CU, SY]
            valid: {until: 2026-12-20}
            exemptions: [{tag: press, until: 2026-12-10}]
            on_match: {stages: {observe: 1d, grace: 1d}, for: 3d}
            """),
        "policy.d/70-door.yaml": policy(
            "door",
            """
            on: entry
            applies_to: {tags: [xiaomi]}
            deny_regions: [UA-43, ES]
            """),
    ]

    static func policy(_ name: String, _ rest: String, mode: String = "enforce") -> String {
        "version: 1\npolicy: \(name)\ntitle: T\nmode: \(mode)\nmessage: No.\n\(rest)\n"
    }

    static let names = [
        "account.xiaomi.com", "find.micloud.xiaomi.net", "activate.example.com",
        "api.example.net", "only.example.org", "www.example.org", "notaccount.xiaomi.com",
    ]

    /// Asked of all three at once.
    private struct Bench {
        var engine: BlockEngine
        let replay: CaptureReplay
        var seconds: Int64 = 1_795_392_000
        var ticked: Int64 = 0
        var number: UInt64 = 0
    }

    private static func bench() throws -> Bench {
        let result = SettingsReader.read(
            files: files.map { SettingsFile(path: $0.key, text: $0.value) },
            vendorRegistry: VendorRegistry(), regions: .builtIn, hostName: "gw")
        let settings = try #require(
            result.settings, "\(result.problems.map { $0.rendered() })")
        return Bench(
            engine: BlockEngine(
                book: PolicyBook(settings: settings, seed: 1), snapshot: EngineSnapshot(),
                capabilities: .all, references: ReferenceSource(seed: 1)),
            replay: CaptureReplay(settings: settings, interface: nil, scope: .tagged, seed: 1))
    }

    private struct Question {
        let device: Int
        let interface: Int
        let isBench: Bool
        let name: String

        var source: PacketSource {
            let second = isBench ? 9 : 20 + interface
            return PacketSource(
                mac: MACAddress("64:b4:73:00:00:0\(device)"),
                address: .v4(IPv4Address(value: UInt32(10 << 24 | second << 16 | device + 1))),
                interface: InterfaceName("lan\(interface)"))
        }

        func frame(port: Int) -> [UInt8] {
            let second = UInt8(isBench ? 9 : 20 + interface)
            let phone = Endpoint(
                mac: [0x64, 0xb4, 0x73, 0, 0, UInt8(device)],
                address: [10, second, 0, UInt8(device + 1)], port: port)
            let packet = Packets.datagram(
                Messages.question(name), from: phone, to: ReplayTests.resolver)
            return Packets.frame(packet, from: phone, to: ReplayTests.resolver)
        }
    }

    @Test(arguments: [UInt64(1), 2, 3, 4]) func liveSimulateAndReplayAgree(seed: UInt64) throws {
        var generator = SystemlessGenerator(state: seed)
        var counts: [Verdict: Int] = [:]
        var compared = 0
        while compared < 2_500 {
            var bench = try Self.bench()
            for _ in 0..<80 {
                bench.seconds += Int64.random(in: 1...20_000, using: &generator)
                let question = Question(
                    device: Int.random(in: 0...9, using: &generator),
                    interface: Int.random(in: 0...4, using: &generator),
                    isBench: Int.random(in: 0..<6, using: &generator) == 0,
                    name: try #require(Self.names.randomElement(using: &generator)))
                if let verdict = try ask(question, &bench) {
                    counts[verdict, default: 0] += 1
                    compared += 1
                }
            }
        }
        // Not the same answer all the time.
        for verdict in [Verdict.allow, .monitor, .refuse, .block] {
            #expect(counts[verdict, default: 0] >= 50, "\(counts)")
        }
    }

    /// The verdict of a question that was put to all three; nil when nobody is asked, because the
    /// device is cut, or no policy speaks of it or of the name.
    private func ask(_ question: Question, _ bench: inout Bench) throws -> Verdict? {
        let source = question.source
        let now = Timestamp(seconds: bench.seconds)
        let port = 20_000 + Int(bench.number % 40_000)
        bench.number += 1
        var live: [Event] = []
        func note(_ effects: [Effect]) {
            for case .record(_, let event) in effects { live.append(event) }
        }
        if bench.seconds > bench.ticked {
            bench.ticked = bench.seconds
            note(bench.engine.handle(.tick, at: now))
        }
        let name = NameBuffer(question.name)
        var verdict: Verdict?
        var asked: Decision?
        var isOpen = false
        if bench.engine.standing(of: source, at: now) != .ignored, bench.engine.concerns(name) {
            isOpen = bench.engine.block(of: source.device) == nil
            if isOpen {
                var copy = bench.engine
                copy.note(source, at: now)
                let wanted = Engine.Question(
                    device: source.device, tags: [], site: nil, region: nil, name: question.name)
                let answer = copy.simulate(wanted, at: now)
                asked = answer
                let trials = copy.trials(of: wanted, at: now)
                #expect(trials.count == copy.book.settings.policies.count)
                let deciding = trials.first { $0.decides }
                #expect(deciding?.verdict == answer.policy.map { _ in answer.verdict })
                #expect(deciding.map { $0.steps == answer.why } ?? true)
            }
            let flow = FlowKey(
                transport: .udp, source: source.address, sourcePort: UInt16(port),
                destination: .v4(IPv4Address(value: 0xcb00_7135)), destinationPort: 53)
            let judgement = bench.engine.judge(
                Sighting(flow: flow, vector: .dns, name: name), from: source, at: now)
            verdict = judgement.verdict
            if isOpen { #expect(judgement.decision == asked) }
            note(judgement.effects)
        }
        let before = bench.replay.counts
        let replayed = replay(question, port: port, &bench)
        let after = bench.replay.counts
        #expect(replayed == live, "\(question) at \(now)")
        #expect(after.attempts - before.attempts == (verdict == nil ? 0 : 1))
        #expect(after.monitored - before.monitored == (verdict == .monitor ? 1 : 0))
        #expect(after.cuts - before.cuts == (isOpen && verdict == .block ? 1 : 0))
        return isOpen ? verdict : nil
    }

    /// Being there, as the neighbour table tells of it and as `simulate` is asked about it: 10,000
    /// times. Each in a copy of the engine, so that one cut does not answer all that follow.
    @Test(arguments: [UInt64(1), 2, 3, 4]) func entryAndSimulateAgree(seed: UInt64) throws {
        var generator = SystemlessGenerator(state: seed)
        var counts: [Verdict: Int] = [:]
        for number in 0..<2_500 {
            var bench = try Self.bench()
            bench.seconds += Int64.random(in: 0...2_600_000, using: &generator)
            let source = Question(
                device: Int.random(in: 0...9, using: &generator),
                interface: Int.random(in: 0...4, using: &generator),
                isBench: Int.random(in: 0..<6, using: &generator) == 0, name: ""
            ).source
            // Some have been there for a day or two, which is what their stages count from.
            if Bool.random(using: &generator) {
                var before = bench.engine
                _ = try enter(source, &before, at: bench.seconds)
                if before.block(of: source.device) == nil { bench.engine = before }
                bench.seconds += Int64.random(in: 0...200_000, using: &generator)
            }
            var copy = bench.engine
            let now = Timestamp(seconds: bench.seconds)
            copy.note(source, at: now)
            let wanted = Engine.Question(
                device: source.device, tags: [], site: nil, region: nil, name: "")
            let asked = copy.simulate(wanted, at: now)
            let trials = copy.trials(of: wanted, at: now)
            let deciding = trials.first { $0.decides }
            #expect(deciding?.verdict == asked.policy.map { _ in asked.verdict })
            let live = try enter(source, &bench.engine, at: bench.seconds)
            let block = bench.engine.block(of: source.device)
            #expect((block != nil) == (asked.verdict == .block), "\(number): \(source) at \(now)")
            #expect(block?.policyName == (asked.verdict == .block ? asked.policy : nil))
            #expect(block?.region == (asked.verdict == .block ? asked.region : nil))
            if asked.verdict == .allow { #expect(live.isEmpty, "\(number): \(live)") }
            counts[asked.verdict, default: 0] += 1
        }
        for verdict in [Verdict.allow, .monitor, .block] {
            #expect(counts[verdict, default: 0] >= 50, "\(counts)")
        }
    }

    /// The device answers the kernel; what the engine records of it.
    private func enter(
        _ source: PacketSource, _ engine: inout BlockEngine, at seconds: Int64
    ) throws -> [Event] {
        let occurrence = Occurrence.neighbour(
            source.address, try #require(source.mac), try #require(source.interface),
            isConfirmed: true)
        return engine.handle(occurrence, at: Timestamp(seconds: seconds)).compactMap { effect in
            guard case .record(_, let event) = effect else { return nil }
            return event
        }
    }

    private func replay(_ question: Question, port: Int, _ bench: inout Bench) -> [Event] {
        let frame = question.frame(port: port)
        let packet = CapturedPacket(
            number: bench.number, link: .ethernet, interface: question.source.interface,
            nanoseconds: bench.seconds * 1_000_000_000, originalLength: frame.count)
        var events: [Event] = []
        bench.replay.read(frame.span, of: packet) { finding in
            if case .event(let event) = finding { events.append(event.event) }
        }
        return events
    }
}

/// SplitMix64: the same numbers on every machine.
struct SystemlessGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
