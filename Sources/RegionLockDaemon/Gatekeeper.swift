import Engine
import Firewall
import GeoIP
import Glibc
import Inspection
import Logging
import Netfilter
import Policy
import Wire

/// Owns the engine and everything of the kernel it acts on, on one thread: the packet thread.
///
/// Nothing here waits for a disk, a client or the journal. The kernel is changed before the
/// verdict of the packet that caused the change is sent.
actor Gatekeeper {
    nonisolated let executor: ThreadExecutor
    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    var engine: BlockEngine
    var kernel: KernelTableOwner
    var flows: FlowTable
    var tap: PacketTap
    /// DHCP messages.
    var identities: PacketTap?
    var routes: RouteWatch
    var foreign: RulesetWatch
    var tampering = Tampering()
    var comparison = Comparison()
    /// What is still to be put back after a foreign touch of a large table.
    var refill: Refill?
    /// What the kernel held has been joined with the store. Before that nothing is put back: it
    /// would take away what only the kernel knows.
    var hasBegun = false
    /// The tap is let go, and nothing is read from it any more.
    var hasEnded = false
    var inspector: PacketInspector
    var counters = PacketCounters()
    /// Names by index: packets carry only the index.
    var interfaces: [UInt32: InterfaceName] = [:]
    /// Those of them that are bridges.
    var bridges: Set<UInt32> = []
    /// And those that are VLAN devices.
    var vlans: [UInt32: VLANID] = [:]
    /// And those of WireGuard.
    var wireGuards: Set<UInt32> = []
    /// An interface of WireGuard's has come or gone since its peers were read.
    var arePeersStale = false
    /// All of them were taken.
    var arePeersWhole = true
    /// Missing peers that were told of.
    var toldPeers: Set<WireGuardKey> = []
    /// The bits of a packet's mark that tell the commit chain what to do with it.
    var mark: MarkField
    /// When the next second is over, in monotonic nanoseconds.
    var nextTick: UInt64 = 0
    var lastComplaint = ""
    /// Ticks since the start.
    private var seconds = 0
    /// How often the kernel's table is compared with the desired one. Changes by others are told
    /// as they happen; this finds what nobody tells.
    private static let compareSeconds = 60
    /// Why the kernel's table may not be what the engine wants; nil when it is.
    var kernelTrouble: String?
    /// Says the regions of addresses, where sites ask for them.
    var database: RegionDatabase?
    /// Has the queue of the tap outlive us.
    let keeper: QueueKeeper
    let recorder: Recorder
    let clock: DaemonClock
    let logger: Logger

    init(
        parts: consuming KernelParts, engine: BlockEngine, keeper: QueueKeeper, recorder: Recorder,
        database: RegionDatabase?, clock: DaemonClock, logger: Logger, executor: ThreadExecutor
    ) {
        self.engine = engine
        self.inspector = PacketInspector(
            limits: engine.shape == .complete ? .standard : .firstHeaderOnly)
        self.mark = MarkField(mask: engine.book.settings.inspection.markMask)
        self.kernel = parts.kernel
        self.flows = parts.flows
        self.tap = parts.tap
        self.identities = parts.identities
        self.routes = parts.routes
        self.foreign = parts.foreign
        self.database = database
        self.keeper = keeper
        self.recorder = recorder
        self.clock = clock
        self.logger = logger
        self.executor = executor
    }

    // MARK: Commands and questions

    /// Carries out a command of the engine. When it returns the kernel is changed; the record is
    /// on its way to the disk.
    func perform<Answer: Sendable>(
        _ command: @Sendable (inout BlockEngine, Timestamp) throws(Refusal) -> (Answer, [Effect])
    ) throws(Refusal) -> Answer {
        answerWaiting()
        let (answer, effects) = try command(&engine, clock.now())
        run(effects)
        return answer
    }

    /// Asks the engine something; nothing changes.
    func ask<Answer: Sendable>(
        _ question: @Sendable (borrowing BlockEngine, Timestamp) -> Answer
    ) -> Answer {
        question(engine, clock.now())
    }

    func askOrRefuse<Answer: Sendable>(
        _ question: @Sendable (borrowing BlockEngine, Timestamp) throws(Refusal) -> Answer
    ) throws(Refusal) -> Answer {
        try question(engine, clock.now())
    }

    /// Takes new settings that have been checked.
    ///
    /// A tap that is another one is opened before the rules lead there. What waits in the one
    /// before meets the new rules then, and waits in the new one.
    func install(
        _ book: PolicyBook, isTrial: Bool = false, database: RegionDatabase?
    ) throws(NetfilterError) {
        let mode = try Self.tapMode(book.settings.inspection, features: kernel.features)
        var next: PacketTap?
        if !mode.isSameTap(as: tap.mode) {
            next = try keeper.open(mode)
        } else if mode != tap.mode {
            try tap.configure(mode)
        }
        answerWaiting()
        mark = MarkField(mask: book.settings.inspection.markMask)
        prepare(for: book, with: database)
        readPeers(for: book)
        if book.settings.inspection.dhcpGroup != engine.book.settings.inspection.dhcpGroup {
            identities = Self.identityTap(
                book.settings.inspection, features: kernel.features
            ) { complain($0) }
        }
        run(engine.handle(.settings(book, isTrial: isTrial), at: clock.now()))
        tellMissingPeers()
        guard let next = next.take() else { return }
        keeper.release(allBut: mode)
        tap = next
    }

    /// The settings on trial stay, and the blocks they do not carry end.
    func confirmSettings() {
        answerWaiting()
        run(engine.handle(.settingsConfirmed, at: clock.now()))
    }

    /// The tap the settings ask for.
    ///
    /// - Throws: when the kernel cannot queue packets and `inline` is asked for.
    static func tapMode(
        _ settings: InspectionSettings, features: KernelFeatures
    ) throws(NetfilterError) -> TapMode {
        switch settings.tap {
        case .inline:
            guard features.canQueue else {
                throw NetfilterError(
                    "queue packets", "on this kernel", code: EOPNOTSUPP,
                    detail: "it has neither nft queue nor xt_NFQUEUE; set inspection.tap: passive")
            }
            return .queue(number: settings.queue, failOpen: settings.whenDown == .open)
        case .passive: return .log(group: settings.queue)
        }
    }

    /// The tables of ours that are in the kernel, such as `inet regionlock`.
    var tables: [String] {
        kernel.committed.map { "\($0.family.rawValue) \(Ruleset.tableName)" }
    }

    // MARK: Time

    /// Once a second: what time has brought, and what did not work before.
    func tick() {
        // What ended before the tables were read could not be taken out of them.
        guard hasBegun else { return }
        run(engine.handle(.tick, at: clock.now()))
        seconds += 1
        sayAlive()
        if engine.book.usesWireGuard, seconds % Self.peerSeconds == 0 {
            readPeers(for: engine.book)
            tellMissingPeers()
        }
        if kernelTrouble != nil { reconcile() }
        if seconds % Self.compareSeconds == 0 { repairDrift() }
        if engine.blocks.count != kernel.blockedCount { reconcile() }
        tellLosses()
    }

    func sayAlive() {
        do {
            try kernel.sayAlive(second: seconds)
        } catch {
            // The next second tries again; five without make the kernel refuse what is inspected.
            kernelTrouble = "\(error)"
        }
    }

    private func tellLosses() {
        let lost = tap.counters.lost
        if lost > counters.lostReported {
            let count = lost - counters.lostReported
            counters.lostReported = lost
            let event = Event(
                time: clock.now(), kind: .packetsLost,
                text: "\(count) packets of tagged devices could not be inspected: the kernel's "
                    + "queue was full")
            recorder.submit([], event)
        }
    }
}
