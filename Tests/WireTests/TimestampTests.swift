import Testing
import Wire

@Suite("Calendar days")
struct CalendarDayTests {
    @Test("every day of four centuries reads back, in order, month by month")
    func roundTrip() throws {
        // The Gregorian calendar repeats after 400 years; these begin before the epoch.
        let first = try #require(CalendarDay("1800-01-01"))
        let end = try #require(CalendarDay("2200-01-01"))
        #expect(end.daysSinceEpoch - first.daysSinceEpoch == 146_097)
        var expected = (year: 1_800, month: 1, day: 1)
        for number in first.daysSinceEpoch..<end.daysSinceEpoch {
            let day = CalendarDay(daysSinceEpoch: number)
            let text = "\(expected.year)-\(Self.two(expected.month))-\(Self.two(expected.day))"
            guard day.description == text, CalendarDay(text) == day else {
                Issue.record("day \(number) is \(day), not \(text)")
                return
            }
            expected = Self.dayAfter(expected)
        }
    }

    @Test(
        "days since the epoch",
        arguments: [
            ("1970-01-01", 0), ("1969-12-31", -1), ("2000-03-01", 11_017), ("2026-11-23", 20_780),
            ("0000-01-01", -719_528), ("9999-12-31", 2_932_896),
        ] as [(String, Int64)])
    func epoch(text: String, days: Int64) {
        #expect(CalendarDay(text)?.daysSinceEpoch == days)
        #expect(CalendarDay(daysSinceEpoch: days).description == text)
    }

    @Test(
        "days that are not in the calendar",
        arguments: [
            "2026-02-29", "1900-02-29", "2026-04-31", "2026-13-01", "2026-00-10", "2026-01-00",
            "2026-1-1", "26-01-01", "2026/01/01", "2026-01-01 ", "+026-01-01", "2026-01-32", "",
        ])
    func refused(text: String) {
        #expect(CalendarDay(text) == nil)
    }

    @Test("leap days are every fourth year but three of four centuries")
    func leapDays() {
        for (text, isThere) in [
            ("2000-02-29", true), ("2024-02-29", true), ("2100-02-29", false),
            ("2025-02-29", false),
        ] {
            #expect((CalendarDay(text) != nil) == isThere, "\(text)")
        }
    }

    @Test("a day holds its own seconds, first included, last excluded")
    func bounds() throws {
        let day = try #require(CalendarDay("2027-12-31"))
        #expect(day.start.description == "2027-12-31T00:00:00.000Z")
        #expect(day.end.description == "2028-01-01T00:00:00.000Z")
        #expect(day.end.since(day.start) == 86_400_000_000)
    }

    private static func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    /// The calendar as it is taught, to check the arithmetic against.
    private static func dayAfter(
        _ date: (year: Int, month: Int, day: Int)
    ) -> (year: Int, month: Int, day: Int) {
        let isLeap = date.year % 4 == 0 && (date.year % 100 != 0 || date.year % 400 == 0)
        let lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        if date.day < lengths[date.month - 1] { return (date.year, date.month, date.day + 1) }
        return date.month < 12 ? (date.year, date.month + 1, 1) : (date.year + 1, 1, 1)
    }
}

@Suite("Timestamps")
struct TimestampTests {
    @Test(
        "RFC 3339 text in UTC, cut to milliseconds",
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1_795_429_867_114_999, "2026-11-23T10:31:07.114Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (-86_400_000_000, "1969-12-31T00:00:00.000Z"),
            (951_782_399_999_000, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000_000, "2000-02-29T00:00:00.000Z"),
        ] as [(Int64, String)])
    func text(microseconds: Int64, expected: String) {
        #expect(Timestamp(microseconds: microseconds).description == expected)
    }

    @Test("arithmetic and order")
    func arithmetic() {
        let start = Timestamp(seconds: 100)
        #expect(start.adding(seconds: 5).since(start) == 5_000_000)
        #expect(start.adding(seconds: -5) < start)
    }

    @Test("a term of any length stops at the end of the range")
    func saturation() {
        let start = Timestamp(seconds: 1)
        #expect(start.adding(seconds: .max).microseconds == .max)
        #expect(start.adding(seconds: .min).microseconds == .min)
        #expect(Timestamp(microseconds: .max).adding(seconds: 1).microseconds == .max)
    }
}
