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
        let held = try kernel.read()
        let elements = Self.cutElements(in: held)
        let ended = await endedBlocks(among: elements)
        let effects = engine.handle(.kernelBlocks(elements, ended: ended), at: clock.now())
        try kernel.reconcile(with: engine.rulesets())
        run(effects)
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
        for warning in kernelWarnings() {
            logger.warning(
                "\(warning.text)", metadata: ["event": "kernel.\(warning.code)"])
        }
        tick()
    }

    /// The cut devices of all our tables: somebody may have deleted one of them.
    private static func cutElements(in held: [TableFamily: KernelTable]) -> [SetElement] {
        var elements: [SetKey: SetElement] = [:]
        for set in [TableSets.blockedMAC, TableSets.blockedIPv4, TableSets.blockedIPv6] {
            for table in TableFamily.allCases.compactMap({ held[$0] }) {
                for element in table.elements[set.name] ?? [] where elements[element.key] == nil {
                    elements[element.key] = element
                }
            }
        }
        return elements.values.sorted { $0.key.description < $1.key.description }
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
