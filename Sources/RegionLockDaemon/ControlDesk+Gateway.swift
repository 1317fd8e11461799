import BlockStore
import ControlAPI
import Engine
import Policy
import Systemd
import Wire

extension ControlDesk {
    // MARK: Policies

    func policies() async throws(Problem) -> [PolicySummary] {
        let writer = settings.recordWriter
        return await gatekeeper.ask { engine, _ in
            engine.book.settings.policies.map { writer.summary(of: $0, in: engine) }
        }
    }

    func policy(named name: String) async throws(Problem) -> PolicyDetail {
        let policy = try await policyInForce(name)
        let writer = settings.recordWriter
        return await gatekeeper.ask { engine, _ in writer.detail(of: policy, in: engine) }
    }

    func policyInForce(_ name: String) async throws(Problem) -> RegionPolicy {
        let found = await gatekeeper.ask { engine, _ in
            engine.book.settings.policies.first { $0.name == name }
        }
        guard let found else {
            throw .notFound(
                .policyNotFound, "no policy \"\(name.escapedForPeople)\"",
                hint: "regionlock policy list shows them")
        }
        return found
    }

    // MARK: The gateway

    func mode() async throws(Problem) -> ModeReply {
        await gatekeeper.ask { engine, _ in
            ModeReply(mode: engine.mode, configured: engine.book.settings.mode)
        }
    }

    func setMode(_ request: ModeRequest, by caller: Caller) async throws(Problem) -> ModeReply {
        try await carryOut { (engine, now) throws(Refusal) in
            let was = engine.mode
            let effects = try engine.setMode(
                request.mode, order: Order(by: caller.by, reason: request.reason), at: now)
            let reply = ModeReply(
                mode: engine.mode, configured: engine.book.settings.mode, was: was)
            return (reply, effects)
        }
    }

    func removeAll(
        _ request: RemoveAllRequest, by caller: Caller
    ) async throws(Problem) -> RemoveAllReply {
        let order = Order(by: caller.by, reason: request.reason)
        let isDryRun = request.isDryRun ?? false
        let writer = settings.recordWriter
        let tables = await gatekeeper.tables
        return try await carryOut { (engine, now) throws(Refusal) in
            let was = engine.mode
            let all = engine.blocks(BlockFilter(policy: nil, region: nil))
            let first = all.prefix(FieldLimits.maximumCandidates)
                .map { writer.record(of: $0, in: engine) }
            let effects = isDryRun ? [] : engine.removeAll(order: order, at: now).effects
            let reply = RemoveAllReply(
                released: all.count, tables: tables, mode: engine.mode, was: was,
                isDryRun: isDryRun, blocks: first)
            return (reply, effects)
        }
    }

    func reload(
        _ request: ReloadRequest, by caller: Caller
    ) async throws(Problem) -> ReloadReply {
        let reply = try await reloads.reload(request, by: caller)
        try await settle()
        await tellStatus()
        return reply
    }

    func confirmReload(by caller: Caller) async throws(Problem) -> ConfirmReply {
        let reply = try await reloads.confirm()
        try await settle()
        return reply
    }

    func revisions() async throws(Problem) -> [RevisionRecord] { await reloads.revisions() }

    func status() async throws(Problem) -> Status {
        let trouble = await recorder.trouble
        let warnings = await geoip.warnings + leases.warnings
        var status = await gatekeeper.status(
            writer: settings.recordWriter, storeTrouble: trouble, startedAt: startedAt,
            settingsWarnings: settings.warnings, otherWarnings: warnings)
        status.uplink = await geoip.uplinkText
        return status
    }

    // MARK: Events

    func events(_ query: EventQuery) async throws(Problem) -> [EventRecord] {
        do {
            let events: [Event]
            if let after = query.after {
                let oldest = try await recorder.events(after: 0, limit: 1).first?.number ?? 1
                guard after + 1 >= oldest || after == 0 else {
                    throw Problem(
                        title: "That history is gone", status: 410, code: .historyGone,
                        detail: "the oldest event kept is \(oldest)")
                }
                events = try await recorder.events(after: after, limit: query.limit)
            } else if let since = query.since {
                events = try await recorder.events(since: since, limit: query.limit)
            } else {
                events = try await recorder.newestEvents(limit: query.limit)
            }
            return events.map(RecordWriter.record)
        } catch let problem as Problem {
            throw problem
        } catch {
            throw .failed("\(error)")
        }
    }

    func followEvents(after id: Int64) -> AsyncStream<EventRecord> {
        let recorder = recorder
        let (stream, continuation) = AsyncStream.makeStream(
            of: EventRecord.self, bufferingPolicy: .bufferingNewest(Recorder.watcherBuffer))
        let task = Task {
            for await event in await recorder.watch() where event.number > id {
                continuation.yield(RecordWriter.record(event))
            }
            continuation.finish()
        }
        continuation.onTermination = { _ in task.cancel() }
        return stream
    }

    // MARK: Carrying out

    func carryOut<Answer: Sendable>(
        _ command: @Sendable (inout BlockEngine, Timestamp) throws(Refusal) -> (Answer, [Effect])
    ) async throws(Problem) -> Answer {
        let answer: Answer
        do {
            answer = try await gatekeeper.perform(command)
        } catch {
            throw Problem(error)
        }
        if let trouble = await gatekeeper.kernelTrouble {
            throw .failed("the kernel does not take it yet, trying again every second: \(trouble)")
        }
        try await settle()
        await tellStatus()
        return answer
    }

    func question<Answer: Sendable>(
        _ question: @Sendable (borrowing BlockEngine, Timestamp) throws(Refusal) -> Answer
    ) async throws(Problem) -> Answer {
        do {
            return try await gatekeeper.askOrRefuse(question)
        } catch {
            throw Problem(error)
        }
    }

    /// `systemctl status` shows what a command changed as soon as the command returns.
    private func tellStatus() async {
        // Nobody listens when systemd did not start us.
        try? notifier.status(await statusLine())
    }

    private func settle() async throws(Problem) {
        do {
            try await recorder.settle()
        } catch {
            throw .failed("it is in force in the kernel, but not on disk: \(error)")
        }
    }
}

extension Problem {
    init(_ refusal: Refusal) {
        switch refusal.kind {
        case .notFound:
            self = .notFound(.deviceNotFound, refusal.text, hint: refusal.hint)
        case .ambiguous(let candidates):
            self = Problem(
                title: "Several things fit", status: 409, code: .ambiguous,
                detail: refusal.text, candidates: candidates)
        case .conflict: self = .conflict(refusal.text, hint: refusal.hint)
        case .invalid:
            self = Problem(
                title: "A field is not valid", status: 400, code: .invalidField,
                detail: refusal.text, hint: refusal.hint)
        }
    }
}

extension BlockTerm {
    /// The moment it is over; nil for a term without end.
    func deadline(from now: Timestamp) -> Timestamp? {
        switch self {
        case .untilReleased: nil
        case .seconds(let seconds): now.adding(seconds: seconds)
        }
    }
}
