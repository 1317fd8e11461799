import Glibc

/// Several descriptors to sleep on: poll(2).
package struct PollSet: Sendable {
    private var entries: [pollfd] = []

    package init() {}

    /// Adds a descriptor to be watched for reading. The caller keeps it open while the set is used.
    ///
    /// - Returns: its place, for `isReady`.
    @discardableResult
    package mutating func add(_ fileDescriptor: Int32) -> Int {
        entries.append(pollfd(fd: fileDescriptor, events: Int16(POLLIN), revents: 0))
        return entries.count - 1
    }

    /// Sleeps until a descriptor is ready or the time is over; a signal ends it early.
    ///
    /// - Parameter timeoutMilliseconds: nil sleeps without limit.
    /// - Returns: whether a descriptor is ready.
    package mutating func wait(timeoutMilliseconds: Int32?) throws(NetfilterError) -> Bool {
        let timeout = max(timeoutMilliseconds ?? -1, -1)
        let ready = unsafe poll(&entries, nfds_t(entries.count), timeout)
        if ready < 0 {
            for index in entries.indices { entries[index].revents = 0 }
            guard errno == EINTR else { throw .last("poll") }
        }
        return ready > 0
    }

    /// Whether the descriptor at `place` was readable, or broken, when `wait` returned.
    package func isReady(_ place: Int) -> Bool { entries[place].revents != 0 }
}
