import Capture
import Engine
import Inspection
import Policy
import Wire

/// What the daemon does beside reading names: answers, flows without a name, encrypted DNS.
extension CaptureReplay {
    /// Takes what an answer to a tagged device says. A capture does not tell whether the gateway's
    /// own resolver gave it, so its addresses count for the device that asked, as a foreign one's.
    func readAnswer(
        _ octets: Span<UInt8>, _ flow: FlowKey, of packet: CapturedPacket, at now: Timestamp,
        _ visit: (ReplayFinding) -> Void
    ) {
        guard flow.sourcePort == 53, engine.readsAnswers,
            var answer = engine.beginAnswer(flow, isOwn: false, at: now)
        else { return }
        let reading = AnswerPacket.read(octets, link: .ip) { name, piece in
            engine.note(piece, of: name, in: &answer, at: now)
        }
        if reading == .malformed { counts.malformed += 1 }
        tell(answer.effects, of: packet, why: [], visit)
        guard let refused = answer.refusal, !answer.isAttempt else { return }
        tell(engine.tellRefusal(refused, of: answer, at: now), of: packet, why: [], visit)
    }

    /// Whether a flow that showed no name goes where only an endpoint is, and is refused for it.
    func judgeNameless(
        _ flow: FlowKey, of packet: CapturedPacket, from source: PacketSource, at now: Timestamp,
        _ visit: (ReplayFinding) -> Void
    ) -> Bool {
        guard engine.knowsAddresses else { return false }
        let judgement = engine.judgeNameless(flow, from: source, at: now)
        if judgement.verdict != .allow { counts.attempts += 1 }
        if judgement.verdict == .monitor { counts.monitored += 1 }
        tell(judgement.effects, of: packet, why: [], visit)
        return judgement.refusesPacket
    }

    /// Whether the name is that of a resolver that is closed to tagged devices.
    func refuseResolver(
        _ sighting: borrowing Sighting, of packet: CapturedPacket, from source: PacketSource,
        at now: Timestamp, _ visit: (ReplayFinding) -> Void
    ) -> Bool {
        guard let refused = engine.refusesResolver(sighting) else { return false }
        let effects = engine.tellRefusal(
            refused, of: sighting.name, to: source, flow: sighting.flow, vector: sighting.vector,
            at: now)
        tell(effects, of: packet, why: [], visit)
        return true
    }
}
