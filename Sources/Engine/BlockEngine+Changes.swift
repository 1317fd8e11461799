import Firewall
import Policy
import Wire

extension BlockEngine {
    /// Takes new settings. Blocks whose policy no longer denies their region end by themselves.
    mutating func adopt(_ book: PolicyBook, isTrial: Bool, at now: Timestamp) -> [Effect] {
        let back = removal == nil ? "" : "; our tables are back"
        take(book)
        isOnTrial = isTrial
        let count = book.settings.policies.count
        let event = Event(
            time: now, kind: .settingsLoaded,
            text: "settings \(book.settings.revision) loaded: \(count) policies, "
                + "\(book.settings.sites.sites.count) sites, mode \(mode.rawValue)\(back)")
        // The table is made before any block ends, so that no end is lost in the difference.
        return [.install(rulesets()), .record([], event)] + endUnfounded(at: now)
            + cutNewRelatives(at: now) + enterAll(at: now) + keepIdentities()
    }

    mutating func confirmSettings(at now: Timestamp) -> [Effect] {
        guard isOnTrial else { return [] }
        isOnTrial = false
        let event = Event(
            time: now, kind: .settingsLoaded,
            text: "settings \(book.settings.revision) are confirmed")
        return [.record([], event)] + endUnfounded(at: now)
    }

    /// Decides by `book` from now on.
    mutating func take(_ book: PolicyBook) {
        self.book = book
        // Which names are endpoints' may have changed.
        evidence.removeAll()
        retagAll()
        mode = modeAtPrompt ?? book.settings.mode
        removal = nil
        forgetStandings()
    }

    /// Joins what the kernel still holds with what the store knew: losing either frees nobody.
    mutating func adopt(
        _ elements: [SetElement], ended: Set<BlockID>, at now: Timestamp
    ) -> [Effect] {
        // What was read before everything was taken down is not in the kernel any more.
        guard removal == nil else { return [] }
        var effects: [Effect] = []
        for element in elements {
            guard let device = DeviceKey(element.key), blockOfDevice[device] == nil else {
                continue
            }
            let words = (element.comment ?? "").split(separator: " ")
            let written = words.first.flatMap { BlockID($0) }
            if let written, ended.contains(written) { continue }
            let isFree = written.map { blocks[$0] == nil } ?? false
            let id = isFree ? written ?? freshID() : freshID()
            let block = Block(
                id: id, device: device, cause: .adopted(comment: element.comment ?? ""),
                site: nil, region: words.last.flatMap { Region($0) }, since: now, until: nil)
            blocks[id] = block
            blockCounts.add(block)
            blockOfDevice[device] = id
            noteFamily(of: device)
            let name = displayName(of: device)
            let event = Event(
                time: now, kind: .blockAdopted, device: device, deviceName: name,
                region: block.region, block: id, verdict: .block,
                text: "\(name) was cut off in the kernel but not in the store: it stays cut off")
            effects.append(.record([.put(block)], event))
        }
        forgetStandings()
        if identities.startedAt == nil { identities.startedAt = now }
        effects += keepIdentities()
        ledgerBreak = ledger.firstBreak
        if let ledgerBreak {
            let event = Event(
                time: now, kind: .ledgerBroken,
                text: "entry \(ledgerBreak.number) of the ledger of first activations does not "
                    + "follow from those before it: it was changed from outside")
            effects.append(.record([], event))
        }
        return effects
    }

    /// Nothing starts or ends while the clock shows less than the store has seen: a gateway without
    /// a battery comes up in the past, and its policies' dates would mean nothing.
    private mutating func checkClock(at now: Timestamp) -> [Effect] {
        let isBehind = newestStored.map { now < $0 } ?? false
        guard isBehind != isClockBehind else { return [] }
        isClockBehind = isBehind
        let text =
            isBehind
            ? "the clock shows \(now), and the newest event is of \(newestStored ?? now): "
                + "no block, exemption or policy starts or ends until it is right"
            : "the clock is right again"
        return [.record([], Event(time: now, kind: .clockBehind, text: text))]
    }

    mutating func tick(at now: Timestamp) -> [Effect] {
        var effects = checkClock(at: now)
        // Whose an address is follows from what this life of the daemon has seen, by one clock.
        effects += settleTenancies(at: now) + drainRouterEvents()
        effects += settleReturns(at: now)
        if isClockBehind { return effects }
        let due = timedBlocks.compactMap { blocks[$0] }
            .filter { $0.until.map { $0 <= now } ?? false }
        effects += end(
            due.sorted { $0.id < $1.id }.map { block in
                let name = displayName(of: block.device)
                return Ending(
                    id: block.id, text: "\(name) has its internet back: its time is over")
            }, state: .expired, kind: .blockExpired, by: nil, reason: nil, at: now)
        for exemption in exemptions.values.sorted(by: { $0.id < $1.id })
        where exemption.until.map({ $0 <= now }) ?? false {
            exemptions[exemption.id] = nil
            let name = displayName(of: exemption.device)
            let event = Event(
                time: now, kind: .exemptionEnded, device: exemption.device, deviceName: name,
                policy: exemption.policy,
                text: "the exemption \(exemption.id) of \(name) is over")
            effects.append(.record([.endExemption(id: exemption.id, at: now)], event))
        }
        if validityChanged(at: now) {
            effects += endUnfounded(at: now) + enterAll(at: now)
        }
        effects += remindOfReview(at: now)
        if let lastPruning, now.since(lastPruning) < Self.pruningMicroseconds {
            lastTick = now
            return effects
        }
        bindings.prune(at: now)
        forgetRouters(at: now)
        // A stage may have ended for a device that is where it may not be.
        effects += enterAll(at: now)
        lastPruning = now
        lastTick = now
        return effects
    }

    private func validityChanged(at now: Timestamp) -> Bool {
        guard let lastTick else { return true }
        return book.settings.policies.contains {
            $0.isValid(at: lastTick) != $0.isValid(at: now)
        }
    }
}

extension DeviceKey {
    /// The device a set element stands for; nil for prefixes and interfaces.
    init?(_ key: SetKey) {
        switch key {
        case .mac(let mac): self = .mac(mac)
        case .address(let address): self = .address(address)
        case .prefix, .interface, .family: return nil
        }
    }
}
