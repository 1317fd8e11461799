import Glibc
import Synchronization

/// Sends entries to systemd-journald by its native protocol, and never waits for it.
///
/// A stopped journald takes about 280 datagrams and then blocks whoever insists. Entries it does
/// not take wait in a bounded ring; what falls out of the ring is counted, and the first entry
/// after journald is back says how many were lost.
package final class Journal: Sendable {
    package static let standardPath = "/run/systemd/journal/socket"
    /// Entries that wait: a minute of a busy gateway, at about 1 KiB each.
    package static let maximumSpooled = 1_024
    /// An entry of ours is below 2 KiB; a longer one is a mistake that must not fill the disk.
    package static let maximumEntryLength = 1 << 20

    fileprivate struct State: ~Copyable {
        let sender: DatagramSender
        /// Oldest first.
        var spool: [JournalEntry] = []
        var lost = 0
    }

    private let state: Mutex<State>

    /// True where journald listens.
    package static func isAvailable(path: String = standardPath) -> Bool {
        unsafe access(path, W_OK) == 0
    }

    package init(path: String = standardPath) throws(SystemError) {
        state = Mutex(State(sender: try DatagramSender.open(path: path)))
    }

    /// Entries that wait for journald, and entries lost since it last took one.
    package var backlog: (spooled: Int, lost: Int) {
        state.withLock { ($0.spool.count, $0.lost) }
    }

    /// Hands the entry to journald, or to the ring. Returns at once either way.
    package func send(_ entry: JournalEntry) {
        state.withLock { state in
            guard entry.bytes.count <= Self.maximumEntryLength else {
                state.lost += 1
                return
            }
            state.drain()
            if state.spool.isEmpty, state.deliver(entry) { return }
            if state.spool.count == Self.maximumSpooled {
                state.spool.removeFirst()
                state.lost += 1
            }
            state.spool.append(entry)
        }
    }

    /// Tries again what waits; call it now and then while nothing is sent.
    package func flush() {
        state.withLock { $0.drain() }
    }
}

extension Journal.State {
    /// Sends what waits until journald refuses; then the loss, if there was one.
    mutating func drain() {
        var taken = 0
        while taken < spool.count, deliver(spool[taken]) { taken += 1 }
        spool.removeFirst(taken)
        guard spool.isEmpty, lost > 0 else { return }
        var entry = JournalEntry()
        entry.add("MESSAGE", "\(lost) journal entries were lost: journald did not take them.")
        entry.add("MESSAGE_ID", MessageID.journalEntriesLost.hex)
        entry.add("PRIORITY", "4")
        entry.add("SYSLOG_IDENTIFIER", JournalLogHandler.identifier)
        entry.add("REGIONLOCK_LOST", String(lost))
        if deliver(entry) { lost = 0 }
    }

    /// False when journald did not take the entry and may take it later.
    mutating func deliver(_ entry: JournalEntry) -> Bool {
        guard let refusal = sender.send(entry.bytes) else { return true }
        // EMSGSIZE: longer than the socket's buffer. ENOBUFS: the same, under memory pressure.
        guard refusal == EMSGSIZE || refusal == ENOBUFS else { return false }
        return sender.sendAsMemory(entry.bytes) == nil
    }
}
