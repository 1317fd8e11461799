import CNetfilter
import Glibc

/// Wakes a thread that sleeps in poll(2), from any thread: eventfd(2).
package struct WakeEvent: ~Copyable, Sendable {
    /// For poll(2): readable after `signal`, until `clear`.
    package let fileDescriptor: Int32

    package static func open() throws(NetfilterError) -> WakeEvent {
        let fileDescriptor = cnf_eventfd()
        guard fileDescriptor >= 0 else { throw .last("make eventfd") }
        return WakeEvent(fileDescriptor: fileDescriptor)
    }

    private init(fileDescriptor: Int32) { self.fileDescriptor = fileDescriptor }

    deinit { close(fileDescriptor) }

    /// Several signals before one `clear` wake once.
    package func signal() {
        // Fails only when 2^64 - 2 signals are pending; then the thread is awake anyway.
        var one: UInt64 = 1
        _ = unsafe write(fileDescriptor, &one, MemoryLayout<UInt64>.size)
    }

    package func clear() {
        // Fails only when nothing was signalled.
        var count: UInt64 = 0
        _ = unsafe read(fileDescriptor, &count, MemoryLayout<UInt64>.size)
    }
}
