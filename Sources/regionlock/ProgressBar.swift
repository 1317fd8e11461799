import Glibc

/// How far a long file has been read, on the terminal of standard error.
struct ProgressBar {
    private static let cells = 30
    /// Ten times a second is as often as one looks.
    private static let periodNanoseconds: UInt64 = 100_000_000
    /// A file that is read in less needs none.
    private static let patienceNanoseconds: UInt64 = 300_000_000

    private let total: UInt64?
    private let isWanted: Bool
    private let start: UInt64
    private var due: UInt64
    private var isShown = false

    /// Nil: how much there is to read is not known.
    init(of total: UInt64?, isWanted: Bool) {
        self.total = total
        self.isWanted = isWanted
        start = Self.now
        due = start + Self.patienceNanoseconds
    }

    mutating func show(_ octets: UInt64) {
        guard isWanted, Self.now >= due else { return }
        let now = Self.now
        due = now + Self.periodNanoseconds
        isShown = true
        let speed = octets * 1_000 / max(1, (now - start) / 1_000_000)
        var line = "\(octets >> 20) MB, \(speed >> 20) MB a second"
        if let total, total > 0 {
            let share = Int(min(octets, total) * 100 / total)
            let full = share * Self.cells / 100
            let bar =
                String(repeating: "#", count: full)
                + String(repeating: ".", count: Self.cells - full)
            line = "[\(bar)] \(share) %  " + line
        }
        // Back to the first column; erase what is right of the text (ECMA-48, 8.3.41).
        Self.write("\r" + line + "\u{1b}[K")
    }

    /// Takes the bar away before something else is written.
    mutating func clear() {
        guard isShown else { return }
        isShown = false
        Self.write("\r\u{1b}[K")
    }

    private static var now: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func write(_ text: String) {
        let bytes = Array(text.utf8)
        // A bar that cannot be written is none.
        _ = bytes.withUnsafeBytes { Glibc.write(STDERR_FILENO, $0.baseAddress, $0.count) }
    }
}
