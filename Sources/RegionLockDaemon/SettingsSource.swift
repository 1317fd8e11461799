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
        let warnings: [String]
    }

    let directory: String
    let recordWriter: RecordWriter
    private let vendors: VendorRegistry
    private let regions: RegionTable
    /// Keys the endpoint index, so that nobody can craft names that collide in it.
    private let seed: UInt64
    private let clock: DaemonClock
    private let running = Mutex<[String]>([])

    init(directory: String, seed: UInt64, clock: DaemonClock) {
        self.directory = directory
        self.seed = seed
        self.clock = clock
        vendors = VendorRegistry.installed()
        regions = RegionTable.installed()
        recordWriter = RecordWriter(vendors: vendors)
    }

    func load() -> Loaded {
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
            warnings: warnings.map { "\($0.file):\($0.line): \($0.message)" })
    }

    /// Marks what was loaded as what runs.
    func adopt(_ loaded: Loaded) { running.withLock { $0 = loaded.warnings } }

    /// Warnings of the settings that run.
    var warnings: [String] { running.withLock { $0 } }

    @Sendable func regionName(_ region: Region) -> String? { regions.name(of: region) }

    func isAssigned(_ region: Region) -> Bool { regions.isAssigned(region) }
}
