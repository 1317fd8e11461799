import Logging
import Netfilter
import Synchronization
import Systemd

/// Sees to it that the queue outlives the daemon when it dies, and not when it ends.
///
/// The kernel drops what waits in a queue whose last socket closes. So the service manager holds a
/// copy of the socket (its descriptor store) and hands it to the next life of the daemon, which
/// goes on with it; meanwhile packets wait. Whoever ends a queue on purpose has to say so to the
/// kernel: closing is not enough any more, and a queue that nobody reads is a gateway that does
/// not forward what should be inspected.
///
/// Where there is no such manager, the kernel does what it always did.
final class QueueKeeper: Sendable {
    private static let namePrefix = "queue-"

    private let notifier: ServiceNotifier
    private let logger: Logger
    private let kept: Mutex<[Kept]>

    /// A queue stays in its box until it is released.
    private final class Kept: Sendable {
        private let queue: Mutex<KeptQueue?>
        let number: UInt16

        init(_ queue: consuming KeptQueue) {
            number = queue.number
            self.queue = Mutex(queue)
        }

        func tap(_ mode: TapMode) throws(NetfilterError) -> PacketTap {
            try queue.withLock { queue throws(NetfilterError) in
                guard let tap = try queue?.tap(mode) else {
                    preconditionFailure("a released queue is asked for")
                }
                return tap
            }
        }

        func release() throws(NetfilterError) {
            try queue.withLock { queue throws(NetfilterError) in try queue.take()?.release() }
        }
    }

    /// Takes what an earlier life of the daemon has left.
    init(notifier: ServiceNotifier, passed: PassedSockets, logger: Logger) {
        self.notifier = notifier
        self.logger = logger
        var found: [Kept] = []
        for name in passed.names where name.hasPrefix(Self.namePrefix) {
            for descriptor in passed.descriptors(named: name) {
                do throws(NetfilterError) {
                    let number = UInt16(name.dropFirst(Self.namePrefix.count)) ?? 0
                    found.append(Kept(try KeptQueue.adopt(descriptor, number: number)))
                } catch {
                    logger.warning("what was kept for us as \(name) is of no use: \(error)")
                    // It is closed here; the manager may keep it at worst.
                    try? notifier.forget(named: name)
                }
            }
        }
        kept = Mutex(found)
    }

    /// The tap of this mode: the one an earlier life has left, or a new one.
    func open(_ mode: TapMode) throws(NetfilterError) -> PacketTap {
        guard case .queue(let number, _, _) = mode else { return try PacketTap.open(mode) }
        for candidate in kept.withLock({ $0 }) where candidate.number == number {
            do throws(NetfilterError) {
                let tap = try candidate.tap(mode)
                logger.notice("going on with \(mode.description) where it was left")
                return tap
            } catch {
                logger.warning("\(mode.description) is opened anew: \(error)")
                release(candidate)
            }
        }
        return try openAnew(mode, number)
    }

    private func openAnew(_ mode: TapMode, _ number: UInt16) throws(NetfilterError) -> PacketTap {
        do throws(NetfilterError) {
            // Before it is bound: from its first packet on the queue outlives us.
            let tap = try PacketTap.open(mode) { store($0, number) }
            if let queue = try KeptQueue.of(tap) {
                let box = Kept(queue)
                kept.withLock { $0.append(box) }
            }
            return tap
        } catch {
            forget(number)
            throw error
        }
    }

    private func store(_ descriptor: Int32, _ number: UInt16) {
        do {
            // Datagrams keep their order: when READY=1 is heard, this has been.
            try notifier.store(descriptor, named: Self.name(of: number))
        } catch {
            logger.warning("packets that wait are lost if the daemon is killed: \(error)")
        }
    }

    /// Ends every queue but the one of this mode; all of them without.
    func release(allBut mode: TapMode? = nil) {
        var current: UInt16?
        if case .queue(let number, _, _) = mode { current = number }
        for queue in kept.withLock({ $0 }) where queue.number != current { release(queue) }
    }

    private func release(_ queue: Kept) {
        kept.withLock { $0.removeAll { $0 === queue } }
        do throws(NetfilterError) {
            try queue.release()
        } catch {
            logger.error("queue \(queue.number) could not be let go: \(error)")
        }
        // Whatever the kernel said: without the manager's copy the queue ends with this process.
        forget(queue.number)
    }

    private func forget(_ number: UInt16) {
        do {
            try notifier.forget(named: Self.name(of: number))
        } catch {
            logger.error("the service manager still holds queue \(number): \(error)")
        }
    }

    private static func name(of number: UInt16) -> String { "\(namePrefix)\(number)" }
}
