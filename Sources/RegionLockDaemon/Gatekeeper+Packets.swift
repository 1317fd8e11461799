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
    func readTap() throws(NetfilterError) {
        let arrival = clock.monotonicNanoseconds()
        let now = clock.now()
        _ = try tap.receive { packet, payload, isLastOfSender in
            let value = value(for: packet, payload, arrival: arrival, now: now)
            return .accept(
                mark: mark.setting(isLastOfSender ? value.asLast : value, in: packet.mark))
        }
    }

    /// What the commit chain is to do with the packet.
    private func value(
        for packet: TappedPacket, _ payload: Span<UInt8>, arrival: UInt64, now: Timestamp
    ) -> MarkField.Value {
        guard let address = PacketInspector.sourceAddress(of: payload, link: .ip) else {
            counters.malformed += 1
            return .checked
        }
        let source = PacketSource(
            mac: packet.hardwareAddress, address: address,
            interface: interfaces[packet.inputInterfaceIndex])
        let standing = engine.standing(of: source, at: now)
        // A device no policy speaks of is not looked into, even when the kernel handed it over.
        guard standing != .ignored else {
            counters.ignored += 1
            return .checked
        }
        counters.inspected += 1
        var verdict = Verdict.allow
        let originalPort = mark.value(in: packet.mark)?.originalPort
        let outcome = inspector.inspect(
            payload, link: .ip, originalPort: originalPort, at: arrival
        ) { sighting in
            counters.sightings += 1
            guard engine.concerns(sighting.name) else { return }
            let judgement = engine.judge(sighting, from: source, at: now)
            if judgement.verdict == .block { verdict = .block }
            if !judgement.effects.isEmpty { run(judgement.effects, arrival: arrival) }
        }
        if outcome == .malformed { counters.malformed += 1 }
        if verdict == .block { return .block }
        // A cut device's own questions to the gateway must come back here, every one.
        return outcome == .settled && standing == .watched ? .pass : .checked
    }

    /// Takes what the neighbour and link tables have to tell.
    func readRoutes() throws(NetfilterError) {
        let now = clock.now()
        var effects: [Effect] = []
        try routes.receive { event in
            switch event {
            case .restarted:
                // Bindings stay: what a cut device holds is cut until somebody else holds it.
                interfaces = [:]
            case .link(let index, let name): interfaces[index] = name
            case .linkGone(let index): interfaces[index] = nil
            case .neighbour(let index, let address, let mac?):
                guard let name = interfaces[index] else { return }
                effects += engine.handle(.neighbour(address, mac, name), at: now)
            case .neighbour(_, let address, nil), .neighbourGone(_, let address):
                effects += engine.handle(.neighbourGone(address), at: now)
            }
        }
        run(effects)
    }
}
