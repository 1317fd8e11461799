/// Where packets come from.
package enum TapMode: Hashable, Sendable {
    /// The packets themselves, held by the kernel until their verdict.
    ///
    /// - maximumLength: packets held at once. A daemon that hangs holds that many for ever, one
    /// that is slow drops or passes what comes after; 4096 is 0.1 s of a device that sends 40,000
    /// packets a second and waits as a whole, and 8 MiB of the socket's 16 when they are small.
    /// - failOpen: what does not fit passes, instead of being dropped. It needs `bypass` in the
    /// rule as well, for the time when no daemon runs. Both hold for a queue that outlived its
    /// daemon: 4096 packets wait for the next one, and what comes after passes or not.
    case queue(number: UInt16, maximumLength: UInt32 = 4096, failOpen: Bool)
    /// Copies, `range` octets of each at most.
    case log(group: UInt16, range: UInt32 = 0xffff)

    /// Whether both are the same queue or log group, however it is set.
    package func isSameTap(as other: TapMode) -> Bool {
        switch (self, other) {
        case (.queue(let number, _, _), .queue(let another, _, _)): number == another
        case (.log(let group, _), .log(let another, _)): group == another
        case (.queue, .log), (.log, .queue): false
        }
    }

    package var description: String {
        switch self {
        case .queue(let number, _, _): "queue \(number)"
        case .log(let group, _): "log group \(group)"
        }
    }
}

/// What becomes of a queued packet. A packet that must not pass is accepted as well: it leaves the
/// queue with a mark by which the commit chain rejects it, so that its sender gets an answer.
package enum TapVerdict: Hashable, Sendable {
    /// - mark: the whole new packet mark, as `MarkField.setting` makes it; nil leaves it as it was.
    case accept(mark: UInt32?)
    /// The packet goes on with other octets, from the IP header on: lengths and checksums are the
    /// caller's. At most 65,531 octets, what an attribute holds.
    case replace(mark: UInt32?, [UInt8])
    /// The packet is gone. For packets whose sender is not who it says.
    case drop
}

/// What a tap has counted since it was opened.
package struct TapCounters: Hashable, Sendable {
    /// Packets handed to the body.
    package internal(set) var received: UInt64 = 0
    /// Packets the kernel meant for us and could not deliver, by gaps in their numbers. Packets
    /// beyond the queue's maximum length never got a number; the kernel counts those as
    /// `queue_dropped` in /proc/net/netfilter/nfnetlink_queue.
    package internal(set) var lost: UInt64 = 0
    /// Messages that made no sense.
    package internal(set) var malformed: UInt64 = 0
    /// Verdicts for packets that were gone.
    package internal(set) var refusedVerdicts: UInt64 = 0
}
