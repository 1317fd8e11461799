import Engine
import Firewall
import Inspection
import Netfilter
import Policy
import Wire

extension Gatekeeper {
    /// What becomes of an answer on its way to a tagged device. It never gets a mark that refuses:
    /// a reset or an ICMP error would go to the resolver.
    func verdict(
        onAnswer packet: TappedPacket, _ payload: Span<UInt8>, arrival: UInt64, now: Timestamp
    ) -> TapVerdict {
        // Never "the last of its sender": an answer's sender put nobody into `pending`.
        let accepted = mark.setting(.checked, in: packet.mark)
        counters.answers += 1
        guard let flow = PacketInspector.flow(of: payload, link: .ip),
            var answer = engine.beginAnswer(flow, isOwn: packet.isFromGateway, at: now)
        else { return .accept(mark: accepted) }
        let reading = AnswerPacket.read(payload, link: .ip) { name, piece in
            engine.note(piece, of: name, in: &answer, at: now)
        }
        if reading == .malformed { counters.malformed += 1 }
        if !answer.effects.isEmpty { run(answer.effects, arrival: arrival) }
        // The trigger of a cut is held back, as every trigger is.
        if answer.isAttempt { return .drop }
        guard let refused = answer.refusal else { return .accept(mark: accepted) }
        counters.answersRefused += 1
        let effects = engine.tellRefusal(refused, of: answer, at: now)
        if !effects.isEmpty { run(effects) }
        let refusal: AnswerRefusal = refused == .bindings ? .noData : .nameError
        // What cannot be rewritten is not answered: several answers in one segment.
        guard let octets = AnswerPacket.refusing(payload, with: refusal) else { return .drop }
        return .replace(mark: accepted, octets)
    }

    /// Whether a flow that is done with and showed no name goes where only an endpoint is.
    func judgeNameless(
        _ payload: Span<UInt8>, from source: PacketSource, arrival: UInt64, now: Timestamp
    ) -> Judgement? {
        guard engine.knowsAddresses, let flow = PacketInspector.flow(of: payload, link: .ip)
        else { return nil }
        let judgement = engine.judgeNameless(flow, from: source, at: now)
        if !judgement.effects.isEmpty { run(judgement.effects, arrival: arrival) }
        return judgement
    }
}
