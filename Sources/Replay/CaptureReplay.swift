package import Capture
package import Engine
import Firewall
import Inspection
package import Policy
package import Wire

/// Runs the daemon's decoders, engine and policies over the packets of a capture.
///
/// What is of the kernel there is made up here: settled flows are not looked into again, a device
/// without a tag is not looked into at all, time is the capture's. There is no neighbour table, so
/// nobody's MAC or address is doubted, and no cut device is known again under another MAC.
package final class CaptureReplay {
    /// Whose names are shown.
    package enum Scope: Hashable, Sendable {
        /// Devices that a policy speaks of: what the daemon looks into.
        case tagged
        case all
    }

    var engine: BlockEngine
    private var inspector = PacketInspector()
    private var settled = SettledFlows()
    /// Flows that carry HTTP on another port than 80: every payload of theirs is read.
    private var http = SettledFlows()
    private let scope: Scope
    /// Where all packets came in, whatever the capture says.
    private let interface: InterfaceName?
    /// Looks an address up whose region a site asks for.
    private let region: @Sendable (IPAddress) -> AddressRegion
    package internal(set) var counts = ReplayCounts()
    /// The latest time of the capture so far: flows time out by it, so it never goes back.
    private var nanoseconds: Int64 = 0
    private var tickedSeconds: Int64 = 0
    private var standings: [KnownStanding]

    /// The engine keeps standings too, by a hash that is keyed; this is the way past it for the
    /// packets of a flow that follow each other.
    private struct KnownStanding {
        var source: PacketSource?
        var standing = Standing.ignored
    }

    private static let standingSlots = 1_024

    /// - Parameters:
    ///   - seed: keys the endpoint index and the references of blocks.
    ///   - region: looks addresses up for sites with `region: from-address`, each once; without a
    ///     database they are of unknown region.
    package init(
        settings: GatewaySettings, interface: InterfaceName?, scope: Scope, seed: UInt64,
        region: @escaping @Sendable (IPAddress) -> AddressRegion = {
            AddressRegion($0.unmapped, .unknown(.noDatabase), database: nil)
        }
    ) {
        engine = BlockEngine(
            book: PolicyBook(settings: settings, seed: seed), snapshot: EngineSnapshot(),
            capabilities: .all, references: ReferenceSource(seed: seed))
        self.interface = interface
        self.scope = scope
        self.region = region
        standings = Array(repeating: KnownStanding(), count: Self.standingSlots)
    }

    /// The operator's name for a device, or its id.
    package func name(of device: DeviceKey) -> String { engine.displayName(of: device) }

    /// The site of a device, or nil.
    package func site(of source: PacketSource) -> Site? {
        engine.book.site(of: source.facts)?.site
    }

    /// Looks at one packet; `visit` gets what it shows, in the order of the daemon.
    package func read(
        _ frame: Span<UInt8>, of packet: CapturedPacket, finding visit: (ReplayFinding) -> Void
    ) {
        counts.packets += 1
        counts.octets += UInt64(packet.originalLength)
        if packet.originalLength > frame.count { counts.cutShort += 1 }
        let now = advance(to: packet, visit)
        guard let link = LinkHeader(frame, link: packet.link) else {
            counts.otherThanIP += 1
            return
        }
        let octets = frame.extracting(droppingFirst: link.length)
        let flow = PacketInspector.flow(of: octets, link: .ip)
        guard
            let address = flow?.source ?? PacketInspector.sourceAddress(of: octets, link: .ip)
        else {
            counts.otherThanIP += 1
            return
        }
        if let flow { readAnswer(octets, flow, of: packet, at: now, visit) }
        let source = PacketSource(
            mac: link.sender, address: address, interface: interface ?? packet.interface)
        if let flow { readIdentity(octets, flow, of: packet, from: source, at: now, visit) }
        let standing = standing(of: source, at: now)
        guard standing != .ignored || scope == .all else { return }
        let seconds = nanoseconds / 1_000_000_000
        let isBeginning = flow.map { Self.isBeginning(octets, of: $0) } ?? false
        if let flow, settled.contains(flow, isBeginning: isBeginning, at: seconds) { return }
        counts.inspected += 1
        if standing != .ignored, engine.wantsRegion(of: address, on: source.interface) {
            engine.locate([region(address)])
        }
        var isRefused = false
        var isNamed = false
        let isHTTP = flow.map { http.contains($0, isBeginning: isBeginning, at: seconds) } ?? false
        let outcome = inspector.inspect(
            octets, link: .ip, originalPort: isHTTP ? 80 : nil, at: UInt64(nanoseconds)
        ) { sighting in
            isNamed = true
            let refused = show(sighting, of: packet, from: source, standing, at: now, visit)
            isRefused = isRefused || refused
        }
        if outcome == .malformed { counts.malformed += 1 }
        if outcome == .settled, !isNamed, let flow, standing == .watched {
            isRefused = judgeNameless(flow, of: packet, from: source, at: now, visit)
        }
        // A refused flow is never marked; a cut device's questions are looked into, every one.
        guard let flow, !isRefused, standing != .cut else { return }
        if outcome == .settled { settled.insert(flow, at: seconds) }
        if outcome == .http { http.insert(flow, at: seconds) }
    }

    /// Whether the packet would have been refused.
    private func show(
        _ sighting: borrowing Sighting, of packet: CapturedPacket, from source: PacketSource,
        _ standing: Standing, at now: Timestamp, _ visit: (ReplayFinding) -> Void
    ) -> Bool {
        counts.sightings += 1
        visit(
            .sighting(
                ReplaySighting(
                    packet: packet.number, time: now, source: source, flow: sighting.flow,
                    vector: sighting.vector, name: sighting.name)))
        guard standing != .ignored else { return false }
        let isRefused = refuseResolver(sighting, of: packet, from: source, at: now, visit)
        guard engine.concerns(sighting.name) else { return isRefused }
        counts.attempts += 1
        let judgement = engine.judge(sighting, from: source, at: now)
        if judgement.verdict == .monitor { counts.monitored += 1 }
        tell(judgement.effects, of: packet, why: judgement.decision?.why ?? [], visit)
        return isRefused || judgement.refusesPacket
    }

    /// Hands out the events among the effects; there is no kernel to carry the others out.
    func tell(
        _ effects: [Effect], of packet: CapturedPacket, why: [WhyStep],
        _ visit: (ReplayFinding) -> Void
    ) {
        guard !effects.isEmpty else { return }
        forgetStandings()
        for effect in effects {
            guard case .record(_, let event) = effect else { continue }
            if event.kind == .blockCreated { counts.cuts += 1 }
            let isDecision = event.verdict != nil
            visit(
                .event(
                    ReplayEvent(packet: packet.number, event: event, why: isDecision ? why : [])))
        }
    }

    /// Moves the clock, which ticks once for each second that has begun.
    private func advance(
        to packet: CapturedPacket, _ visit: (ReplayFinding) -> Void
    ) -> Timestamp {
        if let time = packet.nanoseconds, time > nanoseconds { nanoseconds = time }
        // Policies are valid by what the packet says: one damaged time must not outlast its packet.
        let now = Timestamp(microseconds: (packet.nanoseconds ?? nanoseconds) / 1_000)
        if packet.nanoseconds != nil {
            if counts.first == nil { counts.first = now }
            counts.last = now
        }
        let seconds = nanoseconds / 1_000_000_000
        if seconds > tickedSeconds {
            tickedSeconds = seconds
            tell(engine.handle(.tick, at: now), of: packet, why: [], visit)
        }
        return now
    }

    private func standing(of source: PacketSource, at now: Timestamp) -> Standing {
        var hash = source.mac?.value ?? 0
        switch source.address {
        case .v4(let address): hash ^= UInt64(address.value) &* 0x9e37_79b9
        case .v6(let address): hash ^= address.high ^ address.low &* 0x9e37_79b9
        }
        let slot = Int(truncatingIfNeeded: hash ^ hash >> 17) & (Self.standingSlots - 1)
        if standings[slot].source == source { return standings[slot].standing }
        let standing = engine.standing(of: source, at: now)
        standings[slot] = KnownStanding(source: source, standing: standing)
        return standing
    }

    private func forgetStandings() {
        for slot in standings.indices { standings[slot].source = nil }
    }

    /// A SYN without ACK begins a connection, whatever the same ports were used for before.
    private static func isBeginning(_ packet: Span<UInt8>, of flow: FlowKey) -> Bool {
        guard flow.transport == .tcp else { return false }
        // IPv6 extension headers hide it: such a flow is looked into once more at worst.
        let offset = packet[0] >> 4 == 4 ? Int(packet[0] & 0x0f) * 4 : 40
        return offset + 13 < packet.count && packet[offset + 13] & 0x12 == 0x02
    }
}

extension GatewaySettings {
    /// The same with every packet at one site, which is entered by `interface`.
    package func everywhere(at site: Site, interface: InterfaceName) -> GatewaySettings {
        var settings = self
        settings.sites = SiteTable([
            Site(
                name: site.name, region: site.region, interfaces: [interface], subnets: [],
                source: site.source, regionSource: site.regionSource)
        ])
        return settings
    }
}
