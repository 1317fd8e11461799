import ControlAPI
import ControlServer
import Engine
import Glibc
import Logging
import NIOCore
import NIOPosix
import Netfilter
import Policy
import ServiceLifecycle
import Systemd
import UnixSignals

/// Keeps a thread for as long as the daemon runs.
///
/// Services stop in reverse order: the sockets first, the packet thread and the store last, so that
/// a block decided in the last moment still reaches the disk.
struct ThreadService: Service {
    let thread: ThreadExecutor
    /// Called before the thread ends, on a task of its own.
    let beforeEnd: @Sendable () async -> Void

    func run() async throws {
        let thread = thread
        let beforeEnd = beforeEnd
        // Cancelled as well: when another service fails, the group ends all of them.
        await withTaskCancellationOrGracefulShutdownHandler {
            await thread.waitForEnd()
        } onCancelOrGracefulShutdown: {
            Task {
                await beforeEnd()
                thread.stop()
            }
        }
    }
}

/// The control API on its sockets.
struct ControlService: Service {
    let server: APIServer

    func run() async throws {
        try await cancelWhenGracefulShutdown { try await server.run() }
    }
}

/// SIGHUP means: read the settings again.
struct ReloadService: Service {
    let desk: ControlDesk
    let notifier: ServiceNotifier
    let logger: Logger

    func run() async throws {
        for await _ in await UnixSignalsSequence(trapping: .sighup).cancelOnGracefulShutdown() {
            // A notifier that is not heard changes nothing about the reload.
            try? notifier.reloading()
            do {
                let reply = try await desk.reload(ReloadRequest(), by: Self.caller)
                logger.notice("settings \(reply.revision) are in force")
            } catch {
                logger.error("\(error.detail ?? error.title)")
            }
            try? notifier.ready(status: await desk.statusLine())
        }
    }

    private static var caller: Caller {
        Caller(uid: 0, gid: 0, pid: 0, userName: "SIGHUP", mayChange: true)
    }
}

extension Daemon {
    /// Serves until SIGTERM or SIGINT. Blocks stay in force when it returns.
    func serve(paths: DaemonPaths) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let notifier = notifier
        let desk = desk
        let server = APIServer(
            backend: desk,
            sockets: ServerSockets(
                control: "\(paths.run)/control.sock", status: "\(paths.run)/status.sock",
                adminsGroup: Self.group(named: settings.control.admins, logger: logger)),
            group: group, observe: { [logger] in Self.log($0, to: logger) },
            onReady: {
                Task {
                    // Not under systemd nobody listens, and that is fine.
                    try? notifier.ready(status: await desk.statusLine())
                }
            })
        let recorder = recorder
        let gatekeeper = gatekeeper
        var services: [any Service] = [
            ThreadService(thread: storeThread) {
                // What failed to be written has been told already.
                try? await recorder.settle()
                await recorder.endWatching()
            },
            ThreadService(thread: packetThread) {
                recorder.submit([], await desk.farewell())
                await gatekeeper.endInspection()
            },
            ControlService(server: server),
            ReloadService(desk: desk, notifier: notifier, logger: logger),
            MaintenanceService(
                desk: desk, recorder: recorder, notifier: notifier, journal: journal,
                clock: desk.clock, logger: logger),
        ]
        services.append(GeoIPService(keeper: desk.geoip, gatekeeper: gatekeeper))
        services.append(LeaseService(keeper: desk.leases, gatekeeper: gatekeeper))
        if settings.notice.isEnabled {
            services.append(
                NoticeService(
                    port: settings.notice.port, group: group, gatekeeper: gatekeeper,
                    settings: desk.settings, logger: logger))
        }
        let serviceGroup = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        try await serviceGroup.run()
        try? notifier.stopping()
        try await group.shutdownGracefully()
    }

    private static func group(named name: String, logger: Logger) -> UInt32? {
        if let entry = unsafe getgrnam(name) { return unsafe entry.pointee.gr_gid }
        logger.warning("there is no group \(name): only root may change things")
        return nil
    }

    private static func log(_ observation: ServerObservation, to logger: Logger) {
        switch observation {
        case .refusedConnection(let uid, let pid):
            logger.warning("too many connections: uid \(uid) pid \(pid) was turned away")
        case .refusedChange(let operation, let caller):
            logger.warning("\(caller.by) may not \(operation)", metadata: ["by": "\(caller.by)"])
        }
    }
}

extension ControlDesk {
    /// The last event of a daemon that ends as it should.
    func farewell() async -> Event {
        await gatekeeper.ask { engine, now in
            Event(
                time: now, kind: .daemonStopped,
                text: "regionlockd stops; \(engine.blocks.count) blocks stay in force")
        }
    }

    /// What `systemctl status` shows.
    func statusLine() async -> String {
        await gatekeeper.ask { engine, _ in
            let settings = engine.book.settings
            func count(_ number: Int, _ one: String, _ many: String) -> String {
                "\(number) \(number == 1 ? one : many)"
            }
            let devices = count(engine.blocks.count, "device", "devices")
            let policies = count(settings.policies.count, "policy", "policies")
            let removed = engine.removal.map { "everything taken down by \($0.by), " } ?? ""
            return "\(removed)\(engine.mode.rawValue), \(devices) cut off, \(policies), "
                + "settings \(settings.revision.prefix(4))"
        }
    }
}
