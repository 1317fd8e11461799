import Glibc

/// A second hold on the socket of a queue. While one is open the queue lives, whatever becomes of
/// the tap, and of the process.
package struct KeptQueue: ~Copyable, Sendable {
    package let number: UInt16
    package let descriptor: Int32

    private init(number: UInt16, descriptor: Int32) {
        self.number = number
        self.descriptor = descriptor
    }

    /// Of a tap of ours; nil when it is no queue.
    package static func of(_ tap: borrowing PacketTap) throws(NetfilterError) -> KeptQueue? {
        guard case .queue(let number, _, _) = tap.mode else { return nil }
        return KeptQueue(number: number, descriptor: try duplicate(tap.fileDescriptor))
    }

    /// Of a descriptor that another process has left.
    ///
    /// - Parameter descriptor: taken over, and closed where this fails.
    /// - Throws: EINVAL when it is no netfilter socket.
    package static func adopt(
        _ descriptor: Int32, number: UInt16
    ) throws(NetfilterError) -> KeptQueue {
        guard NetlinkSocket.isNetfilter(descriptor) else {
            close(descriptor)
            throw NetfilterError(
                "take over", "queue \(number)", code: EINVAL,
                detail: "descriptor \(descriptor) is no netfilter socket")
        }
        return KeptQueue(number: number, descriptor: descriptor)
    }

    deinit { close(descriptor) }

    /// The tap that goes on where the one before ended.
    ///
    /// - Throws: as `PacketTap.adopt`; the queue is held all the same.
    package func tap(_ mode: TapMode) throws(NetfilterError) -> PacketTap {
        try PacketTap.adopt(try NetlinkSocket.adopt(Self.duplicate(descriptor)), mode)
    }

    /// Ends the queue: what waits in it and what comes passes or not, as the policy says that it
    /// was bound with; no packet of a cut device does.
    ///
    /// Nothing is read from the socket, so that any thread may do it. A queue that is not this
    /// socket's is left as it is: the kernel refuses each message.
    package consuming func release() throws(NetfilterError) {
        var messages = MessageBuffer()
        messages.appendRelease(queue: number)
        try NetlinkSocket.send(messages, on: descriptor)
    }

    private static func duplicate(_ descriptor: Int32) throws(NetfilterError) -> Int32 {
        // Above the standard streams, whatever of them is closed.
        let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        guard copy >= 0 else { throw .last("duplicate", "descriptor \(descriptor)") }
        return copy
    }
}
