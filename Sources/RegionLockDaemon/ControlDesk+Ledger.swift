import ControlAPI
import Engine
import Policy
import Wire

extension ControlDesk {
    /// Entries the packet thread hands over at a time: a walk of all 200,000 takes seconds, and a
    /// copy of them makes the next activation copy them once more.
    private static let sliceEntries = 4_096

    func ledger(
        _ query: LedgerQuery, _ page: PageQuery
    ) async throws(Problem) -> Page<LedgerRecord> {
        var number: Int64?
        if let cursor = page.cursor {
            guard let last = Int64(cursor) else {
                throw .invalid("cursor", "must be the number of an entry")
            }
            number = last
        }
        var device: DeviceKey?
        if let name = query.device {
            device = try await question { (engine, _) throws(Refusal) in
                try engine.device(named: name, allowUnseen: true)
            }
        }
        // One more than the page tells whether there is another.
        var found: [LedgerEntry] = []
        while found.count <= page.limit {
            let slice = await slice(after: number)
            guard let last = slice.last else { break }
            found += slice.filter { query.fits($0) && (device.map($0.device.isEqual) ?? true) }
                .prefix(page.limit + 1 - found.count)
            number = last.number
        }
        let isMore = found.count > page.limit
        let entries = Array(found.prefix(page.limit))
        let records = await records(of: entries)
        return Page(items: records, next: isMore ? entries.last.map { "\($0.number)" } : nil)
    }

    func verifyLedger(noted digest: String?) async throws(Problem) -> LedgerCheck {
        var chain = LedgerChain()
        var noted: Int64? = digest == Ledger.origin ? 0 : nil
        var broken: LedgerBreak?
        var number: Int64?
        walk: while true {
            let slice = await slice(after: number)
            guard let last = slice.last else { break }
            number = last.number
            for entry in slice {
                do throws(LedgerBreak) {
                    try chain.add(entry)
                } catch {
                    broken = error
                    break walk
                }
                if entry.digest == digest { noted = entry.number }
            }
        }
        let (count, end) = await gatekeeper.ask { engine, _ in
            (engine.ledger.entries.count, engine.ledger.unreadableEnd)
        }
        broken = broken ?? end
        return LedgerCheck(
            entries: broken == nil ? chain.count : Int64(count), head: chain.head,
            broken: broken.map {
                LedgerCheck.Break(
                    number: $0.number, part: $0.part.rawValue, expected: $0.expected,
                    found: $0.found)
            }, noted: noted)
    }

    func importLedger(
        _ request: LedgerImportRequest, by caller: Caller
    ) async throws(Problem) -> LedgerImportReply {
        let order = Order(by: caller.by, reason: request.reason)
        var list: [ClaimedActivation] = []
        for (index, claim) in request.activations.enumerated() {
            guard settings.isAssigned(claim.region) else {
                throw .invalid(
                    "activations[\(index)].region", "there is no region \(claim.region)")
            }
            guard let device = DeviceKey(claim.device) else {
                throw .invalid("activations[\(index)].device", "must be a device's MAC or id")
            }
            list.append(
                ClaimedActivation(
                    device: device, region: claim.region, time: claim.activatedAt,
                    source: claim.source))
        }
        let isDryRun = request.isDryRun ?? false
        let claims = list
        let result: ActivationImport
        let head: String
        if isDryRun {
            // On a copy of the engine: the packet thread does not wait for it.
            var (engine, now) = await gatekeeper.ask { engine, now in (copy engine, now) }
            head = engine.ledger.head
            do throws(Refusal) {
                result = try engine.importActivations(claims, order: order, at: now)
            } catch {
                throw Problem(error)
            }
        } else {
            (result, head) = try await carryOut { (engine, now) throws(Refusal) in
                let result = try engine.importActivations(claims, order: order, at: now)
                return ((result, engine.ledger.head), result.effects)
            }
        }
        let most = FieldLimits.maximumPage
        return LedgerImportReply(
            added: result.added.count, known: result.known.count, released: result.released,
            isDryRun: isDryRun, head: head,
            entries: await records(of: Array(result.added.prefix(most))),
            knownEntries: await records(of: Array(result.known.prefix(most))))
    }

    /// - Parameter number: The last one that was seen; nil begins at the first, which a row that
    ///   somebody put into the store may have given any number.
    private func slice(after number: Int64?) async -> [LedgerEntry] {
        await gatekeeper.ask { engine, _ in
            // An array of its own: a part of the ledger's would hold on to all of it.
            number.map { Array(engine.ledger.entries(after: $0, limit: Self.sliceEntries)) }
                ?? Array(engine.ledger.entries.prefix(Self.sliceEntries))
        }
    }

    private func records(of entries: [LedgerEntry]) async -> [LedgerRecord] {
        await gatekeeper.ask { engine, _ in
            entries.map { entry in
                LedgerRecord(
                    number: entry.number, time: entry.time, device: entry.device.description,
                    deviceName: engine.displayName(of: entry.device), region: entry.region,
                    origin: entry.origin.rawValue, note: entry.note, digest: entry.digest)
            }
        }
    }
}

extension LedgerQuery {
    fileprivate func fits(_ entry: LedgerEntry) -> Bool {
        (region.map(entry.region.isWithin) ?? true) && (since.map { entry.time >= $0 } ?? true)
    }
}

extension DeviceKey {
    fileprivate func isEqual(_ other: DeviceKey) -> Bool { self == other }
}

extension ActivationImport {
    /// Devices that have their internet back by it.
    fileprivate var released: Int {
        effects.count { effect in
            if case .record(_, let event) = effect { event.kind == .blockReleased } else { false }
        }
    }
}
