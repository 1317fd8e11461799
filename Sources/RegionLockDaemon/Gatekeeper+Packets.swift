import Engine
import Firewall
import Inspection
import Netfilter
import Policy
import Wire

extension Gatekeeper {
    /// Takes what the tap holds, decides on each packet and sends the verdicts together.
    ///
    /// Packets are answered in the order they came, so a packet queued behind its device's trigger
    /// finds the device cut already.
    ///
    /// - Returns: how many packets there were.
    @discardableResult
    func readTap() throws(NetfilterError) -> Int {
        let arrival = clock.monotonicNanoseconds()
        let now = clock.now()
        return try tap.receive(onlyWaits: { mark.value(in: $0.mark) == .held }) {
            packet, payload, isLastOfSender in
            if mark.value(in: packet.mark) == .answer {
                return verdict(onAnswer: packet, payload, arrival: arrival, now: now)
            }
            let value = value(for: packet, payload, arrival: arrival, now: now)
            guard let value else { return .drop }
            return .accept(
                mark: mark.setting(isLastOfSender ? value.asLast : value, in: packet.mark))
        }
    }

    /// Answers every packet that came before a command: an attempt from before a release must not
    /// cut the device again after it.
    func answerWaiting() {
        // What came before is no more than the queue holds; a flood would go on for ever.
        var rest = Self.queueLength
        do {
            while rest > 0 {
                let count = try readTap()
                if count == 0 { return }
                rest -= count
            }
        } catch {
            complain("\(error)")
        }
    }

    /// Answers what waits and ends the queue at once: what came between here and the end of the
    /// process would be dropped, or wait for nobody where the service manager holds the queue. From
    /// here on the rules' bypass lets packets pass, or not.
    func endInspection() {
        answerWaiting()
        keeper.release()
        hasEnded = true
    }

    /// As `TapMode.queue` has it.
    private static let queueLength = 4_096

    /// What the commit chain is to do with the packet; nil for one that nobody is to hear of again.
    private func value(
        for packet: TappedPacket, _ payload: Span<UInt8>, arrival: UInt64, now: Timestamp
    ) -> MarkField.Value? {
        guard let address = PacketInspector.sourceAddress(of: payload, link: .ip) else {
            counters.malformed += 1
            return .checked
        }
        let source = PacketSource(
            mac: packet.hardwareAddress, address: address,
            interface: interfaces[packet.inputInterfaceIndex])
        let standing = engine.standing(of: source, at: now)
        // A device no policy speaks of is not looked into, even when the kernel handed it over; the
        // rest of its flow need not come here.
        guard standing != .ignored else {
            counters.ignored += 1
            return .pass
        }
        // It shows no name, or the rules would not have made it wait only.
        let tapped = mark.value(in: packet.mark)
        guard tapped != .held else { return .checked }
        counters.inspected += 1
        locate(address, on: source.interface)
        var verdict = Verdict.allow
        var isForged = false
        var isNamed = false
        let originalPort = tapped?.originalPort
        let outcome = inspector.inspect(
            payload, link: .ip, originalPort: originalPort, at: arrival
        ) { sighting in
            counters.sightings.note(sighting.vector)
            isNamed = true
            if let refused = engine.refusesResolver(sighting) {
                verdict = .block
                let told = engine.tellRefusal(
                    refused, of: sighting.name, to: source, flow: sighting.flow,
                    vector: sighting.vector, at: now)
                if !told.isEmpty { run(told) }
            }
            guard engine.concerns(sighting.name) else { return }
            let judgement = engine.judge(sighting, from: source, at: now)
            if judgement.refusesPacket { verdict = .block }
            if judgement.isForged { isForged = true }
            if !judgement.effects.isEmpty { run(judgement.effects, arrival: arrival) }
        }
        if outcome == .malformed { counters.malformed += 1 }
        if outcome == .settled, !isNamed,
            let judgement = judgeNameless(payload, from: source, arrival: arrival, now: now)
        {
            if judgement.refusesPacket { verdict = .block }
            if judgement.isForged { isForged = true }
        }
        // An answer would go to, and a mark would stay on a flow of, the device that was named.
        if verdict == .block { return isForged ? nil : .block }
        // A cut device's own questions to the gateway must come back here, every one.
        guard standing == .watched else { return .checked }
        switch outcome {
        case .settled: return .pass
        case .http: return .http
        case .open, .malformed: return .checked
        }
    }

    /// Takes what the neighbour and link tables have to tell.
    func readRoutes() throws(NetfilterError) {
        let now = clock.now()
        var effects: [Effect] = []
        try routes.receive { event in
            switch event {
            case .restarted:
                interfaces = [:]
                bridges = []
                vlans = [:]
                wireGuards = []
                arePeersStale = true
                effects += engine.handle(.neighboursRestarted, at: now)
            case .link(let index, let name, let kind):
                forget(interface: index)
                interfaces[index] = name
                note(kind, of: index)
            case .linkGone(let index): forget(interface: index)
            case .neighbour(let index, let address, let mac?, let isConfirmed):
                guard let name = interfaces[index] else { return }
                locate(address, on: name)
                effects += engine.handle(
                    .neighbour(address, mac, name, isConfirmed: isConfirmed), at: now)
            case .neighbour(let index, let address, nil, _), .neighbourGone(let index, let address):
                effects += engine.handle(.neighbourGone(address, interfaces[index]), at: now)
            }
        }
        effects += engine.handle(.vlans(vlansByName), at: now)
        run(Self.inOneTransaction(effects))
        if arePeersStale { readPeers(for: engine.book) }
    }

    /// One transaction for all addresses that came together: a device that makes up thousands must
    /// not cost one each. Elements still stand before flows.
    private static func inOneTransaction(_ effects: [Effect]) -> [Effect] {
        var changes: [ElementChange] = []
        var addresses: [IPAddress] = []
        var rest: [Effect] = []
        for effect in effects {
            switch effect {
            case .commit(let some): changes += some
            case .endFlows(let some): addresses += some
            case .install, .removeTables, .endCutFlows, .ask, .keep, .record:
                rest.append(effect)
            }
        }
        if !addresses.isEmpty { rest.insert(.endFlows(from: addresses), at: 0) }
        if !changes.isEmpty { rest.insert(.commit(changes), at: 0) }
        return rest
    }
}
