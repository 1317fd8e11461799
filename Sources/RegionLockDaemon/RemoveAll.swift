import BlockStore
import Engine
import Firewall
import Glibc
import Logging
import Netfilter
import Policy
import Wire

/// `regionlockd --remove-all`: what `regionlock remove-all` does, where no daemon runs.
enum RemoveAll {
    /// - Returns: what was done, in one sentence.
    /// - Throws: with EX_OSERR when a daemon runs, and nothing is changed then; with EX_IOERR when
    ///   the store cannot be written, and the tables are gone all the same: whoever asks for this
    ///   may have a gateway that does not forward.
    static func run(
        paths: DaemonPaths, reason: String, logger: Logger
    ) throws(StartFailure) -> String {
        let clock = DaemonClock()
        var random = SystemRandomNumberGenerator()
        let loaded = SettingsSource(
            paths: paths, seed: random.next(), clock: clock
        ).loadAtStart()
        let book = loaded.book ?? PolicyBook(settings: .blocksOnly, seed: random.next())
        let mark = book.settings.inspection.markMask
        var kernel = try Daemon.openKernel()
        let store: StateStore
        let snapshot: EngineSnapshot
        do throws(StoreError) {
            (store, snapshot) = try asOwner(of: paths.state) { () throws(StoreError) in
                let store = try StateStore.openUndamaged(directory: paths.state)
                return (store, try store.load())
            }
        } catch {
            if error.kind == .inUse {
                throw StartFailure(
                    "regionlockd runs; use: regionlock remove-all", exitStatus: EX_OSERR)
            }
            _ = try carryOut(
                [.removeTables, .endCutFlows], kernel: &kernel, mark: mark, logger: logger)
            throw StartFailure(
                "\(error)\nour tables are deleted all the same; what the database holds comes "
                    + "back when regionlockd starts", exitStatus: EX_IOERR)
        }
        var engine = BlockEngine(
            book: book, snapshot: snapshot, capabilities: .all,
            references: ReferenceSource(seed: random.next()))
        let now = clock.now()
        do {
            // What only the kernel knows is freed as well, and stands in the history.
            let held = try kernel.read().cutElements
            _ = engine.handle(.kernelBlocks(held, ended: ended(held, in: store)), at: now)
        } catch {
            throw Daemon.kernelFailure(error)
        }
        let order = Order(by: caller, reason: reason)
        let removal = engine.removeAll(order: order, at: now)
        let tables = try carryOut(
            removal.effects, kernel: &kernel, mark: mark, logger: logger)
        try keep(removal.effects, in: store, paths: paths, logger: logger)
        let names = tables.map(\.table).joined(separator: " and ")
        return "everything is taken down: \(removal.blocks.count) blocks released, "
            + "\(names.isEmpty ? "no table was there" : "deleted \(names)"), the mode is monitor"
    }

    private static var caller: String { getuid() == 0 ? "root" : "uid \(getuid())" }

    /// Elements whose block the store knows to have ended: left over from a crash in mid-release.
    private static func ended(_ held: [SetElement], in store: StateStore) -> Set<BlockID> {
        Set(
            held.compactMap(\.block).filter { id in
                guard let block = try? store.block(id) else { return false }
                return block.state != .inForce
            })
    }

    private static func carryOut(
        _ effects: [Effect], kernel: inout KernelTableOwner, mark: UInt32, logger: Logger
    ) throws(StartFailure) -> [TableFamily] {
        var tables: [TableFamily] = []
        do {
            tables = try kernel.clear()
        } catch {
            // The capability is there, or the probe would have failed.
            let hint = error.isNotPermitted ? "; a running regionlockd owns them" : ""
            throw StartFailure("\(error)\(hint)", exitStatus: EX_OSERR)
        }
        do throws(NetfilterError) {
            var flows = try FlowTable.open(
                filteredDelete: kernel.features.conntrackFilteredDelete)
            let field = MarkField(mask: mark)
            for effect in effects {
                switch effect {
                case .endCutFlows:
                    try flows.deleteFlows(mark: field.bits(.block), mask: field.mask)
                case .endFlows(let addresses): try flows.deleteFlows(fromAny: Set(addresses))
                case .removeTables, .commit, .install, .ask, .keep, .record: continue
                }
            }
        } catch {
            logger.warning(
                "flows could not be ended; without our tables nothing cuts them",
                metadata: ["event": "flows.failed", "error": "\(error)"])
        }
        return tables
    }

    /// One transaction; then the journal hears of it.
    private static func keep(
        _ effects: [Effect], in store: StateStore, paths: DaemonPaths, logger: Logger
    ) throws(StartFailure) {
        var changes: [StoreChange] = []
        var events: [Event] = []
        for effect in effects {
            switch effect {
            case .keep(let kept): changes += kept
            case .record(let kept, let event):
                changes += kept + [.append(event)]
                events.append(event)
            case .commit, .install, .removeTables, .endFlows, .endCutFlows, .ask: break
            }
        }
        let log = EventLog(logger: logger)
        for event in events { log.tell(event) }
        do throws(StoreError) {
            _ = try asOwner(of: paths.state) { () throws(StoreError) in try store.apply(changes) }
        } catch {
            throw StartFailure(
                "\(error)\nour tables are deleted all the same; blocks come back when regionlockd "
                    + "starts", exitStatus: EX_IOERR)
        }
    }

    /// Does what is done with the database as the user it belongs to: files that root makes beside
    /// it would keep the service out.
    private static func asOwner<Result>(
        of directory: String, _ body: () throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        var info = stat()
        guard geteuid() == 0, unsafe lstat(directory, &info) == 0, info.st_uid != 0 else {
            return try body()
        }
        guard setegid(info.st_gid) == 0, seteuid(info.st_uid) == 0 else {
            throw StoreError(
                .failed, operation: "become the owner of", object: directory,
                message: "errno \(errno)")
        }
        defer {
            _ = seteuid(0)
            _ = setegid(0)
        }
        return try body()
    }
}
