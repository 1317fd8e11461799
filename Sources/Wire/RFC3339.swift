/// Reads times as RFC 3339 section 5.6 writes them, and bare days as their first moment in UTC.
package enum RFC3339 {
    /// More digits of a second than microseconds are refused, not rounded.
    private static let maximumFractionDigits = 6

    /// Nil for a time that is not in the calendar. A leap second (`:60`) is refused: the clocks
    /// this meets never show one.
    package static func timestamp(_ text: some StringProtocol) -> Timestamp? {
        if let day = CalendarDay(text) { return day.start }
        let parts = text.split(maxSplits: 1, omittingEmptySubsequences: false) {
            $0 == "T" || $0 == "t" || $0 == " "
        }
        guard parts.count == 2, let day = CalendarDay(parts[0]),
            let zoneStart = parts[1].lastIndex(where: { "Zz+-".contains($0) }),
            let clock = clockMicroseconds(parts[1][..<zoneStart]),
            let offset = offsetSeconds(parts[1][zoneStart...])
        else { return nil }
        return Timestamp(microseconds: day.start.microseconds + clock - offset * 1_000_000)
    }

    /// Microseconds since midnight of `10:31:07` or `10:31:07.114`.
    private static func clockMicroseconds(_ text: some StringProtocol) -> Int64? {
        let halves = text.split(separator: ".", omittingEmptySubsequences: false)
        let fields = halves[0].split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count <= 2, fields.count == 3,
            let hour = twoDigits(fields[0], below: 24),
            let minute = twoDigits(fields[1], below: 60),
            let second = twoDigits(fields[2], below: 60)
        else { return nil }
        var fraction: Int64 = 0
        if halves.count == 2 {
            let digits = halves[1]
            guard (1...maximumFractionDigits).contains(digits.utf8.count),
                digits.utf8.allSatisfy({ (48...57).contains($0) }),
                let value = Int64(
                    digits + String(repeating: "0", count: maximumFractionDigits - digits.count))
            else { return nil }
            fraction = value
        }
        return (hour * 3_600 + minute * 60 + second) * 1_000_000 + fraction
    }

    /// Seconds east of UTC of `Z`, `+02:00` or `-05:00`.
    private static func offsetSeconds(_ text: some StringProtocol) -> Int64? {
        if text == "Z" || text == "z" { return 0 }
        let fields = text.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 2, let hour = twoDigits(fields[0], below: 24),
            let minute = twoDigits(fields[1], below: 60)
        else { return nil }
        return (text.first == "-" ? -1 : 1) * (hour * 3_600 + minute * 60)
    }

    private static func twoDigits(_ text: some StringProtocol, below limit: Int64) -> Int64? {
        guard text.utf8.count == 2, text.utf8.allSatisfy({ (48...57).contains($0) }),
            let value = Int64(text), value < limit
        else { return nil }
        return value
    }
}
