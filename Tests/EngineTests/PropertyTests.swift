import Engine
import Firewall
import Inspection
import Policy
import Testing
import Wire

/// What must hold whatever happens, tried on thousands of made-up cases. The generator is seeded:
/// a failure comes back with its seed.
struct PropertyTests {
    static let files = [
        "regionlock.yaml": """
        version: 1
        gateway: {name: gw, mode: enforce}
        sites:
          - {name: havana, region: CU, match: {interfaces: [lan0]}}
          - {name: madrid, region: ES, match: {interfaces: [lan1]}}
          - {name: simferopol, region: UA-43, match: {interfaces: [lan2]}}
          - {name: kyiv, region: UA-30, match: {interfaces: [lan3]}}
        unknown_site: allow
        """,
        "devices.d/10.yaml": """
        version: 1
        devices:
          - {mac: "64:b4:73:00:00:00", tags: [xiaomi]}
          - {mac: "64:b4:73:00:00:01", tags: [xiaomi]}
          - {mac: "64:b4:73:00:00:02", tags: [xiaomi, press]}
          - {mac: "64:b4:73:00:00:03", tags: [box]}
          - {mac: "64:b4:73:00:00:04", tags: [box, xiaomi]}
          - {mac: "64:b4:73:00:00:05", tags: [xiaomi, never-block]}
          - {mac: ["64:b4:73:00:00:07", "64:b4:73:00:01:07"], tags: [bench]}
          - {mac: ["64:b4:73:00:00:08", "64:b4:73:00:01:08"], tags: [bench]}
          - {mac: ["64:b4:73:00:00:09", "64:b4:73:00:01:09"], tags: [bench]}
        """,
        "policy.d/10-xiaomi.yaml": """
        version: 1
        policy: xiaomi
        title: X
        mode: enforce
        applies_to: {tags: [xiaomi]}
        deny_regions: [CU, UA-43]
        activation: {domains: [account.xiaomi.com, "*.micloud.xiaomi.net"]}
        exemptions: [{tag: press, until: 2026-11-24}]
        message: No.
        """,
        "policy.d/20-box.yaml": """
        version: 1
        policy: box
        title: B
        mode: enforce
        priority: 5
        on: first-activation
        applies_to: {tags: [box]}
        allow_regions: [ES]
        activation: {domains: [activate.example.com, account.xiaomi.com]}
        on_match: {stages: {warn: 1d}}
        message: No.
        """,
        "policy.d/30-deny.yaml": """
        version: 1
        policy: deny
        title: D
        mode: enforce
        applies_to: {tags: [xiaomi, box]}
        deny_regions: [UA-30]
        activation: {domains: [api.example.net]}
        on_match: {action: deny_activation}
        message: No.
        """,
    ]

    static let names = [
        "account.xiaomi.com", "find.micloud.xiaomi.net", "activate.example.com",
        "api.example.net", "www.example.org", "notaccount.xiaomi.com",
    ]

