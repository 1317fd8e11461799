import BlockStore
import ControlAPI
import Engine
import Policy
import Systemd
import Wire

/// Answers the control API from the engine, the kernel and the store.
///
/// A change has been carried out in the kernel and is on disk when its call returns.
struct ControlDesk: ControlBackend {
    let gatekeeper: Gatekeeper
    let recorder: Recorder
    let settings: SettingsSource
    let reloads: Reloads
    let geoip: GeoIPKeeper
    let leases: LeaseKeeper
    let clock: DaemonClock
    let notifier: ServiceNotifier
    let startedAt: Timestamp

    // MARK: Devices and tags

    func devices(_ query: DeviceQuery) async throws(Problem) -> [ControlAPI.DeviceRecord] {
        let writer = settings.recordWriter
        let all = await gatekeeper.ask { engine, now in
            engine.knownDevices.map { writer.record(of: $0, in: engine, at: now) }
        }
        return all.filter { device in
            (query.tag.map(device.tags.contains) ?? true)
                && (query.site.map { device.site == $0 } ?? true)
                && (query.state.map { device.state == $0 } ?? true)
        }
    }

    func sites() async throws(Problem) -> [SiteRecord] {
        await gatekeeper.ask { engine, _ in
            let places = engine.knownDevices.map { device in
                (
                    site: engine.book.site(of: device.facts)?.site.name,
                    isCut: engine.block(of: device.key) != nil
                )
            }
            return engine.book.settings.sites.sites.map { site in
                let here = places.filter { $0.site == site.name }
                return SiteRecord(
                    name: site.name, region: site.region,
                    interfaces: site.interfaces.map(\.text),
                    subnets: site.subnets.map(\.description), devices: here.count,
                    cutOff: here.count { $0.isCut }, source: site.source.description)
            }
        }
    }

    func tag(
        device: String, tag: Tag, _ request: TagRequest, by caller: Caller
    ) async throws(Problem) -> TagReply {
        try await changeTag(device: device, tag: tag) { (engine, key, now) throws(Refusal) in
            try engine.tag(
                key, with: tag, order: Order(by: caller.by, reason: request.reason), at: now)
        }
    }

    func untag(
        device: String, tag: Tag, _ request: TagRequest, by caller: Caller
    ) async throws(Problem) -> TagReply {
        try await changeTag(device: device, tag: tag) { (engine, key, now) throws(Refusal) in
            try engine.untag(
                key, tag, order: Order(by: caller.by, reason: request.reason), at: now)
        }
    }

    private func changeTag(
        device: String, tag: Tag,
        _ change: @Sendable (inout BlockEngine, DeviceKey, Timestamp) throws(Refusal) -> [Effect]
    ) async throws(Problem) -> TagReply {
        let writer = settings.recordWriter
        return try await carryOut { (engine, now) throws(Refusal) in
            // A MAC may be tagged before its device is seen.
            let key = try engine.device(named: device, allowUnseen: true)
            let effects = try change(&engine, key, now)
            let policies = engine.book.settings.policies
                .filter { policy in policy.tags.contains { $0.value == tag } }
            let reply = TagReply(
                device: writer.record(of: key, in: engine, at: now), tag: tag,
                isChanged: !effects.isEmpty, policies: policies.map(\.name))
            return (reply, effects)
        }
    }

    // MARK: Decisions

    func explain(device: String) async throws(Problem) -> Explanation {
        let writer = settings.recordWriter
        return try await question { (engine, now) throws(Refusal) in
            let key = try engine.device(named: device)
            let reasoning = engine.explain(key, at: now)
            let exemption = engine.exemptions.values.first { $0.device == key }
            var explanation = Explanation(
                device: writer.record(of: key, in: engine, at: now), time: now,
                block: reasoning.block.map { writer.record(of: $0, in: engine) },
                exemption: exemption.map { writer.record(of: $0, in: engine) },
                verdict: reasoning.verdict, steps: reasoning.steps.map(WhyRecord.init))
            guard reasoning.block == nil else { return explanation }
            let trials = engine.trials(of: key, at: now)
            explanation.tried = TrialRecord.list(trials)
            explanation.triggers = engine.book.triggers(of: trials)
                .prefix(FieldLimits.maximumTriggers).map { $0 }
            return explanation
        }
    }

    func simulate(_ query: SimulateQuery) async throws(Problem) -> DecisionRecord {
        if let region = query.region, !settings.isAssigned(region) {
            throw .invalid("region", "there is no region \(region)")
        }
        let site = try await site(named: query.site)
        return try await question { (engine, now) throws(Refusal) in
            var key: DeviceKey?
            if let device = query.device { key = try engine.device(named: device) }
            let question = Question(
                device: key, tags: query.tags, site: site, region: query.region,
                name: query.to?.text ?? "")
            let time = query.at ?? now
            return DecisionRecord(
                engine.simulate(question, at: time), tried: engine.trials(of: question, at: time))
        }
    }

    private func site(named name: String?) async throws(Problem) -> Site? {
        guard let name else { return nil }
        let found = await gatekeeper.ask { engine, _ in
            engine.book.settings.sites.sites.first { $0.name == name }
        }
        guard let found else {
            throw .notFound(
                .siteNotFound, "no site \"\(name.escapedForPeople)\"",
                hint: "regionlock sites lists them")
        }
        return found
    }

