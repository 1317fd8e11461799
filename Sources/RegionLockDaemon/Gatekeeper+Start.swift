import ControlAPI
import Engine
import Firewall
import Logging
import Netfilter
import Policy
import Wire

extension Gatekeeper {
    /// Joins what the kernel holds with what the store knew, and puts the table in.
    ///
    /// Neighbours first, so that the table has the addresses of cut devices from the start.
    func begin() async throws(NetfilterError) {
        try readRoutes()
        // Reading 100,000 elements takes seconds, in which nobody inspects: what the store knows
        // is put in first, and what only the kernel knows is looked for beside the work.
        let isLarge = engine.blocks.count > Self.readBackLimit
        let unread = (isLarge ? TableSets.blocked : []) + unreadDevices
        // Without a bridge its table has nothing to do yet.
        let isBridgeLater = isLarge && bridges.isEmpty
        let families = isBridgeLater ? [TableFamily.inet] : TableFamily.allCases
        let moment = try kernel.moment()
        var held = try kernel.read(unread: unread)
        if isLarge, held.values.contains(where: \.hasOtherBlockedSets) {
            // An earlier version's sets are made anew, and with them would go what they alone know.
            held = try kernel.read(unread: unreadDevices)
        }
        let elements = held.cutElements
        let ended = await endedBlocks(among: elements)
        let effects = engine.handle(.kernelBlocks(elements, ended: ended), at: clock.now())
        do throws(NetfilterError) {
            try kernel.align(held, with: engine.rulesets(), families: families)
        } catch  where error.isMissing {
            // Somebody has changed them since.
            try kernel.reconcile(with: engine.rulesets(), unread: unread, families: families)
        }
        sayAlive()
        // What waited for us since the last daemon died comes now, and meets the rules as they are.
        try tap.repeatWaiting()
        if !isBridgeLater { try listen(since: moment) }
        hasBegun = true
        run(effects)
        if isLarge { completeLater(isBridgeLater ? moment : nil, wasHeld: !held.isEmpty) }
        recorder.submit(
            [],
            Event(
                time: clock.now(), kind: .daemonStarted,
                text: "regionlockd \(ProductVersion.text) starts in mode \(engine.mode.rawValue)"))
        let event = Event(
            time: clock.now(), kind: .rulesetInstalled,
            text: "table inet regionlock is in: \(engine.blocks.count) blocks, "
                + "\(held.isEmpty ? "made new" : "taken over"), \(tap.mode.description)")
        recorder.submit([], event)
        toldPeers = Set(engine.missingPeers.map(\.value))
        for warning in kernelWarnings() {
            logger.warning(
                "\(warning.text)", metadata: ["event": "kernel.\(warning.code)"])
        }
        tick()
    }

    /// What a start with many blocks leaves for the time after it.
    ///
    /// - Parameter moment: when the tables were read, if the bridge's table is still to be made.
    private func completeLater(_ moment: KernelTableOwner.Moment?, wasHeld: Bool) {
        Task {
            if let moment { self.makeBridgeTable(since: moment) }
            if wasHeld { self.readBlockedBeside(attempts: 5) }
        }
    }

    private func makeBridgeTable(since moment: KernelTableOwner.Moment) {
        do throws(NetfilterError) {
            if engine.removal == nil {
                try kernel.reconcile(
                    with: engine.rulesets(), unread: TableSets.blocked, families: [.bridge])
            }
            try listen(since: moment)
        } catch {
            // The next second tries again.
            kernelTrouble = "\(error)"
        }
    }

    /// Reads the sets of cut devices on a thread and a socket of their own.
    private func readBlockedBeside(attempts: Int) {
        guard attempts > 0 else {
            logger.error(
                "the sets of cut devices change too fast to be compared with the store",
                metadata: ["event": "ruleset.failed"])
            return
        }
        let gatekeeper = self
        let logger = logger
        NamedThread.start(name: "reader") {
            do throws(NetfilterError) {
                var connection = try NftConnection.open()
                let held = try connection.readTables(unread: TableSets.devices)
                Task { await gatekeeper.adopt(held, attempts: attempts - 1) }
            } catch {
                logger.error(
                    "the sets of cut devices cannot be read, the store's blocks are in force",
                    metadata: ["event": "ruleset.failed", "error": "\(error)"])
            }
        }
    }

    /// Takes over the blocks only the kernel knows, and takes away those that have ended.
    private func adopt(_ held: [TableFamily: KernelTable], attempts: Int) async {
        let strangers = held.cutElements.filter { engine.block(at: $0.key) == nil }
        let ended = await endedBlocks(among: strangers)
        guard engine.removal == nil else { return }
        let effects = engine.handle(.kernelBlocks(strangers, ended: ended), at: clock.now())
        do {
            try kernel.alignBlocked(from: held, to: engine.rulesets())
        } catch {
            // Somebody was released while they were read.
            readBlockedBeside(attempts: attempts)
        }
        run(effects)
    }

    /// Elements whose block the store knows to have ended: left over from a crash in mid-release.
    private func endedBlocks(among elements: [SetElement]) async -> Set<BlockID> {
        var ended: Set<BlockID> = []
        for element in elements {
            guard let word = element.comment?.split(separator: " ").first,
                let id = BlockID(word), engine.blocks[id] == nil,
                let block = try? await recorder.block(id), block.state != .inForce
            else { continue }
            ended.insert(id)
        }
        return ended
    }
}

extension KernelTable {
    /// A set of cut devices is there, but not as this version makes it.
    fileprivate var hasOtherBlockedSets: Bool {
        TableSets.blocked.contains { set in sets[set.name].map { $0 != set } ?? false }
    }
}
