package import Inspection
package import Policy
package import Wire

/// An answer while it is read.
package struct AnswerUnderway: Sendable {
    /// The device it goes to.
    let source: PacketSource
    /// Of the question.
    let flow: FlowKey
    /// The gateway's own resolver gives it.
    let isOwn: Bool
    /// The first name of the chain, or the question's, that a policy names.
    var endpoint: NameBuffer?
    var question = NameBuffer()
    /// The answer must not reach the device.
    package fileprivate(set) var isAttempt = false
    /// What is to be refused by it, and how.
    package fileprivate(set) var refusal: RefusedName?
    package fileprivate(set) var effects: [Effect] = []
}

extension BlockEngine {
    /// Begins with an answer to this address; nil when it goes to nobody a policy speaks of.
    ///
    /// Whose the address is, the neighbour table says: the packet shows no MAC of the device. Its
    /// question was seen before, so the device is known. Of an address that the table has not heard
    /// of, the question's own sender is believed: a forged one harms itself alone.
    ///
    /// - Parameters:
    ///   - flow: The answer's own, from the resolver to the device.
    ///   - isOwn: Whether a program of the gateway sends it.
    package mutating func beginAnswer(
        _ flow: FlowKey, isOwn: Bool, at now: Timestamp
    ) -> AnswerUnderway? {
        let address = flow.destination
        let source: PacketSource
        if let mac = bindings.holder(of: address) {
            guard let seen = devices[.mac(mac)] else { return nil }
            source = PacketSource(mac: mac, address: address, interface: seen.facts.interface)
        } else {
            guard let asker = askers[address] else { return nil }
            source = asker
        }
        guard standing(of: source, at: now) == .watched else { return nil }
        return AnswerUnderway(source: source, flow: flow.reversed, isOwn: isOwn)
    }

    mutating func noteAsker(_ source: PacketSource) {
        if askers.count >= EngineLimits.standings { askers.removeAll(keepingCapacity: true) }
        askers[source.address] = source
    }

    /// Takes one thing the answer says.
    package mutating func note(
        _ piece: AnswerPiece, of name: borrowing NameBuffer, in answer: inout AnswerUnderway,
        at now: Timestamp
    ) {
        switch piece {
        case .question(let type):
            answer.question = copy name
            answer.endpoint = concerns(copy name) ? copy name : nil
            // A gateway that only watches changes nothing.
            if mode == .enforce {
                answer.refusal = book.encryptedDNS.refusal(ofQuestion: name, type: type)
            }
        case .alias:
            // A question for the endpoint itself was judged when it was asked.
            guard answer.endpoint == nil, concerns(copy name) else { return }
            answer.endpoint = copy name
            let judgement = judge(
                Sighting(flow: answer.flow, vector: .dnsAnswer, name: copy name),
                from: answer.source, at: now)
            answer.effects += judgement.effects
            if judgement.refusesPacket { answer.isAttempt = true }
        case .address(let address, let seconds):
            if let endpoint = answer.endpoint {
                evidence.learn(
                    address, of: endpoint, by: answer.isOwn ? nil : answer.source.device,
                    timeToLiveSeconds: seconds, at: now)
            } else {
                evidence.learnNeighbour(address, named: answer.question, at: now)
            }
        case .service: break
        }
    }

    /// Whether flows without a name have to be asked about. No allocation.
    package var knowsAddresses: Bool { !evidence.isEmpty }

    /// Decides on a flow that showed no name, by where it goes.
    package mutating func judgeNameless(
        _ flow: FlowKey, from source: PacketSource, at now: Timestamp
    ) -> Judgement {
        let address = flow.destination
        guard let name = evidence.name(of: address, for: source.device, at: now) else {
            return Judgement(verdict: .allow, effects: [])
        }
        let sighting = Sighting(flow: flow, vector: .address, name: name)
        guard let why = whyShared(address, at: now) else {
            return judge(sighting, from: source, at: now)
        }
        return spare(sighting, from: source, because: why, at: now)
    }

    /// Why an address proves nothing; nil when it is the endpoint's alone, as far as we know.
    private func whyShared(_ address: IPAddress, at now: Timestamp) -> String? {
        if let prefix = book.settings.inspection.sharedAddresses.first(where: {
            $0.contains(address)
        }) {
            return "\(prefix) is listed as shared"
        }
        return evidence.neighbour(of: address, at: now).map { "\(address) is \($0)'s as well" }
    }

    /// The collateral guard: an address of many names alone cuts nobody off.
    private mutating func spare(
        _ sighting: borrowing Sighting, from source: PacketSource, because why: String,
        at now: Timestamp
    ) -> Judgement {
        let attempt = attempt(
            of: source.device, facts: believable(source), name: sighting.name, at: now)
        let decision = book.decide(attempt, mode: mode, at: dated(now))
            .sparing(because: "an address alone is no proof: \(why)")
        sharedFlows += 1
        guard decision.policy != nil, let policy = decision.policy,
            isNews(.sharedAddress(source.device, sighting.flow.destination), at: now)
        else { return Judgement(verdict: .allow, effects: []) }
        let name = displayName(of: source.device, facts: source.facts)
        let event = Event(
            time: now, kind: .addressShared, device: source.device, deviceName: name,
            site: attempt.site?.name, region: decision.region, policy: policy,
            rule: decision.rule,
            evidence: Evidence(
                vector: .address, name: sighting.name.description,
                flow: sighting.flow.description),
            verdict: .allow,
            text: "\(name) opened a flow without a name to an address of \(sighting.name) and "
                + "may: \(decision.why.last?.text ?? why)")
        return Judgement(verdict: .allow, effects: [.record([], event)])
    }

    // MARK: Encrypted DNS

    /// Whether a name in a hello or request is that of a resolver that is refused. No allocation.
    package func refusesResolver(_ sighting: borrowing Sighting) -> RefusedName? {
        guard mode == .enforce else { return nil }
        switch sighting.vector {
        // Questions are answered, with a refusal.
        case .dns, .dnsTCP, .dnsAnswer, .address, .dhcp, .settings: return nil
        case .tls, .quic, .http, .socks: return book.encryptedDNS.refusal(of: sighting.name)
        }
    }

    /// Tells of a refusal, once in a while for each device and switch.
    package mutating func tellRefusal(
        _ kind: RefusedName, of name: borrowing NameBuffer, to source: PacketSource,
        flow: FlowKey, vector: Vector, at now: Timestamp
    ) -> [Effect] {
        guard isNews(.refusedDNS(source.device, kind), at: now) else { return [] }
        let device = displayName(of: source.device, facts: source.facts)
        let evidence = Evidence(vector: vector, name: name.description, flow: flow.description)
        let event = Event(
            time: now, kind: .encryptedDNSRefused, device: source.device, deviceName: device,
            evidence: evidence,
            text: "\(device) was refused \(evidence.name) (encrypted_dns.\(kind.rawValue)); it is "
                + "not cut off for it")
        return [.record([], event)]
    }

    /// The same for an answer that is refused.
    package mutating func tellRefusal(
        _ kind: RefusedName, of answer: AnswerUnderway, at now: Timestamp
    ) -> [Effect] {
        tellRefusal(
            kind, of: answer.question, to: answer.source, flow: answer.flow,
            vector: answer.flow.transport == .tcp ? .dnsTCP : .dns, at: now)
    }
}

extension Decision {
    /// The same, allowed after all.
    func sparing(because text: String) -> Decision {
        guard verdict != .allow else { return self }
        return Decision(
            verdict: .allow, policy: policy, rule: rule, region: region, endpoint: endpoint,
            why: why + [WhyStep(holds: false, text: text)])
    }
}
