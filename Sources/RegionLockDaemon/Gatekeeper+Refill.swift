import Engine
import Firewall
import Logging
import Netfilter
import Wire

/// Repairs of tables that are too large to be read by the packet thread.
///
/// Rules and sets are put back at once. Elements that may be missing follow in slices, between
/// which packets are answered; another thread looks for elements that others have added.
extension Gatekeeper {
    /// Reading the elements back would take seconds. What was committed is what is wanted, or a
    /// change that failed has to be found first.
    var isTooLargeToRead: Bool {
        engine.blocks.count > Self.readBackLimit && engine.blocks.count == kernel.blockedCount
    }

    func beginRefill(at start: UInt64) {
        do {
            note(try kernel.restoreShape())
            kernelTrouble = nil
        } catch {
            // The next second tries again, with all that can be read.
            kernelTrouble = "\(error)"
            return tellRepair(from: start)
        }
        guard tampering.mayLackElements else { return tellRepair(from: start) }
        refill = Refill(kernel.committed, start: start, touches: tampering.touches)
        putNextSlice()
    }

    /// Puts the next elements back; one call for each round of the loop.
    func putNextSlice() {
        guard let begun = refill else { return }
        do {
            if let change = refill?.next() { return try kernel.put([change]) }
            refill = nil
            tellRepair(from: begun.start)
            if tampering.touches != begun.touches {
                tampering.demandRepair(at: clock.monotonicNanoseconds())
            }
            alignBeside(attempts: Self.alignments)
        } catch {
            // Somebody took the table away again.
            refill = nil
            kernelTrouble = "\(error)"
            tellRepair(from: begun.start)
            kernelTrouble = nil
            tampering.demandMoreElements(at: clock.monotonicNanoseconds())
        }
    }

    /// Puts back all at once what a change is about to build upon.
    func finishRefill() {
        while refill != nil { putNextSlice() }
    }

    /// Elements that change while they are read make a plan that the kernel refuses.
    private static let alignments = 5

    /// Looks for elements of others, on a thread and a socket of its own.
    private func alignBeside(attempts: Int) {
        guard attempts > 0 else {
            logger.error(
                "the sets of cut devices change too fast to be compared after a foreign change",
                metadata: ["event": "ruleset.failed"])
            return
        }
        let gatekeeper = self
        let logger = logger
        let wanted = kernel.committed
        NamedThread.start(name: "reader") {
            do throws(NetfilterError) {
                var connection = try NftConnection.open()
                let changes = RulesetPlan.elementChanges(
                    of: Set(TableSets.changing.map(\.name)), from: try connection.readTables(),
                    to: wanted)
                Task { await gatekeeper.align(changes, attempts: attempts - 1) }
            } catch {
                logger.error(
                    "the sets of cut devices cannot be compared after a foreign change",
                    metadata: ["event": "ruleset.failed", "error": "\(error)"])
            }
        }
    }

    /// Carries out what of the found changes is still right.
    private func align(_ changes: [TableChange], attempts: Int) {
        guard engine.removal == nil, refill == nil else { return }
        let right = changes.map { TableChange($0.family, $0.operations.compactMap(stillRight)) }
            .filter { !$0.operations.isEmpty }
        guard !right.isEmpty else { return }
        do {
            try kernel.put(right)
            note(right.map { "\($0.family.table): elements differed" })
            logger.warning(
                "elements that others changed were put right",
                metadata: ["event": "ruleset.repaired"]
            )
        } catch {
            alignBeside(attempts: attempts)
        }
    }

    /// An operation without the elements that were cut or released while they were read.
    private func stillRight(_ operation: FirewallOperation) -> FirewallOperation? {
        switch operation {
        case .addElements(let set, let elements):
            let wanted = elements.filter { isWanted($0.key, in: set) }
            return wanted.isEmpty ? nil : .addElements(set: set, wanted)
        case .deleteElements(let set, let elements):
            // One that is wanted by another comment cuts as well as ours.
            let foreign = elements.filter { !isWanted($0.key, in: set) }
            return foreign.isEmpty ? nil : .deleteElements(set: set, foreign)
        default: return nil
        }
    }

    private func isWanted(_ key: SetKey, in set: NftSet) -> Bool {
        if TableSets.blocked.contains(set) { return engine.block(at: key) != nil }
        guard case .address(let address) = key else { return false }
        return engine.downBlock(of: address) != nil
    }
}
