import Engine
import Logging
import Netfilter

extension Gatekeeper {
    /// Takes what others did to the table from the kernel, and repairs it at once where it may.
    func readForeignTouches() throws(NetfilterError) {
        var touches: [RulesetTouch] = []
        try foreign.receive { touch in
            // One that tells of lost messages says what any number of them would.
            if touch.writer != nil || touches.last?.writer != nil || touches.isEmpty {
                touches.append(touch)
            }
        }
        // What was touched before the start is read back by the start itself, and while everything
        // is taken down there is nothing to repair.
        guard hasBegun, engine.removal == nil else { return }
        let now = clock.monotonicNanoseconds()
        for touch in touches { tampering.note(touch, at: now) }
    }

    /// Makes the table whole after a foreign touch, when its time has come.
    func repairWhenDue() {
        guard refill == nil else { return putNextSlice() }
        let start = clock.monotonicNanoseconds()
        guard let due = tampering.repairDue, due <= start else { return }
        if tampering.isOnlyLoss, isStillWhole() { return tampering.dismiss() }
        if isTooLargeToRead { return beginRefill(at: start) }
        reconcile()
        tellRepair(from: start)
    }

    /// Tells of the touches that a repair has answered.
    func tellRepair(from start: UInt64) {
        let end = clock.monotonicNanoseconds()
        for touch in tampering.repaired(from: start, to: end) {
            let text =
                kernelTrouble.map {
                    Tampering.text(of: touch, outcome: "not repaired yet: \($0)")
                }
                ?? Tampering.text(of: touch, repairNanoseconds: end - start)
            recorder.submit([], Event(time: clock.now(), kind: .rulesetTampered, text: text))
        }
    }

    /// Whether a touch that nobody saw has changed anything. Other programs' large reloads overrun
    /// the socket, too.
    private func isStillWhole() -> Bool {
        do {
            if try kernel.isOwned() { return true }
            guard !isTooLargeToRead else { return false }
            return try kernel.drift(from: engine.rulesets(), unread: unreadDevices)
                .isEmpty
        } catch {
            // Then the repair finds out.
            return false
        }
    }
}
