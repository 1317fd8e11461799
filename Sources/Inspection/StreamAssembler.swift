import Wire

/// What is remembered of one flow between its packets.
struct KeptFlow {
    var buffer: StreamBuffer
    /// What the device had acknowledged of the other side's bytes when it sent the first segment
    /// kept here.
    var acknowledgment: UInt32?
    var quic = QUICProgress()
}

/// The streams that wait for more bytes, within limits a device cannot move.
///
/// Flows are found through `Dictionary`, whose hash is keyed at random in each process, so that
/// chosen ports cannot collide. A list through the entries runs from the longest silent flow to the
/// latest: that is the order in which they time out and in which they are evicted.
struct StreamAssembler {
    private struct Entry {
        var flow: FlowKey
        var kept: KeptFlow
        var lastSeen: UInt64
        /// What `kept` counted for when it was last put away.
        var charge: Int
        var older: Int32
        var newer: Int32
    }

    private static let none: Int32 = -1

    private let limits: InspectionLimits
    private let timeoutNanoseconds: UInt64
    private var slots: [FlowKey: Int32] = [:]
    private var entries: [Entry] = []
    private var free: [Int32] = []
    private var oldest = none
    private var newest = none

    private(set) var bytesKept = 0
    private(set) var flowsExpired: UInt64 = 0
    private(set) var flowsEvicted: UInt64 = 0

    init(limits: InspectionLimits) {
        self.limits = limits
        timeoutNanoseconds = limits.flowTimeoutSeconds * 1_000_000_000
    }

    var count: Int { slots.count }

    /// What is kept of the flow, which leaves the assembler; `keep` gives it back.
    mutating func take(_ flow: FlowKey) -> KeptFlow? {
        guard !slots.isEmpty, let slot = slots.removeValue(forKey: flow) else { return nil }
        let kept = entries[Int(slot)].kept
        release(slot)
        return kept
    }

    /// Keeps a flow as the latest, at the cost of the longest silent ones where a limit is hit.
    mutating func keep(_ kept: KeptFlow, of flow: FlowKey, at nanoseconds: UInt64) {
        let charge = kept.buffer.footprint
        while slots.count >= limits.flows || bytesKept + charge > limits.bytesInTotal {
            guard evictOldest() else { return }
            flowsEvicted += 1
        }
        let entry = Entry(
            flow: flow, kept: kept, lastSeen: nanoseconds, charge: charge, older: newest,
            newer: Self.none)
        let slot: Int32
        if let reused = free.popLast() {
            slot = reused
            entries[Int(slot)] = entry
        } else {
            slot = Int32(entries.count)
            entries.append(entry)
        }
        if newest == Self.none { oldest = slot } else { entries[Int(newest)].newer = slot }
        newest = slot
        slots[flow] = slot
        bytesKept += charge
    }

    /// Forgets what has been silent for longer than the timeout.
    mutating func expire(at nanoseconds: UInt64) {
        while oldest != Self.none {
            let lastSeen = entries[Int(oldest)].lastSeen
            guard nanoseconds > lastSeen, nanoseconds - lastSeen > timeoutNanoseconds,
                evictOldest()
            else { return }
            flowsExpired += 1
        }
    }

    private mutating func evictOldest() -> Bool {
        guard oldest != Self.none else { return false }
        slots[entries[Int(oldest)].flow] = nil
        release(oldest)
        return true
    }

    /// Takes an entry out of the list, gives its memory back and its place to the next.
    private mutating func release(_ slot: Int32) {
        let entry = entries[Int(slot)]
        if entry.older == Self.none {
            oldest = entry.newer
        } else {
            entries[Int(entry.older)].newer = entry.newer
        }
        if entry.newer == Self.none {
            newest = entry.older
        } else {
            entries[Int(entry.newer)].older = entry.older
        }
        bytesKept -= entry.charge
        entries[Int(slot)].kept = KeptFlow(buffer: StreamBuffer(at: 0))
        entries[Int(slot)].charge = 0
        free.append(slot)
    }
}
