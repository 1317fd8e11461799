import Logging
import Netfilter
import Systemd
import Wire

/// The loop of the packet thread: sleeps until the tap, the neighbour table, the table of rules or
/// a job has something, and looks after the second and the watchdog in between.
///
/// The watchdog is fed from here and from nowhere else: a daemon that no longer answers packets
/// must not look alive.
final class PacketThread: Sendable {
    private let executor: ThreadExecutor
    private let gatekeeper: Gatekeeper
    private let watchdog: Watchdog

    init(executor: ThreadExecutor, gatekeeper: Gatekeeper, watchdog: Watchdog) {
        self.executor = executor
        self.gatekeeper = gatekeeper
        self.watchdog = watchdog
    }

    func start() {
        executor.start(name: "packets") { [self] wake in
            gatekeeper.assumeIsolated { $0.waitAndServe(wake) }
            watchdog.feed()
        }
    }

    func stop() { executor.stop() }
}

extension Gatekeeper {
    /// One round of the loop.
    func waitAndServe(_ wake: Int32) {
        var poll = PollSet()
        poll.add(wake)
        // Before the table is joined with the store, a verdict would find nobody cut, and no
        // neighbour would be known. Packets wait as long.
        let tapPlace = hasBegun && !hasEnded ? poll.add(tap.fileDescriptor) : nil
        let routePlace = poll.add(routes.fileDescriptor)
        let foreignPlace = poll.add(foreign.fileDescriptor)
        let identityPlace = hasBegun ? (identities?.fileDescriptor).map { poll.add($0) } : nil
        let now = clock.monotonicNanoseconds()
        let next = refill == nil ? min(nextTick, tampering.repairDue ?? .max) : 0
        let due = min(next > now ? next - now : 0, returnWait ?? .max)
        do {
            _ = try poll.wait(timeoutMilliseconds: Int32(due / 1_000_000 + 1))
            // First of all: while a table is not whole a block leaks.
            if poll.isReady(foreignPlace) { try readForeignTouches() }
            repairWhenDue()
            // A device that has come is heard before its packets are judged.
            if poll.isReady(routePlace) { try readRoutes() }
            if let identityPlace, poll.isReady(identityPlace) { try readIdentities() }
            settleReturns()
            if let tapPlace, poll.isReady(tapPlace) { try readTap() }
        } catch {
            complain("\(error)")
        }
        if clock.monotonicNanoseconds() >= nextTick {
            nextTick = clock.monotonicNanoseconds() + 1_000_000_000
            tick()
        }
    }

    /// Says what went wrong with a socket, but not once for every packet.
    func complain(_ text: String) {
        guard text != lastComplaint else { return }
        lastComplaint = text
        logger.error("the packet thread goes on after an error", metadata: ["error": "\(text)"])
    }
}
