import ControlAPI
import Policy
import Synchronization

/// Answers from the fixtures, and remembers what it was asked to change and by whom.
final class FakeBackend: ControlBackend {
    struct Change: Hashable {
        let what: String
        let by: Caller
    }
    private struct State {
        var changes: [Change] = []
        var history: [EventRecord] = []
        var watchers: [AsyncStream<EventRecord>.Continuation] = []
        var devices = [Fixtures.phone, Fixtures.till, Fixtures.liar]
    }

    /// Small, so that tests can overrun it.
    static let watcherBuffer = 4
    private let state = Mutex(State())

    var changes: [Change] { state.withLock { $0.changes } }
    func setDevices(_ devices: [DeviceRecord]) { state.withLock { $0.devices = devices } }

    /// Appends the next event to history and tells the watchers.
    func publish(_ count: Int = 1) {
        for _ in 0..<count {
            state.withLock { state in
                let event = Fixtures.event(Int64(state.history.count + 1))
                state.history.append(event)
                for watcher in state.watchers { watcher.yield(event) }
            }
        }
    }

    func endStreams() {
        for watcher in state.withLock({ $0.watchers }) { watcher.finish() }
    }

    private func note(_ what: String, _ caller: Caller) {
        state.withLock { $0.changes.append(Change(what: what, by: caller)) }
    }

    private func find(_ name: String) throws(Problem) -> DeviceRecord {
        let devices = state.withLock { $0.devices }
        if name == "Redmi" {
            throw .ambiguous(name, candidates: ["Redmi-Note-12 (50:ec:50:12:34:56)", "Redmi-9A"])
        }
        guard let device = devices.first(where: { [$0.id, $0.name].contains(name) }) else {
            throw .notFound(
                .deviceNotFound, "no device is called \(name)", hint: "See: regionlock devices")
        }
        return device
    }

    func status() async throws(Problem) -> Status { Fixtures.status }

    func metrics() async throws(Problem) -> GatewayMetrics { Fixtures.metrics }

    func devices(_ query: DeviceQuery) async throws(Problem) -> [DeviceRecord] {
        state.withLock { $0.devices }.filter { device in
            query.tag.map(device.tags.contains) ?? true
                && query.site.map { $0 == device.site } ?? true
                && query.state.map { $0 == device.state } ?? true
        }
    }

    func sites() async throws(Problem) -> [SiteRecord] { Fixtures.sites }

    func tag(
        device: String, tag: Tag, _ request: TagRequest, by caller: Caller
    ) async throws(Problem) -> TagReply {
        let device = try find(device)
        note("tag \(device.id) \(tag) \(request.reason ?? "-")", caller)
        return TagReply(device: device, tag: tag, isChanged: true, policies: ["xiaomi"])
    }

    func untag(
        device: String, tag: Tag, _ request: TagRequest, by caller: Caller
    ) async throws(Problem) -> TagReply {
        let device = try find(device)
        note("untag \(device.id) \(tag) \(request.reason ?? "-")", caller)
        return TagReply(device: device, tag: tag, isChanged: false, policies: [])
    }

    func explain(device: String) async throws(Problem) -> Explanation {
        try find(device).id == Fixtures.phone.id
            ? Fixtures.explanation : Fixtures.freeExplanation
    }

    func simulate(_ query: SimulateQuery) async throws(Problem) -> DecisionRecord {
        if query.to == nil { return Fixtures.entered }
        return query.site == "madrid-office" ? Fixtures.allowed : Fixtures.decision
    }

    func blocks() async throws(Problem) -> [BlockRecord] { [Fixtures.handMade, Fixtures.block] }

    func block(_ request: BlockRequest, by caller: Caller) async throws(Problem) -> BlockRecord {
        note("block \(try find(request.device).id) \(request.term.text) \(request.reason)", caller)
        return Fixtures.handMade
    }

    func release(
        _ target: String, _ request: ReleaseRequest, by caller: Caller
    ) async throws(Problem) -> ReleaseReply {
        guard target == Fixtures.block.id || target == Fixtures.phone.name else {
            throw .notFound(.blockNotFound, "there is no block \(target)")
        }
        note("release \(target) \(request.exemptFor?.text ?? "-") \(request.reason)", caller)
        return ReleaseReply(
            block: Fixtures.ended, exemption: request.exemptFor == nil ? nil : Fixtures.exemption)
    }

    func releaseAll(
        _ request: ReleaseAllRequest, by caller: Caller
    ) async throws(Problem) -> ReleaseAllReply {
        if request.policy == "nobody" {
            throw .notFound(.policyNotFound, "there is no policy nobody")
        }
        let isDryRun = request.isDryRun ?? false
        let words = [request.policy ?? "-", request.region?.code ?? "-", request.reason]
        if !isDryRun { note("release all \(words.joined(separator: " "))", caller) }
        return isDryRun ? Fixtures.dryRun : Fixtures.releasedAll
    }

