import ControlAPI
import Engine
import GeoIP
import Logging
import Policy
import ServiceLifecycle
import Wire

/// Holds the GeoIP database in use, and compares the uplink's address with the declared regions.
///
/// What it finds is only told. A database that can't be used leaves the one before in use; without
/// one, the regions of addresses are unknown, and nobody is cut off or freed for that.
actor GeoIPKeeper {
    /// What settings would have us use.
    struct Candidate: Sendable {
        let database: RegionDatabase?
        /// Why it is not what lies under the path.
        let trouble: String?
        /// The file that was tried; nil when none was there.
        let tried: FileIdentity?
    }

    private let recorder: Recorder
    private let clock: DaemonClock
    private let logger: Logger
    private var settings: GatewaySettings?
    private var inUse = Candidate(database: nil, trouble: nil, tried: nil)
    private var check: UplinkCheck?
    private var complaints: [String] = []
    /// What the journal has been told of last.
    private var toldComplaints: [String] = []
    private var toldCheck: UplinkCheck?

    init(recorder: Recorder, clock: DaemonClock, logger: Logger) {
        self.recorder = recorder
        self.clock = clock
        self.logger = logger
    }

    // MARK: Settings

    /// Opens what the settings name, unless it is open already. Nothing is in use by that.
    func candidate(for settings: GatewaySettings) -> Candidate {
        guard let geoip = settings.geoip else {
            return Candidate(database: nil, trouble: nil, tried: nil)
        }
        let tried = FileIdentity(path: geoip.database)
        let before = inUse.database.flatMap { $0.path == geoip.database ? $0 : nil }
        if let before, before.identity == tried {
            return Candidate(database: before, trouble: nil, tried: tried)
        }
        do throws(DatabaseError) {
            let database = try RegionDatabase.open(path: geoip.database)
            return Candidate(database: database, trouble: nil, tried: tried)
        } catch {
            let stays =
                before.map { "; \($0.facts.description), which was there before, stays in use" }
                ?? "; regions of addresses are unknown until it can"
            return Candidate(database: before, trouble: "\(error)\(stays)", tried: tried)
        }
    }

    /// The gatekeeper uses it from now on, with these settings.
    func adopt(_ candidate: Candidate, settings: GatewaySettings) {
        inUse = candidate
        self.settings = settings
        compare()
    }

    // MARK: Time

    /// Looks whether the file or the uplink's address is another one.
    func look(for gatekeeper: Gatekeeper) async {
        guard let settings, let geoip = settings.geoip else { return }
        if FileIdentity(path: geoip.database) != inUse.tried {
            let candidate = candidate(for: settings)
            let isAnother = candidate.database !== inUse.database
            inUse = candidate
            if isAnother { await gatekeeper.use(candidate.database) }
        }
        compare()
    }

    private func compare() {
        guard let settings, let geoip = settings.geoip else {
            (check, complaints) = (nil, [])
            return
        }
        let now = clock.now()
        complaints = inUse.trouble.map { [$0] } ?? []
        if let database = inUse.database {
            complaints += settings.complaints(about: database.facts, at: now)
            check = UplinkCheck.compare(uplink(geoip, database), with: settings.sites.sites)
        } else {
            check = .cannotTell("no GeoIP database is open")
        }
        tell(at: now)
    }

    private func uplink(_ geoip: GeoIPSettings, _ database: RegionDatabase) -> AddressRegion {
        guard let address = geoip.uplinkAddress ?? UplinkAddress.current() else {
            let none = IPAddress.v4(IPv4Address(value: 0))
            return AddressRegion(none, .unknown(.noAddress), database: nil)
        }
        return database.region(of: address)
    }

    /// Once for each thing that is new.
    private func tell(at now: Timestamp) {
        // The age alone is no news: it would be told anew each day.
        let news = complaints.filter { text in
            !toldComplaints.contains { $0.prefix(60) == text.prefix(60) }
        }
        toldComplaints = complaints
        for text in news {
            recorder.submit([], Event(time: now, kind: .databaseTrouble, text: text))
        }
        guard check != toldCheck else { return }
        let before = toldCheck
        toldCheck = check
        switch check {
        case .differs(let found, _)?:
            recorder.submit(
                [],
                Event(
                    time: now, kind: .regionMismatch, region: found.region,
                    text: (check?.text ?? "")
                        + ": the declared ones hold, and nobody is cut off or freed for it"))
        case .cannotTell?:
            recorder.submit(
                [], Event(time: now, kind: .regionUnchecked, text: check?.text ?? ""))
        case .agrees?:
            logger.notice(
                "\(before?.differs ?? false ? "again " : "")\(check?.text ?? "")",
                metadata: ["event": "region.agrees"])
        case nil: break
        }
    }

    // MARK: Questions

    /// For `regionlock status`.
    var warnings: [Warning] {
        var warnings = complaints.map { text in
            Warning(code: "geoip", text: text, fix: settings?.geoip?.source.description)
        }
        if let check, check.differs {
            warnings.append(
                Warning(
                    code: "region_mismatch", text: check.text,
                    fix: "region: of the site, or geoip.uplink_address"))
        }
        return warnings
    }

    var uplinkText: String? { check?.text }

    var metrics: GatewayMetrics.GeoIP {
        var metrics = GatewayMetrics.GeoIP()
        guard settings?.geoip != nil else { return metrics }
        metrics.isWhole = inUse.database != nil && complaints.isEmpty
        metrics.builtAt = inUse.database?.facts.builtAt
        metrics.recordsRefused = inUse.database?.refusedRecords ?? 0
        switch check {
        case .agrees?: metrics.isMismatch = false
        case .differs?: metrics.isMismatch = true
        case .cannotTell?, nil: metrics.isMismatch = nil
        }
        return metrics
    }
}

/// Has the keeper look now and then.
struct GeoIPService: Service {
    let keeper: GeoIPKeeper
    let gatekeeper: Gatekeeper

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while true {
                try await Task.sleep(for: .seconds(GeoIPLimits.lookSeconds))
                await keeper.look(for: gatekeeper)
            }
        }
    }
}
