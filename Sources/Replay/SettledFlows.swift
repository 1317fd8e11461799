import Wire

/// The flows that show no more names: what the mark of a conntrack entry is to the daemon.
///
/// Two generations: when one is full the older is forgotten. A flow forgotten too early is only
/// looked into once more.
struct SettledFlows {
    /// Flows of a generation; two take 8 MB.
    static let generation = 65_536
    /// As nf_conntrack forgets a UDP stream (nf_conntrack_udp_timeout_stream).
    static let datagramSeconds: Int64 = 120

    private struct Slot {
        var flow: FlowKey
        /// Of capture time; nil for an empty slot.
        var seconds: Int64?
    }

    private static let mask = 2 * generation - 1
    private var young: [Slot] = []
    private var old: [Slot] = []
    private var count = 0

    /// Whether the flow is settled. One that begins anew is not.
    mutating func contains(_ flow: FlowKey, isBeginning: Bool, at seconds: Int64) -> Bool {
        guard !young.isEmpty else { return false }
        let start = Self.place(of: flow)
        if let slot = Self.find(flow, in: young, from: start), let seen = young[slot].seconds {
            if isBeginning || hasExpired(flow, since: seen, at: seconds) {
                // An empty slot would cut the chain of those behind it.
                young[slot].seconds = .min
                return false
            }
            young[slot].seconds = seconds
            return true
        }
        guard !old.isEmpty, let slot = Self.find(flow, in: old, from: start),
            let seen = old[slot].seconds
        else { return false }
        old[slot].seconds = .min
        if isBeginning || hasExpired(flow, since: seen, at: seconds) { return false }
        insert(flow, at: seconds)
        return true
    }

    mutating func insert(_ flow: FlowKey, at seconds: Int64) {
        if young.isEmpty { young = Self.empty(flow) }
        if count >= Self.generation {
            swap(&young, &old)
            young = Self.empty(flow)
            count = 0
        }
        var slot = Self.place(of: flow)
        while let seen = young[slot].seconds {
            if young[slot].flow == flow || seen == .min { break }
            slot = (slot + 1) & Self.mask
        }
        if young[slot].seconds == nil { count += 1 }
        young[slot] = Slot(flow: flow, seconds: seconds)
    }

    private func hasExpired(_ flow: FlowKey, since seen: Int64, at seconds: Int64) -> Bool {
        seen == .min || flow.transport == .udp && seconds - seen > Self.datagramSeconds
    }

    private static func empty(_ flow: FlowKey) -> [Slot] {
        Array(repeating: Slot(flow: flow, seconds: nil), count: mask + 1)
    }

    private static func find(_ flow: FlowKey, in slots: [Slot], from start: Int) -> Int? {
        var slot = start
        while slots[slot].seconds != nil {
            if slots[slot].flow == flow { return slot }
            slot = (slot + 1) & mask
        }
        return nil
    }

    /// Nobody gains by crafted collisions here: it is the operator's own file.
    private static func place(of flow: FlowKey) -> Int {
        var hash: UInt64 = UInt64(flow.transport.rawValue)
        func mix(_ word: UInt64) {
            hash = (hash ^ word) &* 0x9e37_79b9_7f4a_7c15
            hash ^= hash >> 29
        }
        func mix(_ address: IPAddress) {
            switch address {
            case .v4(let address): mix(UInt64(address.value))
            case .v6(let address):
                mix(address.high)
                mix(address.low)
            }
        }
        mix(flow.source)
        mix(flow.destination)
        mix(UInt64(flow.sourcePort) << 16 | UInt64(flow.destinationPort))
        return Int(truncatingIfNeeded: hash >> 32) & mask
    }
}
