import Engine
import Logging
import Policy
import ServiceLifecycle
import Systemd
import Wire

/// What has to be done now and then, off the packet thread: writing again what a failing disk
/// refused, trimming the history, and telling systemd how things stand.
struct MaintenanceService: Service {
    private static let period = Duration.seconds(5)
    private static let pruneEvery = 720

    let desk: ControlDesk
    let recorder: Recorder
    let notifier: ServiceNotifier
    let journal: Journal?
    let clock: DaemonClock
    let logger: Logger

    func run() async throws {
        try? await cancelWhenGracefulShutdown { try await maintain() }
    }

    private func maintain() async throws {
        var told = ""
        var rounds = 0
        while true {
            try await Task.sleep(for: Self.period)
            await recorder.retry()
            journal?.flush()
            if rounds % Self.pruneEvery == 0 { await prune() }
            rounds += 1
            let status = await desk.statusLine()
            if status != told {
                told = status
                // Nobody listens when systemd did not start us.
                try? notifier.status(status)
            }
        }
    }

    private func prune() async {
        let days = await desk.gatekeeper.ask { engine, _ in engine.book.settings.keepHistoryDays }
        do {
            try await recorder.prune(before: clock.now().adding(seconds: -Int64(days) * 86_400))
        } catch {
            logger.warning("history could not be trimmed: \(error)")
        }
    }
}
