import ControlAPI
import Engine
import Firewall
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
        let elements = [TableSets.blockedMAC, TableSets.blockedIPv4, TableSets.blockedIPv6]
            .flatMap { held?.elements[$0.name] ?? [] }
            .sorted { $0.key.description < $1.key.description }
        let ended = await endedBlocks(among: elements)
        let effects = engine.handle(.kernelBlocks(elements, ended: ended), at: clock.now())
        try kernel.reconcile(with: engine.ruleset())
        run(effects)
        recorder.submit(
            [],
            Event(
                time: clock.now(), kind: .daemonStarted,
                text: "regionlockd \(ProductVersion.text) starts in mode \(engine.mode.rawValue)"))
        let event = Event(
            time: clock.now(), kind: .rulesetInstalled,
            text: "table inet regionlock is in: \(engine.blocks.count) blocks, "
                + "\(held == nil ? "made new" : "taken over"), \(tap.mode.description)")
        recorder.submit([], event)
        tick()
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
