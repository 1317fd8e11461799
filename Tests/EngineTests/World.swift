import Engine
import Firewall
import Inspection
import Policy
import Settings
import Wire

/// The engine with a kernel and a store made of values, and a clock that only moves when told.
struct World {
    /// 2026-11-23T00:00:00Z.
    static let start = Timestamp(seconds: 1_795_392_000)

    var files: [String: String] = [:]
    var engine: BlockEngine?
    /// What the kernel's changing sets hold, by the effects alone.
    var kernel: [String: Set<SetElement>] = [:]
    /// How many tables of ours the kernel has.
    var tables = 0
    var store = EngineSnapshot()
    var endedBlocks: Set<BlockID> = []
    var now = World.start
    var verdict: Verdict?
    var isForged = false
    /// `given`, `withheld` or the switch that refuses it.
    var answer: String?
    var events: [Event] = []
    var endedFlows: [IPAddress] = []
    /// Devices that were asked whether they are still there.
    var asked: [MACAddress] = []
    var refusal: Refusal?
    /// What a DHCP server has written down; nil where no list is read.
    var leases: [LeaseWords]?
    /// The GeoIP database in use, and what it says.
    var database: DatabaseFacts?
    var records: [IPAddress: AddressRegion.Finding] = [:]

    /// What the files as they stand now come to, their own tests included.
    func reading() -> SettingsResult {
        var result = SettingsReader.read(
            files: files.map { SettingsFile(path: $0.key, text: $0.value) },
            vendorRegistry: VendorRegistry(), regions: .builtIn, hostName: "gw")
        result.runTests(at: now)
        return result
    }

    func book() throws -> PolicyBook {
        let result = reading()
        guard let settings = result.settings else {
            throw ScenarioError(result.problems.map { $0.rendered() }.joined(separator: "\n"))
        }
        return PolicyBook(settings: settings, seed: 42)
    }

    /// Makes a new engine from what the store and the kernel hold, as the daemon does at start.
    mutating func boot() throws {
        var engine = BlockEngine(
            book: try book(), snapshot: store, capabilities: .all,
            references: ReferenceSource(seed: 1))
        if let leases { _ = engine.handle(.leases(leases, isWhole: true), at: now) }
        let held = [TableSets.blockedMAC, TableSets.blockedIPv4, TableSets.blockedIPv6]
            .flatMap { kernel[$0.name] ?? [] }
            .sorted { $0.key.description < $1.key.description }
        let effects = engine.handle(.kernelBlocks(held, ended: endedBlocks), at: now)
        kernel = engine.cutElements
        tables = engine.rulesets().count
        self.engine = engine
        run(effects)
        tick()
    }

    mutating func tick() { run(engine?.handle(.tick, at: now) ?? []) }

    mutating func forget() {
        verdict = nil
        isForged = false
        answer = nil
        events = []
        endedFlows = []
        refusal = nil
    }

    mutating func run(_ effects: [Effect]) {
        for effect in effects {
            switch effect {
            case .commit(let changes):
                for change in changes {
                    if change.isAdded {
                        kernel[change.set.name, default: []].insert(change.element)
                    } else {
                        kernel[change.set.name]?.remove(change.element)
                    }
                }
            case .install(let rulesets):
                tables = rulesets.count
                for set in TableSets.changing {
                    kernel[set.name] = rulesets.first?.elements[set.name]
                }
            case .removeTables:
                tables = 0
                kernel = [:]
            case .endFlows(let addresses): endedFlows += addresses
            case .endCutFlows: break
            case .ask(let mac, _, _): asked.append(mac)
            case .keep(let changes): changes.forEach { keep($0) }
            case .record(let changes, let event):
                changes.forEach { keep($0) }
                events.append(event)
                store.newest = max(store.newest ?? event.time, event.time)
            }
        }
    }

    private mutating func keep(_ change: StoreChange) {
        switch change {
        case .put(let block):
            store.blocks.removeAll { $0.id == block.id }
            if block.state == .inForce {
                store.blocks.append(block)
            } else {
                endedBlocks.insert(block.id)
            }
        case .putExemption(let exemption): store.exemptions.append(exemption)
        case .endExemption(let id, _): store.exemptions.removeAll { $0.id == id }
        case .putTag(let grant): store.tags.append(grant)
        case .removeTag(let device, let tag):
            store.tags.removeAll { $0.device == device && $0.tag == tag }
        case .putMode(let mode): store.mode = mode
        case .putLedger(let entry): store.ledger.append(entry)
        case .putStage(let start):
            store.stages.removeAll { $0.device == start.device && $0.policy == start.policy }
            store.stages.append(start)
        case .putIdentity(let kept):
            store.identities.removeAll { $0.mac == kept.mac }
            store.identities.append(kept)
        case .removeIdentity(let mac): store.identities.removeAll { $0.mac == mac }
        case .append: break
        }
    }

    /// What must hold after every step: the kernel's sets are what the blocks in force ask for, and
    /// so is the store.
    var contradiction: String? {
        guard let engine else { return nil }
        for set in TableSets.changing {
            let wanted = engine.cutElements[set.name] ?? []
            let held = kernel[set.name] ?? []
            if wanted != held { return "\(set.name) holds \(held), the blocks ask for \(wanted)" }
        }
        let kept = Set(store.blocks.map(\.id))
        let inForce = Set(engine.blocks.keys)
        if kept != inForce { return "the store has \(kept), in force are \(inForce)" }
        return store.ledger == engine.ledger.entries ? nil : "the store has another ledger"
    }
}

struct ScenarioError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}
