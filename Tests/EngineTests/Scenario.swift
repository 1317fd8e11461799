import Engine
import Firewall
import Inspection
import Policy
import Settings
import Wire

/// Runs one scenario file. The words it knows are in Scenarios/README.md.
struct Scenario {
    var world = World()
    private var devices: [String: PacketSource] = [:]
    private var file: String?
    private let lines: [String]

    init(text: String) {
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    /// Throws at the first line that does not hold, naming it.
    mutating func run() throws {
        for (index, line) in lines.enumerated() {
            do {
                try take(line)
                if let wrong = world.contradiction { throw ScenarioError(wrong) }
            } catch {
                throw ScenarioError("line \(index + 1): \(line)\n\(error)")
            }
        }
    }

    private mutating func take(_ line: String) throws {
        if let file, line.isEmpty || line.hasPrefix("    ") {
            world.files[file, default: ""] += line.dropFirst(4) + "\n"
            return
        }
        file = nil
        let words = line.split(separator: " ").map(String.init)
        guard let first = words.first, !first.hasPrefix("#") else { return }
        if first == "settings", words.count == 2 {
            file = words[1]
            world.files[words[1]] = ""
            return
        }
        if first == "device", words.count == 5 { return try introduce(words) }
        if world.engine == nil { try world.boot() }
        if first == "expect" { return try expect(Array(words.dropFirst())) }
        world.forget()
        if words.count == 5, words[1] == "asks", words[3] == "by" { return try ask(words) }
        if words.count > 4, words[1...2] == ["is", "told"] { return try tell(words) }
        if words.count == 3, words[1] == "opens" { return try open(words) }
        if words.count >= 2, words[1] == "says" { return try say(words) }
        if words.count >= 2, words[1] == "leased" { return try lease(words) }
        try act(first, Array(words.dropFirst()))
    }

    private mutating func introduce(_ words: [String]) throws {
        guard let address = IPAddress(words[3]) else { throw ScenarioError("no address") }
        devices[words[1]] = PacketSource(
            mac: MACAddress(words[2]), address: address, interface: InterfaceName(words[4]))
    }

    func device(_ name: String) throws -> PacketSource {
        guard let device = devices[name] else { throw ScenarioError("no device \(name)") }
        return device
    }

    // MARK: What happens

    private mutating func ask(_ words: [String]) throws {
        let source = try device(words[0])
        guard let vector = Vector(rawValue: words[4]) else { throw ScenarioError("no vector") }
        let name = NameBuffer(words[2])
        let now = world.now
        let isIgnored = world.engine?.standing(of: source, at: now) == .ignored
        world.locate(source.address, on: source.interface)
        let isNamed = world.engine?.concerns(name) ?? false
        guard !isIgnored, isNamed else {
            world.verdict = .allow
            return
        }
        let flow = FlowKey(
            transport: [.dns, .quic].contains(vector) ? .udp : .tcp, source: source.address,
            sourcePort: 40_000,
            destination: .v4(IPv4Address(value: 0xcb00_7102)), destinationPort: 53)
        let sighting = Sighting(flow: flow, vector: vector, name: name)
        let judgement = world.engine?.judge(sighting, from: source, at: now)
        world.verdict = judgement?.verdict
        world.isForged = judgement?.isForged ?? false
        world.run(judgement?.effects ?? [])
    }

    private mutating func act(_ verb: String, _ words: [String]) throws {
        switch (verb, words.count) {
        case ("at", 1):
            world.now = World.start.adding(seconds: try seconds(words[0]))
            world.tick()
        case ("peers", _): try meet(words)
        case ("vlan", _):
            // `vlan 20 is lan0.20 eth1.20`, `vlan 20 is gone`
            guard let id = Int(words[0]).flatMap({ VLANID($0) }) else {
                throw ScenarioError("no VLAN")
            }
            var vlans = world.engine?.vlans ?? [:]
            vlans = vlans.filter { $0.value != id }
            for word in words.dropFirst(2) where word != "gone" {
                guard let name = InterfaceName(word) else { throw ScenarioError("no interface") }
                vlans[name] = id
            }
            world.run(world.engine?.handle(.vlans(vlans), at: world.now) ?? [])
        case ("neighbour", 3), ("neighbour", 4): try bind(words)
        case ("gone", 1):
            guard let address = IPAddress(words[0]) else { throw ScenarioError("no address") }
            world.run(world.engine?.handle(.neighbourGone(address, nil), at: world.now) ?? [])
        case ("activated", 3):
            guard let region = Region(words[2]) else { throw ScenarioError("no region") }
            let line = ClaimedActivation(
                device: try device(words[0]).device, region: region, time: world.now,
                source: "scenario")
            let order = Order(by: "maria", reason: "scenario")
            let now = world.now
            world.run(
                try world.engine?.importActivations([line], order: order, at: now).effects ?? [])
        case ("reload", 0):
            let (book, now) = (try world.book(), world.now)
            world.prepare(for: book)
            world.run(world.engine?.handle(.settings(book), at: now) ?? [])
        case ("reload", 1) where words[0] == "refused":
            if world.reading().settings != nil { throw ScenarioError("they are right") }
        case ("reload", 1) where words[0] == "on-trial":
            let (book, now) = (try world.book(), world.now)
            world.run(world.engine?.handle(.settings(book, isTrial: true), at: now) ?? [])
        case ("database", 1): try world.use(words[0])
        case ("record", 2...): try world.keepRecord(words)
        case ("confirm", 0):
            world.run(world.engine?.handle(.settingsConfirmed, at: world.now) ?? [])
        case ("restart", 0): try world.boot()
        case ("restart", 2) where words[0] == "at":
            world.now = World.start.adding(seconds: try seconds(words[1]))
            try world.boot()
        case ("restart", 2) where words[1] == "store":
            world.store = EngineSnapshot()
            world.endedBlocks = []
            try world.boot()
        case ("restart", 2) where words[1] == "kernel":
            world.kernel = [:]
            try world.boot()
        default: try command(verb, words)
        }
    }

    /// `neighbour ADDRESS is NAME [heard]`
    private mutating func bind(_ words: [String]) throws {
        let source = try device(words[2])
        guard let address = IPAddress(words[0]), let mac = source.mac,
            let interface = source.interface
        else { throw ScenarioError("a neighbour needs address, MAC and interface") }
        world.locate(address, on: interface)
        let event = Occurrence.neighbour(
            address, mac, interface, isConfirmed: words.count == 3)
        world.run(world.engine?.handle(event, at: world.now) ?? [])
    }

    /// `VERB DEVICE [ARGUMENT] [for TIME] [exempt TIME]`, given by maria.
    private mutating func command(_ verb: String, _ words: [String]) throws {
        let order = Order(by: "maria", reason: "scenario")
        let now = world.now
        let until = try deadline(after: "for", in: words)
        do {
            switch verb {
            case "block":
                let key = try device(words[0]).device
                world.run(
                    try world.engine?.block(key, until: until, order: order, at: now).effects
                        ?? [])
            case "release":
                guard let id = world.engine?.block(of: try device(words[0]).device)?.id else {
                    throw ScenarioError("\(words[0]) is not cut off")
                }
                let spared = try deadline(after: "exempt", in: words)
                let term = spared.map { ExemptionTerm(until: $0) }
                world.run(
                    try world.engine?.release(id, order: order, exemption: term, at: now).effects
                        ?? [])
            case "release-all":
                let filter = BlockFilter(
                    policy: words.first { $0 != "in" && Region($0) == nil },
                    region: words.last.flatMap { Region($0) })
                world.run(world.engine?.release(filter, order: order, at: now).effects ?? [])
            case "remove-all":
                world.run(world.engine?.removeAll(order: order, at: now).effects ?? [])
            case "exempt":
                let key = try device(words[0]).device
                world.run(
                    world.engine?.exempt(key, policy: nil, until: until, order: order, at: now)
                        .effects ?? [])
            case "tag", "untag":
                guard let tag = Tag(words[1]) else { throw ScenarioError("no tag") }
                let key = try device(words[0]).device
                world.run(
                    try verb == "tag"
                        ? world.engine?.tag(key, with: tag, order: order, at: now) ?? []
                        : world.engine?.untag(key, tag, order: order, at: now) ?? [])
            case "mode":
                guard let mode = PolicyMode(rawValue: words[0]) else {
                    throw ScenarioError("no mode")
                }
                world.run(try world.engine?.setMode(mode, order: order, at: now) ?? [])
            default: throw ScenarioError("no verb \(verb)")
            }
        } catch let refusal as Refusal {
            world.refusal = refusal
        }
    }

    private func deadline(after word: String, in words: [String]) throws -> Timestamp? {
        guard let index = words.firstIndex(of: word), index + 1 < words.count else { return nil }
        return world.now.adding(seconds: try seconds(words[index + 1]))
    }

    private func seconds(_ text: String) throws -> Int64 {
        let units: [Character: Int64] = ["s": 1, "m": 60, "h": 3_600, "d": 86_400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int64(text.dropLast())
        else { throw ScenarioError("no time: \(text)") }
        return count * unit
    }

    // MARK: What is expected

    private mutating func expect(_ words: [String]) throws {
        guard let what = words.first else { throw ScenarioError("expect what?") }
        let rest = Array(words.dropFirst())
        switch what {
        case "verdict": try hold(world.verdict?.rawValue == rest[0], "\(world.verdict as Any)")
        case "answer": try hold(world.answer == rest[0], "\(world.answer as Any)")
        case "forged": try hold(world.isForged, "its MAC is believed")
        case "cut", "free":
            let key = try device(rest[0]).device
            try hold((world.engine?.block(of: key) != nil) == (what == "cut"), "it is not")
        case "standing":
            let (source, now) = (try device(rest[0]), world.now)
            let standing = world.engine?.standing(of: source, at: now)
            try hold(standing.map { "\($0)" } == rest[1], "\(standing as Any)")
        case "ledger":
            let count = world.engine?.ledger.entries.count
            try hold(count.map { "\($0)" } == rest[0], "\(count as Any)")
            try hold(world.engine?.ledger.firstBreak == nil, "its chain is broken")
        case "why":
            let (key, now) = (try device(rest[0]).device, world.now)
            let steps = world.engine?.explain(key, at: now).steps.map(\.text) ?? []
            let wanted = rest.dropFirst().joined(separator: " ")
            try hold(
                steps.contains { $0.contains(wanted) }, steps.joined(separator: "\n"))
        case "problem":
            let told = world.reading().problems.map { $0.rendered() }
            let wanted = rest.joined(separator: " ")
            try hold(told.contains { $0.contains(wanted) }, told.joined(separator: "\n"))
        case "message":
            let policy = world.engine?.block(of: try device(rest[0]).device)?.policyName
            let found = world.engine?.book.settings.policies.first { $0.name == policy }
            let text = found?.translations[rest[1]] ?? found?.message ?? "no block"
            try hold(text == rest.dropFirst(2).joined(separator: " "), text)
        case "event":
            let wanted = rest.dropFirst().joined(separator: " ")
            let told = world.events.map { "\($0.kind.rawValue) \($0.text)" }
            try hold(
                told.contains { $0.hasPrefix(rest[0]) && $0.contains(wanted) },
                told.joined(separator: "\n"))
        case "tables",
            "no" where words == ["no", "tables"]:
            try hold((world.tables > 0) == (what == "tables"), "\(world.tables)")
            // The minute's comparison and every repair ask for these.
            let wanted = world.engine?.rulesets().count
            try hold(wanted == world.tables, "wanted are \(wanted as Any)")
        case "no" where rest == ["events"]:
            try hold(world.events.isEmpty, "\(world.events.map(\.text))")
        case "no" where rest.first == "event":
            try hold(!world.events.contains { $0.kind.rawValue == rest[1] }, "it is told")
        case "no" where rest.first == "flows":
            try hold(!world.endedFlows.map(\.description).contains(rest[2]), "they are ended")
        case "no": try hold(!hasElement(rest), "it is there")
        case "router", "plain":
            let sign = world.engine?.routerSign(of: try device(rest[0]).device)
            try hold((sign != nil) == (what == "router"), "\(sign as Any)")
        case "element": try hold(hasElement(words), "\(world.kernel[rest[0]] ?? [])")
        case "flows":
            try hold(world.endedFlows.map(\.description).contains(rest[1]), "\(world.endedFlows)")
        case "refusal":
            let text = world.refusal?.text ?? "not refused"
            try hold(text.contains(rest.joined(separator: " ")), text)
        default: throw ScenarioError("expect what?")
        }
    }

    /// `element SET KEY [COMMENT...]`
    private func hasElement(_ words: [String]) -> Bool {
        let comment = words.dropFirst(3).joined(separator: " ")
        return (world.kernel[words[1]] ?? []).contains {
            $0.key.description == words[2] && ($0.comment ?? "").contains(comment)
        }
    }

    func hold(_ isSo: Bool, _ instead: String) throws {
        if !isSo { throw ScenarioError("instead: \(instead)") }
    }
}
