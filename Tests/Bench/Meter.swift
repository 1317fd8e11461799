import CMallocCount
import Glibc

/// Prints one row: nanoseconds of this thread's CPU time and heap allocations, each per call.
enum Meter {
    private static let rounds = 5

    static func header() {
        print(row("what", "ns", "allocations"))
    }

    /// The best of five rounds of `count` calls, after one that is not counted: on a busy machine
    /// the best is what the code costs, the rest is what the machine does.
    static func measure(_ what: String, count: Int, _ body: () -> Void) {
        for _ in 0..<count { body() }
        let before = malloc_count()
        var best = UInt64.max
        for _ in 0..<rounds {
            let start = cpuNanoseconds()
            for _ in 0..<count { body() }
            best = min(best, cpuNanoseconds() - start)
        }
        let allocations = Double(malloc_count() - before) / Double(rounds * count)
        print(row(what, decimal(Double(best) / Double(count)), decimal(allocations)))
    }

    static func cpuNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    static func wallNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    static func decimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    private static func row(_ what: String, _ first: String, _ second: String) -> String {
        func left(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.count))
        }
        func right(_ text: String, _ width: Int) -> String {
            String(repeating: " ", count: max(0, width - text.count)) + text
        }
        return left(what, 52) + right(first, 10) + right(second, 13)
    }
}
