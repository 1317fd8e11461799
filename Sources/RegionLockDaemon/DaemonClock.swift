import Glibc
import Wire

/// The one place that reads a clock.
package struct DaemonClock: Sendable {
    package init() {}

    /// CLOCK_REALTIME.
    func now() -> Timestamp {
        let time = Self.read(CLOCK_REALTIME)
        return Timestamp(
            microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// CLOCK_MONOTONIC, in nanoseconds.
    func monotonicNanoseconds() -> UInt64 {
        let time = Self.read(CLOCK_MONOTONIC)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    private static func read(_ clock: clockid_t) -> timespec {
        var time = timespec()
        _ = unsafe clock_gettime(clock, &time)
        return time
    }
}
