import ControlAPI
import Firewall
package import Netfilter

/// What others did to the table: when it may be repaired again, and what the journal is told.
///
/// Times are monotonic nanoseconds.
package struct Tampering: Sendable {
    /// Repairs in a row that do not wait. Every known firewall tool reloads in one or two
    /// transactions.
    package static let promptRepairs = 10
    /// The time repairs in a row may take together without waiting: what tagged devices notice.
    package static let promptNanoseconds: UInt64 = 200_000_000
    /// Past either, how many times as long as the last repair the next one waits: a program that
    /// fights us costs at most a fifth of the packet thread.
    package static let pauseFactor: UInt64 = 4
    /// Blocks come back within this whatever happens.
    static let longestPauseNanoseconds: UInt64 = 5_000_000_000
    /// Touches by programs of one name within this time are one incident.
    static let incidentNanoseconds: UInt64 = 1_000_000_000

    /// Repairs since the start.
    package var repairs = 0
    /// Transactions of others on our tables since the start.
    package private(set) var touches: UInt64 = 0
    /// When the next repair may begin; nil while none is needed.
    package private(set) var repairDue: UInt64?
    /// As `demandRepair`, of all there is.
    mutating func demandMoreElements(at now: UInt64) {
        mayLackElements = true
        demandRepair(at: now)
    }

    /// The touches that wait for it, as they will be told.
    private var waiting: [RulesetTouch] = []
    /// Repairs without a quiet time between them.
    private var row: (count: Int, nanoseconds: UInt64) = (0, 0)
    private var lastRepair: (end: UInt64, duration: UInt64) = (0, 0)
    private var lastIncident: (writer: String?, time: UInt64)?

    /// More than rules and chains may have been changed since the last repair.
    private(set) var mayLackElements = false

    /// Touches kept while a repair waits: more of them tell no more.
    private static let maximumWaiting = 16

    /// Somebody touched the table.
    package mutating func note(_ touch: RulesetTouch, at now: UInt64) {
        touches += 1
        if waiting.count < Self.maximumWaiting { waiting.append(touch) }
        if touch.writer == nil || !touch.leavesElements { mayLackElements = true }
        demandRepair(at: now)
    }

    /// The table has to be made whole, as soon as the program that fights us leaves us the time.
    mutating func demandRepair(at now: UInt64) {
        guard repairDue == nil else { return }
        let pause = min(lastRepair.duration * Self.pauseFactor, Self.longestPauseNanoseconds)
        let quiet = max(pause, Self.incidentNanoseconds)
        if now > lastRepair.end + quiet { row = (0, 0) }
        let isPrompt = row.count < Self.promptRepairs && row.nanoseconds < Self.promptNanoseconds
        repairDue = isPrompt ? now : max(now, lastRepair.end + pause)
    }

    /// The table was made whole between two moments.
    ///
    /// - Returns: the touches to tell of: those that are not of an incident told already.
    package mutating func repaired(from start: UInt64, to end: UInt64) -> [RulesetTouch] {
        repairs += 1
        repairDue = nil
        mayLackElements = false
        row.count += 1
        row.nanoseconds += end - start
        lastRepair = (end, end - start)
        defer { waiting.removeAll() }
        return waiting.filter { touch in
            if let last = lastIncident, last.writer == touch.writer?.name,
                end - last.time < Self.incidentNanoseconds
            {
                return false
            }
            lastIncident = (touch.writer?.name, end)
            return true
        }
    }

    package init() {}

    /// Nothing is known but that messages were lost.
    var isOnlyLoss: Bool { waiting.allSatisfy { $0.writer == nil } }

    /// There was nothing to repair after all.
    mutating func dismiss() {
        repairDue = nil
        mayLackElements = false
        waiting.removeAll()
    }

    static func text(of touch: RulesetTouch, repairNanoseconds: UInt64) -> String {
        let tenths = repairNanoseconds / 100_000
        return text(of: touch, outcome: "repaired in \(tenths / 10).\(tenths % 10) ms")
    }

    /// The sentence of the journal. Names come from other processes.
    static func text(of touch: RulesetTouch, outcome: String) -> String {
        let writer =
            touch.writer.map { "\(quoted($0.name)) (pid \($0.processID))" }
            ?? "somebody unknown"
        let what =
            touch.isTableDeleted
            ? "table deleted"
            : touch.descriptions.map(Printable.escaped).joined(separator: ", ")
        let families = touch.families.isEmpty ? [.inet] : touch.families
        let tables = families.map(\.table).sorted().joined(separator: " and ")
        return "\(writer) changed \(tables)" + (what.isEmpty ? "" : ": \(what)")
            + "; \(outcome)"
    }

    private static func quoted(_ name: String) -> String {
        let plain = name.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }
        return "\"\(Printable.escaped(plain.joined()))\""
    }
}
