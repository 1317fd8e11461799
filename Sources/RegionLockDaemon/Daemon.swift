import BlockStore
import Engine
import Firewall
import GeoIP
import Glibc
import Logging
import Netfilter
import Policy
import Systemd
import Wire

/// The assembled daemon: what is made, and in which order.
///
/// What an earlier life has left comes first: however this start ends, nobody else will look after
/// it. Then the settings: with bad ones no table is touched, and what the kernel holds goes on
/// holding. The store before the kernel, so that both can be joined. The tap before the table, so
/// that no packet is queued for nobody. Sockets last, by `Services`.
struct Daemon: Sendable {
    let gatekeeper: Gatekeeper
    let recorder: Recorder
    let desk: ControlDesk
    let packetThread: ThreadExecutor
    let storeThread: ThreadExecutor
    let notifier: ServiceNotifier
    let keeper: QueueKeeper
    let settings: GatewaySettings
    let logger: Logger
    /// Nil where there is none and lines go to standard error.
    var journal: Journal?

    /// When it returns, blocks are enforced and tagged devices are inspected.
    ///
    /// - Throws: why it cannot run. No queue is left then: what would be inspected passes or not,
    ///   as the settings said that were in force before.
    static func start(
        paths: DaemonPaths, shape: TableDesign.Shape, logger: Logger
    ) async throws(StartFailure) -> Daemon {
        let notifier = ServiceNotifier()
        let keeper = QueueKeeper(notifier: notifier, passed: PassedSockets(), logger: logger)
        do throws(StartFailure) {
            return try await start(
                paths: paths, shape: shape, notifier: notifier, keeper: keeper, logger: logger)
        } catch {
            keeper.release()
            throw error
        }
    }

    private static func start(
        paths: DaemonPaths, shape: TableDesign.Shape, notifier: ServiceNotifier,
        keeper: QueueKeeper, logger: Logger
    ) async throws(StartFailure) -> Daemon {
        let clock = DaemonClock()
        var random = SystemRandomNumberGenerator()
        let source = SettingsSource(paths: paths, seed: random.next(), clock: clock)
        let loaded = source.loadAtStart()
        guard let book = loaded.book else {
            throw StartFailure(loaded.report, exitStatus: EX_CONFIG)
        }
        for warning in loaded.warnings { logger.warning("\(warning)") }
        let storeThread = try makeThread()
        let (recorder, snapshot) = try makeRecorder(
            paths, thread: storeThread, clock: clock, logger: logger)
        let packetThread = try makeThread()
        let geoip = GeoIPKeeper(recorder: recorder, clock: clock, logger: logger)
        let candidate = await geoip.candidate(for: book.settings)
        let leases = LeaseKeeper(clock: clock, logger: logger)
        await leases.adopt(book.settings)
        let gatekeeper = try makeGatekeeper(
            book, snapshot, shape: shape, references: ReferenceSource(seed: random.next()),
            keeper: keeper, recorder: recorder, database: candidate.database, clock: clock,
            logger: logger, thread: packetThread)
        PacketThread(
            executor: packetThread, gatekeeper: gatekeeper,
            watchdog: Watchdog(notifier: notifier, clock: clock)
        ).start()
        // Before the table: a tag may hang on them, and so does who was here before us.
        let (words, isWhole) = await leases.words
        await gatekeeper.take(words, isWhole: isWhole)
        do {
            try await gatekeeper.begin()
        } catch {
            throw kernelFailure(error)
        }
        await geoip.adopt(candidate, settings: book.settings)
        // After the store has made and checked its directory.
        if let trouble = source.adopt(loaded) { logger.warning("\(trouble)") }
        let reloads = Reloads(
            gatekeeper: gatekeeper, recorder: recorder, settings: source, geoip: geoip,
            clock: clock)
        let desk = ControlDesk(
            gatekeeper: gatekeeper, recorder: recorder, settings: source, reloads: reloads,
            geoip: geoip, leases: leases, clock: clock, notifier: notifier,
            startedAt: clock.now())
        return Daemon(
            gatekeeper: gatekeeper, recorder: recorder, desk: desk, packetThread: packetThread,
            storeThread: storeThread, notifier: notifier, keeper: keeper, settings: book.settings,
            logger: logger)
    }

