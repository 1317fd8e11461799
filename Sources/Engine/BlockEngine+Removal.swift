import Policy
package import Wire

/// That everything of ours is taken down: no table, no block, until somebody wants it back.
package struct Removal: Hashable, Sendable {
    package let by: String
    package let reason: String?
    package let since: Timestamp
}

extension BlockEngine {
    /// Takes everything of ours down: every block ends, the mode is monitor, no table is wanted.
    ///
    /// It lasts until a mode is set, settings are read or the daemon starts anew. The mode is kept
    /// on disk, so that none of these cuts anybody off before `enforce` is said. Doing it twice
    /// tells nothing new, and deletes the tables again.
    package mutating func removeAll(
        order: Order, at now: Timestamp
    ) -> (blocks: [Block], effects: [Effect]) {
        // The tables go first and whole: what they held needs no removal of its own.
        var effects: [Effect] = [.removeTables, .endCutFlows]
        guard removal == nil else { return ([], effects) }
        let released = release(BlockFilter(policy: nil, region: nil), order: order, at: now)
        let rest = released.effects + changeMode(to: .monitor, order: order, at: now)
        effects += rest.filter { effect in
            switch effect {
            case .commit, .install, .removeTables, .endCutFlows, .ask: false
            case .endFlows, .keep, .record: true
            }
        }
        removal = Removal(by: order.by, reason: order.reason, since: now)
        let count = released.blocks.count
        let event = Event(
            time: now, kind: .everythingRemoved,
            text: "everything was taken down by \(order.by): \(count) blocks are released, our "
                + "tables are deleted, the mode is monitor", by: order.by, reason: order.reason)
        return (released.blocks, effects + [.record([], event)])
    }

    /// Sets the mode, and wants the tables back where they were taken down.
    mutating func changeMode(
        to mode: PolicyMode, order: Order, at now: Timestamp
    ) -> [Effect] {
        let isBack = removal != nil
        guard mode != self.mode || modeAtPrompt != mode || isBack else { return [] }
        self.mode = mode
        modeAtPrompt = mode
        removal = nil
        let kept =
            mode == .monitor && !blocks.isEmpty
            ? "; \(blocks.count) blocks stay in force until they are released" : ""
        let event = Event(
            time: now, kind: .modeChanged,
            text: "the mode is \(mode.rawValue)\(kept)" + (isBack ? "; our tables are back" : ""),
            by: order.by, reason: order.reason)
        // Only a gateway that cuts has a reason to let packets wait behind each other.
        return [.install(rulesets()), .record([.putMode(mode)], event)] + enterAll(at: now)
    }
}
