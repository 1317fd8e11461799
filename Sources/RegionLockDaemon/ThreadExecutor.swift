import Glibc
package import Netfilter
import Synchronization

/// A thread that runs the jobs of one actor, and between them waits for file descriptors.
///
/// As the executor of the engine's actor it is also the packet thread: a packet reaches the engine
/// without a lock and without a hop.
package final class ThreadExecutor: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isStopping = false
        /// Told when the loop has ended.
        var onEnd: [@Sendable () -> Void] = []
        var hasEnded = false
    }

    private let state = Mutex(State())
    private let wake: WakeEvent
    private let threadID = Atomic<UInt>(0)

    package init(wake: consuming WakeEvent) { self.wake = wake }

    package func enqueue(_ job: consuming ExecutorJob) {
        let unowned = UnownedJob(job)
        state.withLock { $0.jobs.append(unowned) }
        wake.signal()
    }

    package func asUnownedSerialExecutor() -> UnownedSerialExecutor {
        unsafe UnownedSerialExecutor(ordinary: self)
    }

    // Without these two, `assumeIsolated` on our own thread would stop the program.
    package func checkIsolated() {
        precondition(isIsolatingCurrentContext() ?? false, "not on the actor's own thread")
    }

    package func isIsolatingCurrentContext() -> Bool? {
        threadID.load(ordering: .acquiring) == Self.currentThread
    }

    /// Ends the loop once the jobs at hand are done.
    package func stop() {
        state.withLock { $0.isStopping = true }
        wake.signal()
    }

    /// Returns when the loop has ended.
    package func waitForEnd() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.onEnd.append { continuation.resume() } }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    /// Starts the thread.
    ///
    /// - Parameter between: waits for descriptors, the given one among them, and serves what is
    ///   ready. Nil: only jobs are waited for.
    package func start(name: String, between: (@Sendable (Int32) -> Void)? = nil) {
        NamedThread.start(name: name) { self.run(between: between) }
    }

    private func run(between: ((Int32) -> Void)?) {
        threadID.store(Self.currentThread, ordering: .releasing)
        let sleep =
            between ?? { descriptor in
                var poll = PollSet()
                poll.add(descriptor)
                // A poll that fails only turns the loop once more.
                _ = try? poll.wait(timeoutMilliseconds: nil)
            }
        while true {
            // Cleared before the jobs are taken: a job that comes later signals again.
            wake.clear()
            let (jobs, isStopping) = state.withLock { state in
                defer { state.jobs.removeAll(keepingCapacity: true) }
                return (state.jobs, state.isStopping)
            }
            for job in jobs { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
            if isStopping, jobs.isEmpty { break }
            if jobs.isEmpty { sleep(wake.fileDescriptor) }
        }
        let told = state.withLock { state in
            state.hasEnded = true
            return state.onEnd
        }
        for tell in told { tell() }
    }

    private static var currentThread: UInt { UInt(pthread_self()) }
}

/// A detached POSIX thread.
enum NamedThread {
    private final class Body {
        let name: String
        let run: @Sendable () -> Void

        init(name: String, run: @escaping @Sendable () -> Void) {
            self.name = name
            self.run = run
        }
    }

    /// - Parameter name: shown by ps(1) and top(1).
    static func start(name: String, _ run: @escaping @Sendable () -> Void) {
        let body = unsafe Unmanaged.passRetained(Body(name: name, run: run))
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread, nil,
            { argument in
                guard let argument = unsafe argument else { return nil }
                let body = unsafe Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
                nameCurrentThread(body.name)
                body.run()
                return nil
            }, body.toOpaque())
        precondition(result == 0, "no thread can be made")
        pthread_detach(thread)
    }
}