    private static func makeThread() throws(StartFailure) -> ThreadExecutor {
        do {
            return ThreadExecutor(wake: try WakeEvent.open())
        } catch {
            throw kernelFailure(error)
        }
    }

    private static func makeRecorder(
        _ paths: DaemonPaths, thread: ThreadExecutor, clock: DaemonClock, logger: Logger
    ) throws(StartFailure) -> (Recorder, EngineSnapshot) {
        do {
            let store = try StateStore.open(directory: paths.state)
            let snapshot = try store.load()
            let loss = store.openedAfterLoss
            let recorder = Recorder(
                store: store, log: EventLog(logger: logger), executor: thread)
            thread.start(name: "store")
            if let loss {
                recorder.submit(
                    [],
                    Event(
                        time: clock.now(), kind: .storeLost,
                        text: "\(loss); blocks the kernel holds are taken over"))
            }
            return (recorder, snapshot)
        } catch {
            throw StartFailure("\(error)", exitStatus: EX_IOERR)
        }
    }

    private static func makeGatekeeper(
        _ book: PolicyBook, _ snapshot: EngineSnapshot, shape: TableDesign.Shape,
        references: ReferenceSource, keeper: QueueKeeper, recorder: Recorder,
        database: RegionDatabase?, clock: DaemonClock, logger: Logger, thread: ThreadExecutor
    ) throws(StartFailure) -> Gatekeeper {
        let kernel = try openKernel()
        let features = kernel.features
        if !features.ownerPersist {
            logger.notice(
                "this kernel cannot keep others from changing our table (Linux 6.9 can)")
        }
        do {
            let foreign = try kernel.watch()
            let parts = KernelParts(
                kernel: kernel,
                flows: try FlowTable.open(filteredDelete: features.conntrackFilteredDelete),
                tap: try keeper.open(
                    Gatekeeper.tapMode(book.settings.inspection, features: features)),
                identities: Gatekeeper.identityTap(
                    book.settings.inspection, features: features
                ) { logger.warning("\($0)", metadata: ["event": "kernel.dhcp"]) },
                routes: try RouteWatch.open(), foreign: foreign)
            // A queue that the settings no longer name is read by nobody.
            keeper.release(allBut: parts.tap.mode)
            let engine = BlockEngine(
                book: book, snapshot: snapshot,
                capabilities: TableCapabilities(
                    innerHeader: features.innerHeaderPayload, redirect: features.redirect,
                    bridge: features.bridgeTable, senderSets: features.senderSets,
                    logGroup: features.logGroup),
                shape: shape, references: references)
            return Gatekeeper(
                parts: parts, engine: engine, keeper: keeper, recorder: recorder,
                database: database, clock: clock, logger: logger, executor: thread)
        } catch {
            // The capability is there, or the probe would have failed.
            let hint = error.isNotPermitted ? "; only one may run in a network namespace" : ""
            throw StartFailure("\(error)\(hint)", exitStatus: EX_OSERR)
        }
    }

    static func openKernel() throws(StartFailure) -> KernelTableOwner {
        do {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            return KernelTableOwner(connection: connection, features: features)
        } catch {
            throw kernelFailure(error)
        }
    }

    static func kernelFailure(_ error: NetfilterError) -> StartFailure {
        let hint =
            error.isNotPermitted
            ? "; regionlockd needs CAP_NET_ADMIN" : ""
        return StartFailure(
            "\(error)\(hint)", exitStatus: error.isNotPermitted ? EX_NOPERM : EX_OSERR)
    }
}
