package import Wire

/// How text is laid out for whoever reads it.
package struct TextStyle: Sendable {
    /// Columns of the terminal; nil without one: then nothing is cut and times are RFC 3339.
    package var width: Int?
    package var hasColour: Bool
    /// Only results: no hints, no way to undo.
    package var isQuiet: Bool
    /// What "2 min ago" counts from.
    package var now: Timestamp
    /// Seconds east of UTC of local time at a moment.
    package var utcOffset: @Sendable (Timestamp) -> Int64

    package init(
        width: Int?, hasColour: Bool, isQuiet: Bool, now: Timestamp,
        utcOffset: @escaping @Sendable (Timestamp) -> Int64
    ) {
        self.width = width
        self.hasColour = hasColour
        self.isQuiet = isQuiet
        self.now = now
        self.utcOffset = utcOffset
    }

    package var isTerminal: Bool { width != nil }

    /// `2026-11-23 10:31:07` in local time on a terminal, else RFC 3339.
    func time(_ time: Timestamp) -> String {
        guard isTerminal else { return "\(time)" }
        let local = time.adding(seconds: utcOffset(time)).description
        return String(local.prefix(19).replacing("T", with: " "))
    }

    /// `10:31:07` in local time on a terminal, with the day when it is another; else RFC 3339.
    func clock(_ time: Timestamp) -> String {
        guard isTerminal else { return "\(time)" }
        let text = self.time(time)
        return text.prefix(10) == self.time(now).prefix(10) ? String(text.suffix(8)) : text
    }

    /// `2 min` on a terminal, else RFC 3339.
    func age(_ time: Timestamp?) -> String {
        guard let time else { return "-" }
        return isTerminal ? Span.text(seconds: now.since(time) / 1_000_000) : "\(time)"
    }

    /// A moment with how long ago it was: `2026-11-23 10:31:07 (2 min)`.
    func timeAndAge(_ time: Timestamp) -> String {
        isTerminal ? "\(self.time(time)) (\(age(time)))" : "\(time)"
    }

    func deadline(_ until: Timestamp?, never: String) -> String {
        until.map { time($0) } ?? never
    }
}

/// Lengths of time for people.
enum Span {
    /// `4 s`, `2 min`, `3 h 5 min`, `3 days 4 h`; two units at most, none that is zero.
    static func text(seconds: Int64) -> String {
        let seconds = max(0, seconds)
        let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400)
        if seconds < 60 { return "\(seconds) s" }
        if minutes < 60 { return "\(minutes) min" }
        if hours < 24 { return joined("\(hours) h", minutes % 60, "min") }
        return joined(days == 1 ? "1 day" : "\(days) days", hours % 24, "h")
    }

    /// `2.1 ms`, rounded down to a tenth.
    static func text(microseconds: Int64) -> String {
        "\(microseconds / 1_000).\(microseconds % 1_000 / 100) ms"
    }

    private static func joined(_ large: String, _ small: Int64, _ unit: String) -> String {
        small == 0 ? large : "\(large) \(small) \(unit)"
    }
}
