package import BlockStore
package import Engine
import Logging
import Synchronization
import Wire

/// Keeps what the engine asks to be kept, then tells the journal and the watchers.
///
/// It has a thread of its own: an fsync must never stand between a packet and its verdict. What
/// waits is written together in one transaction, so that a burst of blocks costs one fsync.
package actor Recorder {
    /// One `record` effect, or without an event a `keep`.
    struct Entry: Sendable {
        let changes: [StoreChange]
        let event: Event?
    }

    /// Entries that may wait for a failing disk. Blocks are in the kernel meanwhile; beyond this
    /// the oldest history is given up, never a block.
    static let maximumBacklog = 65_536
    /// Events a watcher may be behind. The ids tell it that it missed some.
    static let watcherBuffer = 1_024

    private let executor: ThreadExecutor
    nonisolated package var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    private struct Inbox: Sendable {
        var entries: [Entry] = []
        var isDrainPlanned = false
    }

    private let inbox = Mutex(Inbox())
    private let store: StateStore
    private let log: EventLog
    private var backlog: [Entry] = []
    private var watchers: [Int: AsyncStream<Event>.Continuation] = [:]
    private var nextWatcher = 0
    /// Why the last write failed; nil when everything is on disk.
    package private(set) var trouble: String?

    package init(store: sending StateStore, log: EventLog, executor: ThreadExecutor) {
        self.store = store
        self.log = log
        self.executor = executor
    }

    /// Takes an entry over. It never waits; order is kept.
    nonisolated package func submit(_ changes: [StoreChange], _ event: Event?) {
        let mustPlan = inbox.withLock { inbox in
            inbox.entries.append(Entry(changes: changes, event: event))
            defer { inbox.isDrainPlanned = true }
            return !inbox.isDrainPlanned
        }
        if mustPlan { Task { await self.drain() } }
    }

    /// Returns when everything submitted before is on disk.
    package func settle() throws(StoreError) {
        if let error = drain() { throw error }
    }

    /// Tries again what a failing disk refused; called now and then.
    package func retry() { if !backlog.isEmpty { drain() } }

    @discardableResult
    private func drain() -> StoreError? {
        let new = inbox.withLock { inbox in
            defer { inbox = Inbox() }
            return inbox.entries
        }
        guard !new.isEmpty || !backlog.isEmpty else { return nil }
        let waiting = backlog + new
        let changes = waiting.flatMap { entry in
            entry.changes + (entry.event.map { [.append($0)] } ?? [])
        }
        do {
            let numbers = try store.apply(changes)
            if trouble != nil { log.recovered(count: waiting.count) }
            trouble = nil
            backlog = []
            for case let event? in new.map(\.event) { log.tell(event) }
            publish(waiting.compactMap(\.event), numbers: numbers)
            return nil
        } catch {
            // The journal hears of it all the same: blocks are in force in the kernel already.
            for case let event? in new.map(\.event) { log.tell(event) }
            if trouble == nil { log.storeFailed("\(error)", waiting: waiting.count) }
            trouble = "\(error)"
            backlog = waiting
            trimBacklog()
            return error
        }
    }

    private func trimBacklog() {
        var surplus = backlog.count - Self.maximumBacklog
        guard surplus > 0 else { return }
        backlog.removeAll { entry in
            guard surplus > 0, entry.changes.isEmpty else { return false }
            surplus -= 1
            return true
        }
    }

    /// How the disk takes what it is given: why the last write failed, records that wait for it,
    /// and the size of what is on it.
    var state: (trouble: String?, waiting: Int, octets: Int64) {
        (trouble, backlog.count, store.octetsOnDisk)
    }

    // MARK: Watchers

    private func publish(_ events: [Event], numbers: [Int64]) {
        for (event, number) in zip(events, numbers) {
            var numbered = event
            numbered.number = number
            for watcher in watchers.values { watcher.yield(numbered) }
        }
    }

    package func watch() -> AsyncStream<Event> {
        let id = nextWatcher
        nextWatcher += 1
        let (stream, continuation) = AsyncStream.makeStream(
            of: Event.self, bufferingPolicy: .bufferingNewest(Self.watcherBuffer))
        continuation.onTermination = { _ in Task { await self.forget(id) } }
        watchers[id] = continuation
        return stream
    }

    private func forget(_ id: Int) { watchers[id] = nil }

    func endWatching() {
        for watcher in watchers.values { watcher.finish() }
        watchers = [:]
    }

    // MARK: Questions to the store

    /// The store with all that was submitted before the question: a block that has just ended must
    /// not be taken for one in force. What a failing disk has refused is not tried again for it:
    /// there may be a hundred thousand questions.
    private var upToDate: StateStore {
        if inbox.withLock({ !$0.entries.isEmpty }) { drain() }
        return store
    }

    package func events(after number: Int64, limit: Int) throws(StoreError) -> [Event] {
        try upToDate.events(after: number, limit: limit)
    }

    /// The newest `limit`, oldest of them first.
    func newestEvents(limit: Int) throws(StoreError) -> [Event] {
        try upToDate.events(limit: limit)
    }

    /// Events not before `time`, oldest first. Looks back at most `pages` full pages.
    func events(
        since time: Timestamp, limit: Int, pages: Int = 50
    ) throws(StoreError) -> [Event] {
        let store = upToDate
        var found: [Event] = []
        var before = Int64.max
        for _ in 0..<pages {
            let page = try store.events(before: before, limit: StateStore.maximumPage)
            let fitting = page.filter { $0.time >= time }
            found = fitting + found
            guard fitting.count == page.count, let first = page.first else { break }
            before = first.number
        }
        return Array(found.prefix(limit))
    }

    package func block(_ id: BlockID) throws(StoreError) -> Block? {
        let store = upToDate
        if let block = lastWaiting(where: { $0.id == id }) { return block }
        return try store.block(id)
    }

    func lastBlock(of device: DeviceKey) throws(StoreError) -> Block? {
        let store = upToDate
        if let block = lastWaiting(where: { $0.device == device }) { return block }
        return try store.blocks(device: device).first
    }

    /// The newest of the blocks that a failing disk has not taken yet.
    private func lastWaiting(where isMeant: (Block) -> Bool) -> Block? {
        for change in backlog.reversed().lazy.flatMap({ $0.changes.reversed() }) {
            if case .put(let block) = change, isMeant(block) { return block }
        }
        return nil
    }

    func prune(before time: Timestamp) throws(StoreError) { try store.prune(before: time) }
}
