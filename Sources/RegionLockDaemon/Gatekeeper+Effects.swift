import ControlAPI
import Engine
import Firewall
import Logging
import Netfilter
import Policy
import Wire

extension Gatekeeper {
    /// Carries effects out in their order.
    ///
    /// - Parameter arrival: when the packet that caused them was taken from the tap, in monotonic
    ///   nanoseconds; the record then says how long the cut took.
    func run(_ effects: [Effect], arrival: UInt64? = nil) {
        var latency: Int64?
        for effect in effects {
            switch effect {
            case .commit(let changes):
                commit(changes)
                latency = arrival.map(microseconds(since:))
            case .install(let rulesets):
                install(rulesets)
                latency = arrival.map(microseconds(since:))
            case .removeTables: removeTables()
            case .endFlows(let addresses): endFlows(from: addresses)
            case .endCutFlows: endCutFlows()
            case .ask(let mac, let addresses, let interface):
                ask(mac, addresses, on: interface)
            case .keep(let changes): recorder.submit(changes, nil)
            case .record(let changes, let event):
                if let latency, event.kind == .blockCreated {
                    counters.latency.note(microseconds: latency)
                }
                if let latency, let id = event.block {
                    engine.note(latencyMicroseconds: latency, of: id)
                }
                recorder.submit(
                    changes.map { $0.stamped(latency) }, event.stamped(latency))
            }
        }
    }

    private func microseconds(since arrival: UInt64) -> Int64 {
        Int64((clock.monotonicNanoseconds() - arrival) / 1_000)
    }

    private func commit(_ changes: [ElementChange]) {
        // What is not yet back cannot be taken away.
        if changes.contains(where: { !$0.isAdded }) { finishRefill() }
        do {
            try kernel.commit(changes)
        } catch {
            // Somebody else changed the table, or the kernel refused: make it whole again.
            logger.warning(
                "the kernel refused a change of the blocked sets, writing the table anew",
                metadata: ["event": "ruleset.retry", "error": "\(error)"])
            reconcile()
        }
    }

    private func install(_ rulesets: [Ruleset]) {
        // A tag given meanwhile changes nothing in the kernel: whoever has a table now, it is not
        // ours to touch.
        // And before what the kernel held has been read, `begin` has them yet to put in.
        guard engine.removal == nil, hasBegun else { return }
        finishRefill()
        do {
            guard let changes = kernel.changes(to: rulesets) else { return reconcile() }
            let isLarge = changes.elementCount > Self.loudElements
            try unheard(isLarge) { gatekeeper throws(NetfilterError) in
                try gatekeeper.kernel.install(rulesets, by: changes)
            }
            kernelTrouble = nil
        } catch {
            logger.warning(
                "the kernel refused the new tables, reading them back",
                metadata: ["event": "ruleset.retry", "error": "\(error)"])
            reconcile()
        }
    }

    private func removeTables() {
        refill = nil
        do {
            try kernel.clear()
            kernelTrouble = nil
        } catch {
            if kernelTrouble == nil {
                logger.error(
                    "our tables cannot be deleted, trying again every second",
                    metadata: ["event": "ruleset.failed", "error": "\(error)"])
            }
            kernelTrouble = "\(error)"
        }
        // What others did to tables that are gone needs no repair.
        tampering.dismiss()
    }

    /// Reads the tables back and makes them what the engine wants.
    func reconcile() {
        guard engine.removal == nil else { return removeTables() }
        refill = nil
        do {
            let count = engine.blocks.count + engine.book.settings.devices.count
            try unheard(count > Self.loudElements) { gatekeeper throws(NetfilterError) in
                gatekeeper.note(
                    try gatekeeper.kernel.reconcile(
                        with: gatekeeper.engine.rulesets(), unread: gatekeeper.unreadDevices))
            }
            if kernelTrouble != nil { logger.notice("our tables are whole again") }
            kernelTrouble = nil
        } catch {
            if kernelTrouble == nil {
                logger.error(
                    "our tables cannot be written, trying again every second",
                    metadata: ["event": "ruleset.failed", "error": "\(error)"])
            }
            kernelTrouble = "\(error)"
        }
    }

    /// Notes what a comparison of the kernel's tables with ours has found.
    func note(_ drift: [String]) {
        comparison = Comparison(differences: drift.count, time: clock.now())
    }

    /// Elements up to which a change of ours is told to those who listen, us among them: each costs
    /// the kernel a message of its own, some 10 us, dropped or not.
    private static let loudElements = 10_000

    /// Makes a change of ours while the watch does not listen, and looks afterwards whether
    /// somebody else made use of the silence.
    private func unheard(
        _ isLarge: Bool, _ change: (isolated Gatekeeper) throws(NetfilterError) -> Void
    ) throws(NetfilterError) {
        guard isLarge else { return try change(self) }
        let moment = try kernel.moment()
        try foreign.stopListening()
        do throws(NetfilterError) {
            try change(self)
        } catch {
            try foreign.listen()
            throw error
        }
        try listen(since: moment)
    }

    /// Listens to what others do, and counts whether they did anything since.
    func listen(since moment: KernelTableOwner.Moment) throws(NetfilterError) {
        try foreign.listen()
        if try !kernel.wasAlone(since: moment) {
            tampering.note(RulesetTouch(), at: clock.monotonicNanoseconds())
        }
    }

    private func endFlows(from addresses: [IPAddress]) {
        guard addresses.count <= Self.singleFlows else { return endFlows(fromMany: addresses) }
        for address in addresses {
            do {
                try flows.deleteFlows(from: address)
            } catch {
                logger.warning(
                    "flows of \(address) could not be ended; the sets cut them all the same",
                    metadata: ["event": "flows.failed", "error": "\(error)"])
            }
        }
    }

    /// Addresses up to which each is asked for by itself. Every question walks the whole table.
    private static let singleFlows = 8

    private func endFlows(fromMany addresses: [IPAddress]) {
        do {
            try flows.deleteFlows(fromAny: Set(addresses))
        } catch {
            logger.warning(
                "flows of \(addresses.count) addresses could not be ended",
                metadata: ["event": "flows.failed", "error": "\(error)"])
        }
    }

    private func endCutFlows() {
        do {
            try flows.deleteFlows(mark: mark.bits(.block), mask: mark.mask)
        } catch {
            logger.warning(
                "marked flows could not be ended: old connections of the device stay cut",
                metadata: ["event": "flows.failed", "error": "\(error)"])
        }
    }
}

extension StoreChange {
    /// The same with the measured latency in a new block's evidence.
    fileprivate func stamped(_ latency: Int64?) -> StoreChange {
        guard let latency, case .put(var block) = self,
            case .policy(let name, let rule, var evidence?) = block.cause
        else { return self }
        evidence.latencyMicroseconds = latency
        block.cause = .policy(name: name, rule: rule, evidence: evidence)
        return .put(block)
    }
}

extension Event {
    fileprivate func stamped(_ latency: Int64?) -> Event {
        guard let latency, evidence != nil, kind == .blockCreated else { return self }
        var stamped = self
        stamped.evidence?.latencyMicroseconds = latency
        return stamped
    }
}