    // MARK: Blocks

    func blocks() async throws(Problem) -> [BlockRecord] {
        let writer = settings.recordWriter
        return await gatekeeper.ask { engine, _ in
            engine.blocks.values.map { writer.record(of: $0, in: engine) }
        }
    }

    func block(
        _ request: BlockRequest, by caller: Caller
    ) async throws(Problem) -> BlockRecord {
        let writer = settings.recordWriter
        return try await carryOut { (engine, now) throws(Refusal) in
            let key = try engine.device(named: request.device)
            let result = try engine.block(
                key, until: request.term.deadline(from: now),
                order: Order(by: caller.by, reason: request.reason), at: now)
            return (writer.record(of: result.block, in: engine), result.effects)
        }
    }

    func release(
        _ target: String, _ request: ReleaseRequest, by caller: Caller
    ) async throws(Problem) -> ReleaseReply {
        let order = Order(by: caller.by, reason: request.reason)
        let writer = settings.recordWriter
        if let ended = try await endedBlock(target) { return ReleaseReply(block: ended) }
        return try await carryOut { (engine, now) throws(Refusal) in
            let id = try engine.blockID(named: target)
            let exemption = request.exemptFor.map { ExemptionTerm(until: $0.deadline(from: now)) }
            let before = Set(engine.exemptions.keys)
            let result = try engine.release(id, order: order, exemption: exemption, at: now)
            let new = engine.exemptions.values.first { !before.contains($0.id) }
            let reply = ReleaseReply(
                block: writer.record(of: result.block, in: engine),
                exemption: new.map { writer.record(of: $0, in: engine) })
            return (reply, result.effects)
        }
    }

    /// A block that has ended already, or the last one of a device that is free: releasing it
    /// again is no error and changes nothing.
    private func endedBlock(_ target: String) async throws(Problem) -> BlockRecord? {
        let writer = settings.recordWriter
        do {
            let ended: Block?
            if let id = BlockID(target.uppercased()) {
                let isInForce = await gatekeeper.ask { engine, _ in engine.blocks[id] != nil }
                ended = isInForce ? nil : try await recorder.block(id)
            } else {
                let free = await gatekeeper.ask { engine, _ -> DeviceKey? in
                    guard let key = try? engine.device(named: target) else { return nil }
                    return engine.block(of: key) == nil ? key : nil
                }
                guard let free else { return nil }
                ended = try await recorder.lastBlock(of: free)
            }
            guard let ended, ended.state != .inForce else { return nil }
            return await gatekeeper.ask { engine, _ in writer.record(of: ended, in: engine) }
        } catch {
            throw .failed("\(error)")
        }
    }

    func releaseAll(
        _ request: ReleaseAllRequest, by caller: Caller
    ) async throws(Problem) -> ReleaseAllReply {
        if let region = request.region, !settings.isAssigned(region) {
            throw .invalid("region", "there is no region \(region)")
        }
        if let name = request.policy { _ = try await policyInForce(name) }
        let order = Order(by: caller.by, reason: request.reason)
        let filter = BlockFilter(policy: request.policy, region: request.region)
        let writer = settings.recordWriter
        let isDryRun = request.isDryRun ?? false
        return try await carryOut { (engine, now) throws(Refusal) in
            let first = engine.blocks(filter).prefix(FieldLimits.maximumCandidates)
                .map { writer.record(of: $0, in: engine) }
            let inForce = engine.blocks.count
            let result =
                isDryRun
                ? (blocks: engine.blocks(filter), effects: [])
                : engine.release(filter, order: order, at: now)
            let count = result.blocks.count
            let reply = ReleaseAllReply(
                released: count, remaining: inForce - count, isDryRun: isDryRun, blocks: first)
            return (reply, result.effects)
        }
    }

    // MARK: Exemptions

    func exemptions() async throws(Problem) -> [ExemptionRecord] {
        let writer = settings.recordWriter
        return await gatekeeper.ask { engine, _ in
            engine.exemptions.values.map { writer.record(of: $0, in: engine) }
        }
    }

    func exempt(
        _ request: ExemptRequest, by caller: Caller
    ) async throws(Problem) -> ExemptReply {
        let order = Order(by: caller.by, reason: request.reason)
        let writer = settings.recordWriter
        if let name = request.policy { _ = try await policyInForce(name) }
        return try await carryOut { (engine, now) throws(Refusal) in
            let key = try engine.device(named: request.device, allowUnseen: true)
            let before = engine.block(of: key)
            let result = engine.exempt(
                key, policy: request.policy, until: request.term.deadline(from: now),
                order: order, at: now)
            let released = engine.block(of: key) == nil ? before : nil
            let reply = ExemptReply(
                exemption: writer.record(of: result.exemption, in: engine),
                released: released.map { [writer.record(of: $0, in: engine)] } ?? [])
            return (reply, result.effects)
        }
    }

    func endExemption(id: String, by caller: Caller) async throws(Problem) -> ExemptionRecord {
        let writer = settings.recordWriter
        return try await carryOut { (engine, now) throws(Refusal) in
            let exemption = engine.exemptions[id]
            let effects = try engine.endExemption(id, by: caller.by, at: now)
            guard let exemption else { throw Refusal(.notFound, "no exemption \(id)") }
            return (writer.record(of: exemption, in: engine), effects)
        }
    }
}
