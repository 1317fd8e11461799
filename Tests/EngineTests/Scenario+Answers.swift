import Engine
import Inspection
import Policy
import Wire

/// Answers on their way to a device, and flows without a name.
extension Scenario {
    /// `NAME is told HOST [type N] [ALIAS ...] [ADDRESS ...] by gateway|resolver`
    mutating func tell(_ words: [String]) throws {
        let source = try device(words[0])
        guard words[words.count - 2] == "by", var engine = world.engine else {
            throw ScenarioError("told by whom?")
        }
        let flow = FlowKey(
            transport: .udp, source: .v4(IPv4Address(value: 0xcb00_7102)), sourcePort: 53,
            destination: source.address, destinationPort: 40_000)
        let isOwn = words.last == "gateway"
        guard var answer = engine.beginAnswer(flow, isOwn: isOwn, at: world.now) else {
            world.answer = "given"
            return
        }
        var said = Array(words[4..<words.count - 2])
        var type: UInt16 = 1
        if said.first == "type", let number = said.dropFirst().first.flatMap({ UInt16($0) }) {
            type = number
            said.removeFirst(2)
        }
        var name = NameBuffer(words[3])
        engine.note(.question(type: type), of: name, in: &answer, at: world.now)
        for word in said {
            if let address = IPAddress(word) {
                engine.note(
                    .address(address, timeToLiveSeconds: 60), of: name, in: &answer, at: world.now)
            } else {
                name = NameBuffer(word)
                engine.note(.alias, of: name, in: &answer, at: world.now)
            }
        }
        var effects = answer.effects
        world.answer = answer.isAttempt ? "withheld" : answer.refusal?.rawValue ?? "given"
        if let refusal = answer.refusal {
            effects += engine.tellRefusal(refusal, of: answer, at: world.now)
        }
        world.engine = engine
        world.run(effects)
    }

    /// `NAME opens ADDRESS`
    mutating func open(_ words: [String]) throws {
        let source = try device(words[0])
        guard let address = IPAddress(words[2]) else { throw ScenarioError("no address") }
        let flow = FlowKey(
            transport: .tcp, source: source.address, sourcePort: 40_000, destination: address,
            destinationPort: 443)
        let now = world.now
        guard world.engine?.standing(of: source, at: now) != .ignored else {
            world.verdict = .allow
            return
        }
        let judgement = world.engine?.judgeNameless(flow, from: source, at: now)
        world.verdict = judgement?.verdict
        world.run(judgement?.effects ?? [])
    }
}
