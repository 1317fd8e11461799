import BlockStore
import ControlAPI
import Engine
import GeoIP
import Policy
import Wire

/// Puts settings in force, one change at a time, and takes back those that nobody confirmed.
actor Reloads {
    /// Settings in force that wait to be confirmed.
    private struct Trial {
        let revision: String
        /// They are a kept revision, and not the files on disk.
        let isKept: Bool
        let before: SettingsSource.Loaded
        let deadline: Timestamp
        let timer: Task<Void, Never>
    }

    private let gatekeeper: Gatekeeper
    private let recorder: Recorder
    private let settings: SettingsSource
    private let geoip: GeoIPKeeper
    private let clock: DaemonClock
    private var trial: Trial?
    /// Awaiting lets other calls in between: two reloads at once could each undo the other's half.
    private var isBusy = false

    init(
        gatekeeper: Gatekeeper, recorder: Recorder, settings: SettingsSource, geoip: GeoIPKeeper,
        clock: DaemonClock
    ) {
        self.gatekeeper = gatekeeper
        self.recorder = recorder
        self.settings = settings
        self.geoip = geoip
        self.clock = clock
    }

    func reload(
        _ request: ReloadRequest, by caller: Caller
    ) async throws(Problem) -> ReloadReply {
        guard !isBusy else { throw .conflict("settings are being loaded already") }
        isBusy = true
        defer { isBusy = false }
        let begin = clock.monotonicNanoseconds()
        let loaded = try load(request.revision)
        guard let book = loaded.book else { throw refusal(loaded, by: caller) }
        let before = await gatekeeper.ask { engine, _ in engine.book.settings }
        let isDryRun = request.isDryRun ?? false
        let asksForImpact = isDryRun || request.confirmSeconds != nil
        let impact = asksForImpact ? await impact(of: book) : nil
        var warnings = loaded.warnings + Self.waitingForRestart(before, book.settings)
        var deadline: Timestamp?
        if !isDryRun {
            deadline = try await install(
                book, instead: request.revision != nil, for: request.confirmSeconds)
            if let trouble = settings.adopt(loaded, pending: deadline.map(Self.note)) {
                warnings.append(trouble)
            }
        }
        let back = deadline == nil ? nil : trial?.before.book?.settings.revision
        return ReloadReply(
            revision: book.settings.revision, was: back ?? before.revision,
            policies: book.settings.policies.count, sites: book.settings.sites.sites.count,
            milliseconds: Int((clock.monotonicNanoseconds() - begin) / 1_000_000),
            isDryRun: isDryRun, confirmBy: deadline, impact: impact,
            warnings: warnings.map { Warning(code: "settings", text: $0) })
    }

    func confirm() async throws(Problem) -> ConfirmReply {
        guard !isBusy else { throw .conflict("settings are being loaded just now") }
        guard let trial else {
            let revision = await gatekeeper.ask { engine, _ in engine.book.settings.revision }
            return ConfirmReply(revision: revision, isChanged: false)
        }
        do {
            try settings.shelf.substitute(
                substitution(
                    for: trial.revision, before: nil, instead: trial.isKept, seconds: nil))
        } catch {
            throw .failed("\(error); they are taken back at \(trial.deadline)")
        }
        trial.timer.cancel()
        self.trial = nil
        if let inForce = settings.inForce { settings.adopt(inForce) }
        await gatekeeper.confirmSettings()
        return ConfirmReply(revision: trial.revision, isChanged: true)
    }

    func revisions() async -> [RevisionRecord] {
        let inForce = await gatekeeper.ask { engine, _ in engine.book.settings.revision }
        return settings.shelf.list().map {
            RevisionRecord(
                revision: $0.revision, loadedAt: $0.loadedAt, isInForce: $0.revision == inForce)
        }
    }

    // MARK: Steps of a reload

    private func load(_ wanted: String?) throws(Problem) -> SettingsSource.Loaded {
        guard let wanted else { return settings.load() }
        let fitting = settings.shelf.list().map(\.revision).filter { $0.hasPrefix(wanted) }
        guard fitting.count < 2 else { throw .ambiguous(wanted, candidates: fitting) }
        guard let revision = fitting.first, let loaded = settings.keptSettings(revision) else {
            throw .notFound(
                .revisionNotFound, "no revision \(wanted) is kept",
                hint: "regionlock revisions lists those that are")
        }
        return loaded
    }

    private func refusal(_ loaded: SettingsSource.Loaded, by caller: Caller) -> Problem {
        let event = Event(
            time: clock.now(), kind: .settingsRefused,
            text: "the settings on disk are not valid; the running ones stay: "
                + loaded.firstError, by: caller.by)
        recorder.submit([], event)
        settings.refuse()
        return .settingsNotValid(loaded.report)
    }

    /// Computed on a copy of the engine: the packet thread does not wait for it.
    private func impact(of book: PolicyBook) async -> Impact {
        let (engine, now) = await gatekeeper.ask { engine, now in (copy engine, now) }
        var copy = engine
        let database = await geoip.candidate(for: book.settings).database
        copy.locate(
            copy.addressesToLocate(by: book).map { AddressRegion($0, asking: database) })
        let all = copy.impact(of: book, at: now)
        let count = { (change: DeviceImpact.Change) in all.count { $0.change == change } }
        return Impact(
            released: count(.released), atRisk: count(.atRisk), spared: count(.spared),
            devices: all.prefix(FieldLimits.maximumCandidates).map {
                ImpactRecord(
                    device: "\($0.device)", name: $0.name, change: $0.change.rawValue,
                    policy: $0.policy, region: $0.region)
            })
    }

    /// - Returns: when they are taken back; nil when they stay.
    private func install(
        _ book: PolicyBook, instead: Bool, for seconds: Int?
    ) async throws(Problem) -> Timestamp? {
        let before = trial?.before ?? settings.inForce
        let revision = book.settings.revision
        let substitution = settings.shelf.substitution
        do {
            // Written first: a crash between the two must not leave unconfirmed settings in force.
            try settings.shelf.substitute(
                self.substitution(
                    for: revision, before: before, instead: instead, seconds: seconds))
            try await putInForce(book, isTrial: seconds != nil)
        } catch let problem as Problem {
            settings.refuse()
            throw problem
        } catch {
            // What runs is what ran: a trial goes on, and what was taken back stays so.
            try? settings.shelf.substitute(substitution)
            settings.refuse()
            throw .failed("\(error)")
        }
        trial?.timer.cancel()
        trial = nil
        guard let seconds, let before else { return nil }
        let deadline = clock.now().adding(seconds: Int64(seconds))
        trial = Trial(
            revision: revision, isKept: instead, before: before, deadline: deadline,
            timer: takingBack(revision, after: seconds))
        return deadline
    }

    /// The database that the settings name comes into use with them.
    private func putInForce(_ book: PolicyBook, isTrial: Bool) async throws {
        let candidate = await geoip.candidate(for: book.settings)
        try await gatekeeper.install(book, isTrial: isTrial, database: candidate.database)
        await geoip.adopt(candidate, settings: book.settings)
    }

    /// What a start must not take from the disk, and what it takes instead.
    private func substitution(
        for revision: String, before: SettingsSource.Loaded?, instead: Bool, seconds: Int?
    ) throws(Problem) -> RevisionShelf.Substitution? {
        let onDisk = instead ? settings.load().book?.settings.revision : revision
        guard seconds != nil else {
            guard instead, let onDisk, onDisk != revision else { return nil }
            return RevisionShelf.Substitution(refused: onDisk, used: revision)
        }
        guard let used = before?.book?.settings.revision,
            settings.shelf.list().contains(where: { $0.revision == used })
        else {
            throw .conflict(
                "the settings in force are not kept, so these could not be taken back",
                hint: "settings of more than \(RevisionShelf.maximumBytes) bytes are not kept")
        }
        return onDisk.map { RevisionShelf.Substitution(refused: $0, used: used) }
    }

    private func takingBack(_ revision: String, after seconds: Int) -> Task<Void, Never> {
        Task {
            try? await Task.sleep(for: .seconds(seconds))
            if !Task.isCancelled { await self.takeBack(revision) }
        }
    }

    /// Settings that can't be taken back stay on trial: no block ends by them.
    private func tryAgain(_ trial: Trial, after seconds: Int) {
        self.trial = Trial(
            revision: trial.revision, isKept: trial.isKept, before: trial.before,
            deadline: trial.deadline,
            timer: takingBack(trial.revision, after: seconds))
    }

    private func takeBack(_ revision: String) async {
        guard let trial, trial.revision == revision, let book = trial.before.book else { return }
        guard !isBusy else {
            // A reload that is under way decides; if it fails, this comes again.
            return tryAgain(trial, after: 1)
        }
        isBusy = true
        defer { isBusy = false }
        let used = book.settings.revision.prefix(4)
        do {
            try await putInForce(book, isTrial: false)
        } catch {
            recorder.submit(
                [],
                Event(
                    time: clock.now(), kind: .settingsRefused,
                    text: "settings \(revision) were not confirmed, and can't be taken back, "
                        + "trying again every minute: \(error)"))
            return tryAgain(trial, after: 60)
        }
        self.trial = nil
        settings.adopt(
            trial.before,
            pending: "settings \(revision.prefix(4)) were not confirmed: \(used) are in force; "
                + "regionlock reload takes those on disk")
        settings.refuse()
        recorder.submit(
            [],
            Event(
                time: clock.now(), kind: .settingsRolledBack,
                text: "settings \(revision) were not confirmed: "
                    + "\(book.settings.revision) are in force again"))
    }

    private static func note(_ deadline: Timestamp) -> String {
        "the settings in force are taken back at \(deadline) unless confirmed: regionlock confirm"
    }

    /// What only a new start takes up: listening sockets are opened once.
    private static func waitingForRestart(
        _ before: GatewaySettings, _ after: GatewaySettings
    ) -> [String] {
        var waiting: [String] = []
        if before.notice != after.notice { waiting.append("notice") }
        if before.control != after.control { waiting.append("control") }
        if before.inspection.whenDown != after.inspection.whenDown {
            waiting.append("inspection.when_down, for a queue that is full")
        }
        return waiting.map { "\($0): the change takes effect when regionlockd is started anew" }
    }
}
