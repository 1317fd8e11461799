import ControlAPI
import Engine
import Firewall
import Inspection
import Logging
import Netfilter
import Policy
import Settings
import Wire

extension Gatekeeper {
    /// Whether all is in order, by what the kernel says now and not by what we remember.
    func status(
        writer: RecordWriter, storeTrouble: String?, startedAt: Timestamp,
        settingsWarnings: [String], otherWarnings: [Warning]
    ) -> Status {
        let now = clock.now()
        let settings = engine.book.settings
        var warnings = settingsWarnings.map { Warning(code: "settings", text: $0) }
        let drift = currentDrift()
        if !drift.isEmpty {
            let text =
                "what the kernel holds is not as it should be: "
                + drift.prefix(3).joined(separator: "; ")
            warnings.append(Warning(code: "drift", text: text, fix: "it is being repaired"))
        }
        if let removal = engine.removal {
            let text =
                "everything was taken down by \(removal.by); "
                + "regionlock mode monitor|enforce puts it back"
            warnings.append(Warning(code: "removed", text: text))
        }
        if let storeTrouble {
            let text = "blocks hold in the kernel but are not on disk: \(storeTrouble)"
            warnings.append(Warning(code: "store", text: text))
        }
        if settings.sites.sites.isEmpty {
            warnings.append(
                Warning(
                    code: "no_sites", text: "no site is declared: no device is in any region",
                    fix: "add sites to regionlock.yaml, then: regionlock reload"))
        }
        let overdue = settings.policies.filter { $0.reviewBy.map { $0.end <= now } ?? false }
        for policy in overdue {
            warnings.append(
                Warning(
                    code: "review",
                    text: "policy \(policy.name) should have been reviewed by "
                        + (policy.reviewBy?.description ?? "?"), fix: "\(policy.source)"))
        }
        if let broken = engine.ledgerBreak {
            warnings.append(
                Warning(
                    code: "ledger",
                    text: "entry \(broken.number) of the ledger of first activations was changed "
                        + "from outside", fix: "regionlock ledger verify"))
        }
        warnings += routerWarnings
        warnings += otherWarnings
        warnings += kernelWarnings()
        let newest = engine.blocks.values.max { $0.since < $1.since }
        return Status(
            gateway: settings.gatewayName, version: ProductVersion.text, mode: engine.mode,
            state: warnings.isEmpty ? .ok : .degraded, time: now, startedAt: startedAt,
            configRevision: settings.revision, blocks: engine.blocks.count,
            lastBlock: newest.map { writer.record(of: $0, in: engine) },
            devices: deviceCounts(writer: writer, at: now), sites: settings.sites.sites.count,
            policies: settings.policies.map { PolicyState(name: $0.name, mode: $0.mode) },
            ruleset: RulesetState(
                isInstalled: kernelTrouble == nil && engine.removal == nil
                    && !drift.contains("\(TableFamily.inet.table) is missing"),
                blocksInKernel: blocksInKernel(drift), drift: tampering.repairs),
            inspection: InspectionState(
                tap: settings.inspection.tap.rawValue,
                whenDown: settings.inspection.whenDown.rawValue,
                packetsInspected: Int(counters.inspected), packetsLost: Int(tap.counters.lost),
                hellosWithoutName: Int(inspector.counters.hellosWithoutName),
                hellosWithECH: Int(inspector.counters.hellosWithECH),
                quicVersionsUnknown: Int(inspector.counters.quicVersionsUnknown)),
            warnings: warnings)
    }

    /// One line, however many there are.
    private var routerWarnings: [Warning] {
        let macs = engine.routers.keys.sorted()
        guard let first = macs.first, let sign = engine.routers[first] else { return [] }
        let name = engine.displayName(of: .mac(first))
        let more = macs.count == 1 ? "" : ", and \(macs.count - 1) more"
        return [
            Warning(
                code: "second_router",
                text: "\(name) (\(first)) looks like a router\(more): \(sign.text). A block of it "
                    + "cuts off everything behind it", fix: "regionlock explain \(first)")
        ]
    }

    /// What the network of this gateway lets pass by our tables.
    func kernelWarnings() -> [Warning] {
        // Whoever cannot be asked has no flowtables for all we know; everything else says so.
        KernelWarnings.all(
            offload: (try? kernel.offloadTables()) ?? [],
            bridges: bridges.compactMap { interfaces[$0] },
            hasBridgeTable: kernel.features.bridgeTable)
            + peerWarnings
    }

    /// Elements up to which the table is read back for `status`: a few milliseconds. Reading
    /// 100,000 takes seconds, and the packet thread has no seconds to spare.
    static let readBackLimit = 2_000

    /// Sets of tagged devices that are too large to be read back: they are written anew instead.
    var unreadDevices: [NftSet] {
        engine.book.settings.devices.count > Self.readBackLimit ? TableSets.devices : []
    }

    /// Puts back what is missing, and says so.
    func repairDrift() { _ = currentDrift() }

    /// Compares the kernel's tables with what the engine wants; whatever differs is repaired.
    ///
    /// Above the limit only a table that is gone is noticed here: an owned one cannot be changed by
    /// anybody else, and changes of a plain one are told by `RulesetWatch` as they happen.
    private func currentDrift() -> [String] {
        // Nothing is wanted there, and what others make is theirs.
        guard engine.removal == nil else { return kernelTrouble.map { [$0] } ?? [] }
        do {
            if engine.blocks.count > Self.readBackLimit || !unreadDevices.isEmpty {
                if let kernelTrouble { return [kernelTrouble] }
                if try kernel.exists() {
                    note([])
                    return []
                }
            }
            let drift = try kernel.drift(from: engine.rulesets())
            note(drift)
            if !drift.isEmpty, hasBegun {
                reconcile()
                tampering.repairs += 1
                tellDrift(drift)
            }
            return drift
        } catch {
            return ["\(error)"]
        }
    }

    private func tellDrift(_ drift: [String]) {
        let outcome = kernelTrouble == nil ? "repaired" : "not yet whole"
        logger.warning(
            "what the kernel holds differed: \(outcome)",
            metadata: [
                "event": "ruleset.repaired", "drift": "\(drift.joined(separator: "; "))",
            ])
    }

    private func blocksInKernel(_ drift: [String]) -> Int {
        drift.isEmpty ? engine.blocks.count : kernel.blockedCount
    }

    private func deviceCounts(writer: RecordWriter, at now: Timestamp) -> DeviceCounts {
        let day: Int64 = 86_400 * 1_000_000
        let seen = engine.devices.values.filter { now.since($0.lastSeen) < day }
        let random = seen.count { device in
            guard case .mac(let mac) = device.key else { return false }
            return writer.vendors.kind(of: mac) == .random
        }
        return DeviceCounts(
            known: engine.knownDevices.count, seenInDay: seen.count, randomMACs: random)
    }
}
