package import Policy
package import Wire

/// A line of a list: this device was first activated there and then.
package struct ClaimedActivation: Hashable, Sendable {
    package let device: DeviceKey
    package let region: Region
    package let time: Timestamp
    /// Where the list has it from, such as a shop and a receipt.
    package let source: String

    package init(device: DeviceKey, region: Region, time: Timestamp, source: String) {
        self.device = device
        self.region = region
        self.time = time
        self.source = source
    }
}

/// What an import did.
package struct ActivationImport: Hashable, Sendable {
    /// Entries that are new.
    package var added: [LedgerEntry] = []
    /// Entries that devices of the list have already; they stay as they are.
    package var known: [LedgerEntry] = []
    package var effects: [Effect] = []
}

extension BlockEngine {
    /// Takes a list of devices that were sold and activated somewhere, whole or not at all. Those
    /// the ledger has already keep their entry: only the first activation counts.
    ///
    /// Blocks of policies `on: first-activation` that the list makes unfounded end at once.
    package mutating func importActivations(
        _ list: [ClaimedActivation], order: Order, at now: Timestamp
    ) throws(Refusal) -> ActivationImport {
        let latest = dated(now)
        if let claim = list.first(where: { $0.time > latest }) {
            throw Refusal(
                .invalid, "the activation of \(claim.device) at \(claim.time) is yet to come")
        }
        let new = Set(list.map(\.device)).count { ledger.first(of: $0) == nil }
        guard new <= ledger.room else {
            throw Refusal(
                .conflict,
                "the ledger has room for \(ledger.room) of these \(new) devices: it holds "
                    + "\(EngineLimits.ledgerEntries) at most")
        }
        var result = ActivationImport()
        for claim in list {
            if let entry = ledger.first(of: claim.device) {
                result.known.append(entry)
            } else if let entry = ledger.append(
                claim.device, in: claim.region, origin: .imported,
                note: "\(claim.source), imported by \(order.by)", at: claim.time)
            {
                result.added.append(entry)
            }
        }
        guard let first = result.added.first, let last = result.added.last else { return result }
        let count = result.added.count
        let event = Event(
            time: now, kind: .ledgerImported,
            text: "\(count) first activation\(count == 1 ? "" : "s") imported by \(order.by) "
                + "(ledger \(first.number) to \(last.number)); \(result.known.count) known before",
            by: order.by, reason: order.reason)
        result.effects =
            [.record(result.added.map { .putLedger($0) }, event)] + endUnfounded(at: now)
        return result
    }
}
