package import Engine
import Policy
package import Wire

/// How much the store keeps.
package struct StoreLimits: Hashable, Sendable {
    /// Lines of history. About 300 bytes each: 60 MB, and 500 a day for more than a year.
    package var events: Int64
    /// Blocks that have ended, kept so that a reference number can still be explained.
    package var endedBlocks: Int64
    /// Damaged databases set aside, each as large as a database: three cases show a pattern.
    package var setAside: Int

    package init(events: Int64 = 200_000, endedBlocks: Int64 = 100_000, setAside: Int = 3) {
        self.events = events
        self.endedBlocks = endedBlocks
        self.setAside = setAside
    }
}

/// What must survive a restart, in one SQLite database.
///
/// Owned by one caller; not safe to share. The database is locked for this process while it is
/// open. WAL with synchronous=FULL: with NORMAL, half of the power cuts of a trial lost
/// acknowledged commits; with FULL none.
package final class StateStore {
    /// Set when blocks may be missing that were once acknowledged: what happened, for the journal.
    package private(set) var openedAfterLoss: String?

    let database: Database
    private let path: String
    private let witness: CommitWitness
    private let limits: StoreLimits
    /// How many transactions the database has taken.
    private var generation: Int64
    /// What was read when the store was opened, until somebody asks for it: reading 100,000 rows
    /// and their sums twice takes a second.
    private var opened: EngineSnapshot?

    private init(
        database: consuming Database, path: String, witness: consuming CommitWitness,
        limits: StoreLimits,
        generation: Int64, opened: EngineSnapshot
    ) {
        self.database = database
        self.path = path
        self.witness = witness
        self.limits = limits
        self.generation = generation
        self.opened = opened
    }

    /// Opens or creates `regionlock.db` in the directory, and checks all of it.
    ///
    /// A damaged database is set aside and an empty one takes its place; `openedAfterLoss` says
    /// so. Throws when the path is not safe, another process has the store open, the schema is
    /// newer than this program, or the disk refuses.
    package static func open(
        directory: String, schema: Schema = .current, limits: StoreLimits = StoreLimits()
    ) throws(StoreError) -> StateStore {
        let files = try StoreFiles.open(directory: directory)
        do throws(StoreError) {
            try files.prepare()
            let store = try attach(files, schema, limits)
            store.compareWithWitness()
            return store
        } catch  where error.kind == .damaged {
            let aside = try files.setAside(keeping: limits.setAside)
            let store = try attach(files, schema, limits)
            try store.numberEvents(after: StoreFiles.modificationTime(aside))
            store.openedAfterLoss = "\(error); set aside as \(aside)"
            return store
        }
    }

    /// As `open`, but a damaged database stays where it is and is thrown, and nobody is told of a
    /// loss: for a look before the daemon, which finds and tells both.
    package static func openUndamaged(directory: String) throws(StoreError) -> StateStore {
        let files = try StoreFiles.open(directory: directory)
        try files.prepare()
        return try attach(files, .current, StoreLimits())
    }

    private static func attach(
        _ files: StoreFiles, _ schema: Schema, _ limits: StoreLimits
    ) throws(StoreError) -> StateStore {
        let witness = try CommitWitness.open(path: files.witness)
        let database = try Database.open(path: files.database)
        let generation: Int64
        let opened: EngineSnapshot
        do throws(StoreError) {
            try configure(database, path: files.database)
            try schema.migrate(database, path: files.database)
            try check(database, path: files.database)
            opened = try snapshot(of: database)
            generation = try storedGeneration(database)
        } catch {
            database.keepFilesOnClose()
            throw error
        }
        return StateStore(
            database: database, path: files.database, witness: witness, limits: limits,
            generation: generation, opened: opened)
    }

    /// Size of the database and its log on disk.
    package var octetsOnDisk: Int64 { StoreFiles.octets(ofDatabase: path) }

    /// cell_size_check: a damaged page is found when it is read, not when it hurts. With
    /// locking_mode EXCLUSIVE the index of the WAL needs no shared memory file.
    private static func configure(
        _ database: borrowing Database, path: String
    ) throws(StoreError) {
        do throws(StoreError) {
            try database.execute(
                """
                PRAGMA locking_mode = EXCLUSIVE; PRAGMA cell_size_check = ON;
                PRAGMA trusted_schema = OFF; PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 4194304
                """)
        } catch  where error.kind == .inUse {
            throw StoreError(
                .inUse, operation: "open", object: path,
                message: "another process has it open (is regionlockd running?)")
        }
    }

    /// Reads every page. Every row that a decision can depend on is read behind it.
    private static func check(
        _ database: borrowing Database, path: String
    ) throws(StoreError) {
        let answer = try database.value("PRAGMA quick_check(1)")
        guard answer == .text("ok") else {
            let message = if case .text(let text) = answer { text } else { "no answer" }
            throw StoreError(.damaged, operation: "check", object: path, message: message)
        }
    }

    private static func storedGeneration(
        _ database: borrowing Database
    ) throws(StoreError) -> Int64 {
        var generation: Int64 = 0
        try database.forEach(StoredSetting.self) { setting in
            if setting.name == StoredSetting.Name.generation.rawValue {
                generation = Int64(setting.value) ?? 0
            }
        }
        return generation
    }

    private func compareWithWitness() {
        let acknowledged = witness.count
        if acknowledged > generation {
            openedAfterLoss =
                "the last \(acknowledged - generation) changes are not in the database:"
                + " its write-ahead log was damaged, or an older copy was put in its place"
        }
        witness.write(generation)
    }

    /// A watcher that resumes after event n must not wait until a new store has counted to n.
    /// Seconds since 1970 are above any number a store has reached with less than one event a
    /// second.
    private func numberEvents(after number: Int64) throws(StoreError) {
        try transaction { () throws(StoreError) in
            let statement = try database.prepare(
                "INSERT INTO sqlite_sequence (name, seq) VALUES ('event', ?)")
            try statement.bind([.integer(max(0, number))])
            _ = try statement.step()
        }
    }

    /// What the engine starts from.
    package func load() throws(StoreError) -> EngineSnapshot {
        if let opened = opened.take() { return opened }
        return try Self.snapshot(of: database)
    }

    private static func snapshot(
        of database: borrowing Database
    ) throws(StoreError) -> EngineSnapshot {
        var snapshot = EngineSnapshot()
        // A damaged state must not pass for an end: what is none of these is read, and found.
        let inForce = "WHERE state IS NOT 'released' AND state IS NOT 'expired' ORDER BY id"
        try database.forEach(Block.self, inForce) { snapshot.blocks.append($0) }
        try database.forEach(Exemption.self, "ORDER BY id") { snapshot.exemptions.append($0) }
        try database.forEach(GrantedTag.self, "ORDER BY device, tag") { snapshot.tags.append($0) }
        try database.forEach(StoredSetting.self) { setting in
            if setting.name == StoredSetting.Name.mode.rawValue {
                snapshot.mode = PolicyMode(rawValue: setting.value)
            }
        }
        try database.forEach(LedgerEntry.self, "ORDER BY number") { snapshot.ledger.append($0) }
        if case .integer(let last) = try database.value("SELECT max(number) FROM ledger") {
            snapshot.lastLedgerNumber = last
        }
        try database.forEach(StageStart.self, "ORDER BY device, policy") {
            snapshot.stages.append($0)
        }
        try database.forEach(KeptIdentity.self, "ORDER BY mac") { snapshot.identities.append($0) }
        if case .integer(let newest) = try database.value("SELECT max(time_us) FROM event") {
            snapshot.newest = Timestamp(microseconds: newest)
        }
        return snapshot
    }

    /// Stores all changes in one transaction, or none; durable when it returns.
    ///
    /// Returns the numbers given to the appended events, in their order. After a throw the store
    /// is as it was, and a later call may succeed.
    @discardableResult
    package func apply(_ changes: [StoreChange]) throws(StoreError) -> [Int64] {
        guard !changes.isEmpty else { return [] }
        opened = nil
        return try transaction { () throws(StoreError) in
            var numbers: [Int64] = []
            for change in changes {
                if let number = try apply(change) { numbers.append(number) }
            }
            if let last = numbers.last {
                try run("DELETE FROM event WHERE number <= ?", [.integer(last - limits.events)])
            }
            return numbers
        }
    }

    /// Forgets history and ended blocks older than `time`, and ended blocks above their limit.
    package func prune(before time: Timestamp) throws(StoreError) {
        opened = nil
        try transaction { () throws(StoreError) in
            try run("DELETE FROM event WHERE time_us < ?", [.integer(time.microseconds)])
            try run(
                """
                DELETE FROM block
                WHERE state <> 'in_force' AND coalesce(ended_us, since_us) < ?
                """, [.integer(time.microseconds)])
            try run(
                """
                DELETE FROM block WHERE id IN (
                    SELECT id FROM block WHERE state <> 'in_force'
                    ORDER BY coalesce(ended_us, since_us) DESC LIMIT -1 OFFSET ?)
                """, [.integer(limits.endedBlocks)])
        }
    }

    private func apply(_ change: StoreChange) throws(StoreError) -> Int64? {
        switch change {
        case .put(let block): try put(block)
        case .putExemption(let exemption): try put(exemption)
        case .endExemption(let id, _):
            // Its end is an event of the history; the table holds only what is in force.
            try run("DELETE FROM exemption WHERE id = ?", [.text(id)])
        case .putTag(let tag): try put(tag)
        case .removeTag(let device, let tag):
            try run(
                "DELETE FROM granted_tag WHERE device = ? AND tag = ?",
                [.text(device.description), .text(tag.text)])
        case .putMode(let mode): try put(StoredSetting(.mode, mode.rawValue))
        case .putLedger(let entry): try put(entry)
        case .putStage(let start): try put(start)
        case .putIdentity(let kept): try put(kept)
        case .removeIdentity(let mac):
            try run("DELETE FROM identity WHERE mac = ?", [.text(mac.description)])
        case .append(let event):
            try put(event)
            return database.lastInsertedRow
        }
        return nil
    }

    private func transaction<Result>(
        _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        let next = generation + 1
        let result = try database.transaction { () throws(StoreError) in
            let result = try body()
            try put(StoredSetting(.generation, String(next)))
            return result
        }
        generation = next
        witness.write(next)
        return result
    }

    private func put<Record: StoredRecord>(_ record: Record) throws(StoreError) {
        try run(Record.insertSQL, record.rowWithSum)
    }

    private func run(_ sql: String, _ values: [SQLValue]) throws(StoreError) {
        let statement = try database.prepare(sql)
        try statement.bind(values)
        while try statement.step() {}
    }
}
