import BlockStore
import Policy
import Settings
import Synchronization
import Wire

/// Reads the settings directory, whenever asked.
final class SettingsSource: Sendable {
    /// What reading came to.
    struct Loaded: Sendable {
        /// Nil when anything is wrong: settings are taken whole or not at all.
        let book: PolicyBook?
        /// Every problem with its place, as `regionlock check` prints it.
        let report: String
        let firstError: String
        var warnings: [String]
        /// What all this was read from.
        var files: [SettingsFile]
    }

    let directory: String
    let shelf: RevisionShelf
    let recordWriter: RecordWriter
    private let vendors: VendorRegistry
    private let regions: RegionTable
    /// Keys the endpoint index, so that nobody can craft names that collide in it.
    private let seed: UInt64
    private let clock: DaemonClock
    private let running = Mutex<Loaded?>(nil)
    /// What the operator still has to do about the settings in force.
    private let pending = Mutex<String?>(nil)
    private let outcome = Mutex(
        (loadedAt: Timestamp(microseconds: 0), isLastReloadAccepted: true))

    init(paths: DaemonPaths, seed: UInt64, clock: DaemonClock) {
        directory = paths.settings
        shelf = RevisionShelf(state: paths.state)
        self.seed = seed
        self.clock = clock
        vendors = VendorRegistry.installed()
        regions = RegionTable.installed()
        recordWriter = RecordWriter(vendors: vendors)
    }

    /// What the files on disk come to.
    func load() -> Loaded { load(directory) }

    /// What a start takes: the files on disk, unless they were taken back and are as they were.
    func loadAtStart() -> Loaded {
        var onDisk = load()
        guard let substitution = shelf.substitution,
            onDisk.book?.settings.revision == substitution.refused
        else { return onDisk }
        let refused = substitution.refused.prefix(4)
        guard var kept = keptSettings(substitution.used) else {
            onDisk.warnings.append(
                "settings \(refused) were not confirmed, and those before them are lost: "
                    + "\(refused) are in force")
            return onDisk
        }
        kept.warnings.append(
            "the settings on disk (\(refused)) are not in force: \(substitution.used.prefix(4)) "
                + "are; regionlock reload takes those on disk")
        return kept
    }

    /// A kept revision; nil when it is not there, or not what it was.
    func keptSettings(_ revision: String) -> Loaded? {
        guard let kept = shelf.list().first(where: { $0.revision == revision }) else { return nil }
        let loaded = load(shelf.path(of: kept))
        return loaded.book?.settings.revision == revision ? loaded : nil
    }

    private func load(_ directory: String) -> Loaded {
        var result = SettingsLoader.load(
            directory: directory, vendorRegistry: vendors, regions: regions)
        result.runTests(at: clock.now())
        let errors = result.problems.filter { $0.severity == .error }
        let warnings = result.problems.filter { $0.severity == .warning }
        return Loaded(
            book: result.settings.map { PolicyBook(settings: $0, seed: seed) },
            report: result.problems.map { $0.rendered(directory: directory) }
                .joined(separator: "\n"),
            firstError: errors.first.map { "\($0.file):\($0.line): \($0.message)" } ?? "",
            warnings: warnings.map { "\($0.file):\($0.line): \($0.message)" },
            files: result.files)
    }

    /// Marks what was loaded as what runs, and keeps it.
    ///
    /// - Returns: why it is not kept; nil when it is.
    @discardableResult
    func adopt(_ loaded: Loaded, pending note: String? = nil) -> String? {
        let revision = inForce?.book?.settings.revision
        outcome.withLock { outcome in
            outcome.isLastReloadAccepted = true
            if loaded.book?.settings.revision != revision { outcome.loadedAt = clock.now() }
        }
        var slim = loaded
        slim.files = []
        running.withLock { [slim] in $0 = slim }
        pending.withLock { $0 = note }
        guard let revision = loaded.book?.settings.revision, !loaded.files.isEmpty else {
            return nil
        }
        do {
            try shelf.keep(
                loaded.files.map { RevisionShelf.File(path: $0.path, text: $0.text) }, as: revision)
            return nil
        } catch {
            return "settings \(revision.prefix(4)) are in force, but not kept for later: \(error)"
        }
    }

    /// Notes that what was to be taken last was not taken, or not for good.
    func refuse() { outcome.withLock { $0.isLastReloadAccepted = false } }

    /// When the settings in force were loaded, and whether the last reload is what is in force.
    var state: (loadedAt: Timestamp, isLastReloadAccepted: Bool) { outcome.withLock { $0 } }

    /// The settings in force, without the files they were read from.
    var inForce: Loaded? { running.withLock { $0 } }

    /// Warnings of the settings that run.
    var warnings: [String] {
        let note = pending.withLock { $0 }
        return (running.withLock { $0?.warnings } ?? []) + (note.map { [$0] } ?? [])
    }

    @Sendable func regionName(_ region: Region) -> String? { regions.name(of: region) }

    func isAssigned(_ region: Region) -> Bool { regions.isAssigned(region) }
}
