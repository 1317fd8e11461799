import Glibc

/// Time that only rises, whatever happens to the calendar: for durations and deadlines.
package enum MonotonicClock {
    /// Nanoseconds since an unnamed moment, usually boot (CLOCK_MONOTONIC, clock_gettime(2)).
    package static func nanoseconds() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