    func exemptions() async throws(Problem) -> [ExemptionRecord] { [Fixtures.exemption] }

    func exempt(_ request: ExemptRequest, by caller: Caller) async throws(Problem) -> ExemptReply {
        note("exempt \(try find(request.device).id) \(request.policy ?? "-")", caller)
        return ExemptReply(exemption: Fixtures.exemption, released: [Fixtures.ended])
    }

    func endExemption(id: String, by caller: Caller) async throws(Problem) -> ExemptionRecord {
        note("end \(id)", caller)
        return Fixtures.exemption
    }

    func policies() async throws(Problem) -> [PolicySummary] {
        [Fixtures.policy, Fixtures.tvPolicy]
    }

    func policy(named name: String) async throws(Problem) -> PolicyDetail {
        guard name == "xiaomi" else {
            throw .notFound(.policyNotFound, "there is no policy \(name)")
        }
        return Fixtures.policyDetail
    }

    func mode() async throws(Problem) -> ModeReply { Fixtures.mode }

    func setMode(_ request: ModeRequest, by caller: Caller) async throws(Problem) -> ModeReply {
        note("mode \(request.mode.rawValue)", caller)
        return ModeReply(mode: request.mode, configured: .monitor, was: .enforce)
    }

    func removeAll(
        _ request: RemoveAllRequest, by caller: Caller
    ) async throws(Problem) -> RemoveAllReply {
        if request.isDryRun ?? false { return Fixtures.wouldRemove }
        note("remove all \(request.reason)", caller)
        return Fixtures.removedAll
    }

    func reload(
        _ request: ReloadRequest, by caller: Caller
    ) async throws(Problem) -> ReloadReply {
        if request.isDryRun ?? false { return Fixtures.wouldReload }
        let trial = request.confirmSeconds.map { " \($0)" } ?? ""
        note("reload\(request.revision.map { " \($0)" } ?? "")\(trial)", caller)
        return trial.isEmpty ? Fixtures.reload : Fixtures.trial
    }

    func confirmReload(by caller: Caller) async throws(Problem) -> ConfirmReply {
        note("confirm", caller)
        return ConfirmReply(revision: "9c1f", isChanged: true)
    }

    func revisions() async throws(Problem) -> [RevisionRecord] { Fixtures.revisions }

    func ledger(
        _ query: LedgerQuery, _ page: PageQuery
    ) async throws(Problem) -> Page<LedgerRecord> {
        let device = try query.device.map { name throws(Problem) in try find(name).id }
        let after = page.cursor.flatMap { Int64($0) } ?? 0
        let all = Fixtures.ledger.filter { entry in
            entry.number > after && (device.map { $0 == entry.device } ?? true)
                && (query.region.map(entry.region.isWithin) ?? true)
                && (query.since.map { entry.time >= $0 } ?? true)
        }
        let items = Array(all.prefix(min(page.limit, 2)))
        return Page(items: items, next: all.count > 2 ? items.last.map { "\($0.number)" } : nil)
    }

    func verifyLedger(noted digest: String?) async throws(Problem) -> LedgerCheck {
        guard let digest else { return Fixtures.wholeLedger }
        let number = Fixtures.ledger.first { $0.digest == digest }?.number
        return LedgerCheck(
            entries: 3, head: Fixtures.wholeLedger.head, broken: nil, noted: number)
    }

    func importLedger(
        _ request: LedgerImportRequest, by caller: Caller
    ) async throws(Problem) -> LedgerImportReply {
        if request.isDryRun ?? false { return Fixtures.wouldImport }
        let lines = request.activations.map {
            "\($0.device) \($0.region) \($0.activatedAt) \($0.source)"
        }
        note("import \(lines.joined(separator: "; "))", caller)
        return Fixtures.imported
    }

    func events(_ query: EventQuery) async throws(Problem) -> [EventRecord] {
        let history = state.withLock { $0.history }
        if query.after == nil, query.since == nil { return Array(history.suffix(query.limit)) }
        // Ids are positions, counted from 1.
        let rest = history.dropFirst(Int(query.after ?? 0))
        let wanted = rest.drop { event in query.since.map { event.time < $0 } ?? false }
        return Array(wanted.prefix(query.limit))
    }

    func followEvents(after id: Int64) -> AsyncStream<EventRecord> {
        let (stream, continuation) = AsyncStream<EventRecord>.makeStream(
            bufferingPolicy: .bufferingNewest(Self.watcherBuffer))
        state.withLock { $0.watchers.append(continuation) }
        return stream
    }
}
