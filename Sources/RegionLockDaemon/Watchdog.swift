import Synchronization
import Systemd

/// Tells systemd now and then that the packet thread turns.
final class Watchdog: Sendable {
    private let notifier: ServiceNotifier
    private let clock: DaemonClock
    /// A third of the time systemd waits; nil when it does not wait.
    private let intervalNanoseconds: UInt64?
    private let next = Atomic<UInt64>(0)

    init(notifier: ServiceNotifier, clock: DaemonClock) {
        self.notifier = notifier
        self.clock = clock
        intervalNanoseconds = notifier.watchdogInterval.map { interval in
            let parts = interval.components
            let nanoseconds =
                UInt64(parts.seconds) * 1_000_000_000
                + UInt64(parts.attoseconds / 1_000_000_000)
            return nanoseconds / 3
        }
    }

    func feed() {
        guard let intervalNanoseconds else { return }
        let now = clock.monotonicNanoseconds()
        guard now >= next.load(ordering: .relaxed) else { return }
        next.store(now + intervalNanoseconds, ordering: .relaxed)
        // Not told is not fatal: systemd then restarts us, and the blocks hold meanwhile.
        try? notifier.watchdog()
    }
}