    struct Generator: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            // SplitMix64.
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
    }

    /// - Parameter number: which of the MACs of the device; those from 7 on have two.
    static func source(
        _ device: Int, on interface: Int, mac number: Int = 0
    ) throws -> PacketSource {
        let mac = "64:b4:73:00:0\(number):0\(device)"
        let address = "10.\(interface).\(number).\(device + 1)"
        return PacketSource(
            mac: MACAddress(mac), address: try #require(IPAddress(address)),
            interface: InterfaceName("lan\(interface)"))
    }

    static func sighting(_ name: String, from source: PacketSource) -> Sighting {
        let flow = FlowKey(
            transport: .udp, source: source.address, sourcePort: 40_000,
            destination: .v4(IPv4Address(value: 0xcb00_7102)), destinationPort: 53)
        return Sighting(flow: flow, vector: .dns, name: NameBuffer(name))
    }

    /// The packet path and `simulate` are one evaluator: asked before each packet, the one says
    /// what the other then does.
    @Test(arguments: [UInt64(1), 2, 3, 4])
    func liveAnswersAreThoseOfSimulate(seed: UInt64) throws {
        var generator = Generator(state: seed)
        var world = World()
        world.files = Self.files
        try world.boot()
        var counts: [Verdict: Int] = [:]
        for _ in 0..<2_500 {
            world.now = world.now.adding(seconds: Int64.random(in: 1...3_600, using: &generator))
            let device = Int.random(in: 0...6, using: &generator)
            let source = try Self.source(
                device, on: Int.random(in: 0...4, using: &generator))
            let name = try #require(Self.names.randomElement(using: &generator))
            let now = world.now
            let isWatched = world.engine?.standing(of: source, at: now) == .watched
            guard isWatched, let engine = world.engine, engine.concerns(NameBuffer(name)) else {
                // A cut device's block is no answer to a question.
                try release(source.device, in: &world)
                continue
            }
            // Where it is now, as the packet says.
            let site = engine.book.site(of: source.facts)?.site
            var question = Question(
                device: source.device, tags: [], site: site, region: nil, name: name)
            if site == nil { question.device = nil }
            let live = world.engine?.judge(Self.sighting(name, from: source), from: source, at: now)
            if site != nil {
                let asked = engine.simulate(question, at: now)
                #expect(live?.verdict == asked.verdict, "seed \(seed): \(source) \(name)")
            }
            counts[live?.verdict ?? .allow, default: 0] += 1
            world.run(live?.effects ?? [])
            if let wrong = world.contradiction { Issue.record("seed \(seed): \(wrong)") }
        }
        // The test must not have asked the same thing all the time; stages are rare.
        for verdict in [Verdict.allow, .refuse, .block] {
            #expect(counts[verdict, default: 0] >= 20, "\(counts)")
        }
    }

    private func release(_ device: DeviceKey, in world: inout World) throws {
        guard let id = world.engine?.block(of: device)?.id else { return }
        let order = Order(by: "maria", reason: nil)
        let now = world.now
        world.run(
            try world.engine?.release(id, order: order, exemption: nil, at: now).effects ?? [])
    }

    /// What happens to one device does not depend on when settings are loaded or taken back, when
    /// the daemon starts anew, what the kernel has lost meanwhile, or what happens to another one.
    @Test(arguments: Array(UInt64(11)...26))
    func anyOrderEndsInTheSameState(seed: UInt64) throws {
        var generator = Generator(state: seed)
        let expected = try finalState(isDisturbed: false, &generator)
        #expect(expected.contains { $0.hasPrefix("cut") })
        for _ in 0..<8 {
            let state = try finalState(isDisturbed: true, &generator)
            #expect(state == expected, "seed \(seed)")
        }
    }

    private enum Step {
        case ask, block, release, releaseExempt, exempt, exemptFromPolicy, endExemption, tag, untag
    }

    /// The steps of each device, in their own order, dealt out as the generator says, with reloads
    /// and restarts in between; or one device after the other, undisturbed.
    private func finalState(
        isDisturbed: Bool, _ generator: inout Generator
    ) throws -> Set<String> {
        let scripts: [[Step]] = [
            [.ask], [.ask, .release, .ask], [.block, .release], [.ask, .exempt, .ask],
            [.block, .exempt], [.ask, .untag], [.tag, .ask], [.tag, .ask, .releaseExempt, .ask],
            [.tag, .exemptFromPolicy, .ask, .endExemption, .ask],
            [.tag, .ask, .releaseExempt, .endExemption, .ask, .release, .block],
        ]
        var world = World()
        world.files = Self.files
        try world.boot()
        var rest = scripts.map { $0[...] }
        while rest.contains(where: { !$0.isEmpty }) {
            if isDisturbed, Int.random(in: 0..<3, using: &generator) == 0 {
                try disturb(&world, &generator)
            }
            let open = rest.indices.filter { !rest[$0].isEmpty }
            let device =
                !isDisturbed ? open[0] : try #require(open.randomElement(using: &generator))
            // Now by the one, now by the other of its MACs, if it has two.
            let number = device < 7 ? 0 : rest[device].count % 2
            try take(rest[device].removeFirst(), device: device, mac: number, in: &world)
            if let wrong = world.contradiction { Issue.record("\(wrong)") }
        }
        let engine = try #require(world.engine)
        return Set(engine.blocks.values.map { "cut \($0.device) \($0.policyName ?? "by hand")" })
            .union(engine.exemptions.values.map { "exempt \($0.device)" })
            .union(engine.ledger.entries.map { "activated \($0.device) \($0.region)" })
            .union(world.kernel.values.joined().map { "kernel \($0.key)" })
    }

    private func disturb(_ world: inout World, _ generator: inout Generator) throws {
        let now = world.now
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: try reload(&world)
        case 1: try world.boot()
        case 2:
            // Another table was loaded over ours, or the machine has started anew.
            world.kernel = [:]
            try world.boot()
        case 3:
            world.files["policy.d/90-other.yaml"] = Self.unrelated
            try reload(&world)
            world.files["policy.d/90-other.yaml"] = nil
            if Bool.random(using: &generator) { try world.boot() } else { try reload(&world) }
        case 4:
            // A trial that would free everybody, and is taken back.
            let (kept, before) = (world.files, try world.book())
            for path in kept.keys where path.hasPrefix("policy.d/") { world.files[path] = nil }
            let book = try world.book()
            world.run(world.engine?.handle(.settings(book, isTrial: true), at: now) ?? [])
            world.files = kept
            world.run(world.engine?.handle(.settings(before), at: now) ?? [])
        default: world.tick()
        }
    }

    private func reload(_ world: inout World) throws {
        let (book, now) = (try world.book(), world.now)
        world.run(world.engine?.handle(.settings(book), at: now) ?? [])
    }

    private static let unrelated = """
        version: 1
        policy: other
        title: O
        mode: enforce
        priority: 9
        applies_to: {tags: [nobody-has-it]}
        deny_regions: [CU]
        activation: {domains: [account.xiaomi.com]}
        message: No.
        """

    private func take(
        _ step: Step, device: Int, mac number: Int, in world: inout World
    ) throws {
        // Devices from 6 on have no tag by the files that a policy speaks of.
        let source = try Self.source(device, on: device == 3 ? 1 : 0, mac: number)
        let (now, order) = (world.now, Order(by: "maria", reason: nil))
        let tag = try #require(Tag("xiaomi"))
        switch step {
        case .ask:
            guard world.engine?.standing(of: source, at: now) != .ignored else { return }
            let sighting = Self.sighting("account.xiaomi.com", from: source)
            world.run(world.engine?.judge(sighting, from: source, at: now).effects ?? [])
        case .block:
            let made = try? world.engine?.block(source.device, until: nil, order: order, at: now)
            world.run(made?.effects ?? [])
        case .release: try release(source.device, in: &world)
        case .releaseExempt:
            guard let id = world.engine?.block(of: source.device)?.id else { return }
            let made = try world.engine?.release(
                id, order: order, exemption: ExemptionTerm(until: nil), at: now)
            world.run(made?.effects ?? [])
        case .exempt, .exemptFromPolicy:
            let policy = step == .exempt ? nil : "xiaomi"
            let made = world.engine?.exempt(
                source.device, policy: policy, until: nil, order: order, at: now)
            world.run(made?.effects ?? [])
        case .endExemption:
            // Two MACs of one device end in the same digits.
            let ending = source.device.description.suffix(2)
            for id in world.engine?.exemptions.values
                .filter({ $0.device.description.hasSuffix(ending) }).map(\.id) ?? []
            {
                world.run(try world.engine?.endExemption(id, by: "maria", at: now) ?? [])
            }
        case .tag:
            world.run(try world.engine?.tag(source.device, with: tag, order: order, at: now) ?? [])
        case .untag:
            world.run((try? world.engine?.untag(source.device, tag, order: order, at: now)) ?? [])
        }
    }
}
