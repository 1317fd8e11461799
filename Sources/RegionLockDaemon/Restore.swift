import BlockStore
import Engine
import Firewall
import Glibc
import Netfilter
import Policy

/// `regionlockd --restore`: puts the stored blocks into the kernel before any link comes up, and
/// ends. The table stays, and the daemon takes it over.
///
/// Nothing is decided here and nothing is written to the store: whatever is lost, adopted or over
/// is told by the daemon that follows.
enum Restore {
    /// - Returns: what was done, in one sentence.
    /// - Throws: what is wrong, after as many blocks as can be put in are in.
    static func run(paths: DaemonPaths) throws(StartFailure) -> String {
        let clock = DaemonClock()
        var random = SystemRandomNumberGenerator()
        let loaded = SettingsSource(
            paths: paths, seed: random.next(), clock: clock
        ).loadAtStart()
        // A device that was cut stays so, whatever somebody wrote into the settings since.
        let book =
            loaded.book ?? PolicyBook(settings: .blocksOnly, seed: random.next())
        var kernel = try Daemon.openKernel()
        let store = try open(paths.state)
        var engine: BlockEngine
        do {
            engine = BlockEngine(
                book: book, snapshot: try store.load(),
                capabilities: TableCapabilities(
                    innerHeader: kernel.features.innerHeaderPayload,
                    redirect: kernel.features.redirect, bridge: kernel.features.bridgeTable,
                    senderSets: kernel.features.senderSets),
                references: ReferenceSource(seed: random.next()))
        } catch {
            throw StartFailure("\(error)", exitStatus: EX_IOERR)
        }
        do {
            let tables = try kernel.read()
            let held = tables.cutElements
            let ended = held.compactMap(\.block).filter { id in
                guard let block = try? store.block(id) else { return false }
                return block.state != .inForce
            }
            let now = clock.now()
            _ = engine.handle(.kernelBlocks(held, ended: Set(ended)), at: now)
            // What has come to its end meanwhile is not cut again. Without settings no block would
            // have a policy to stand on, and all would end.
            if loaded.book != nil { _ = engine.handle(.tick, at: now) }
            try kernel.align(tables, with: engine.rulesets())
        } catch {
            throw Daemon.kernelFailure(error)
        }
        guard loaded.book != nil else {
            throw StartFailure(
                loaded.report + "\nblocks are in the kernel all the same: \(engine.blocks.count)",
                exitStatus: EX_CONFIG)
        }
        return "blocks put into the kernel: \(engine.blocks.count)"
    }

    private static func open(_ directory: String) throws(StartFailure) -> StateStore {
        do {
            return try StateStore.openUndamaged(directory: directory)
        } catch {
            if error.kind == .inUse {
                throw StartFailure(
                    "regionlockd runs already; it holds the blocks itself", exitStatus: EX_OSERR)
            }
            throw StartFailure(
                "\(error); the kernel keeps what it has", exitStatus: EX_IOERR)
        }
    }
}

extension [TableFamily: KernelTable] {
    /// The cut devices of all our tables: somebody may have deleted one of them.
    var cutElements: [SetElement] {
        var elements: [SetKey: SetElement] = [:]
        for set in TableSets.blocked {
            for table in TableFamily.allCases.compactMap({ self[$0] }) {
                for element in table.elements[set.name] ?? [] where elements[element.key] == nil {
                    elements[element.key] = element
                }
            }
        }
        return elements.values.sorted { $0.key < $1.key }
    }
}

extension SetElement {
    /// The block its comment names.
    var block: BlockID? {
        comment?.split(separator: " ").first.flatMap { BlockID($0) }
    }
}

extension GatewaySettings {
    /// Cuts what is cut and watches nobody.
    static let blocksOnly = GatewaySettings(
        gatewayName: "gateway", mode: .enforce, uplinks: [], sites: SiteTable([]),
        unknownSite: .allow, tagRules: [], devices: [], policies: [], inspection: .standard,
        whileBlocked: WhileBlocked(dns: .none, also: []),
        notice: NoticeSettings(isEnabled: false, port: 1),
        control: ControlSettings(admins: "root", readers: "root"), keepHistoryDays: 1,
        revision: "")
}
