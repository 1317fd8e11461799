import CNetfilter
import Glibc

/// Memory for several datagrams received by one system call.
///
/// The pages of a slot become resident when a datagram first fills them, so that large slots cost
/// address space only.
@safe
struct DatagramBatch: ~Copyable {
    private let memory: UnsafeMutableRawPointer
    private let slotSize: Int
    private let capacity: Int
    private var lengths: [UInt32]
    private var senders: [UInt32]
    private(set) var count = 0

    enum Outcome {
        case received
        /// Nothing waits in the socket.
        case empty
        /// The kernel dropped messages because the socket's buffer was full (ENOBUFS).
        case overrun
    }

    init(capacity: Int, slotSize: Int) {
        guard let memory = unsafe calloc(capacity, slotSize) else { fatalError("out of memory") }
        unsafe self.memory = memory
        self.slotSize = slotSize
        self.capacity = capacity
        lengths = Array(repeating: 0, count: capacity)
        senders = Array(repeating: 0, count: capacity)
    }

    deinit { unsafe free(memory) }

    /// Overwrites what was received since it was made: it may hold keys.
    mutating func wipe() {
        count = 0
        unsafe cnf_wipe(memory, capacity * slotSize)
    }

    /// Replaces the content by whatever waits in the socket; never waits itself.
    ///
    /// - Parameter peeking: read the first datagram only, and leave it in the socket.
    mutating func receive(
        from fileDescriptor: Int32, peeking: Bool = false
    ) throws(NetfilterError) -> Outcome {
        count = 0
        while true {
            let received = unsafe cnf_receive_batch(
                fileDescriptor, memory, slotSize, UInt32(capacity), peeking ? 1 : 0, &lengths,
                &senders)
            if received >= 0 {
                count = Int(received)
                return .received
            }
            switch errno {
            case EINTR: continue
            case EAGAIN: return .empty
            case ENOBUFS: return .overrun
            default: throw .last("receive from netlink socket")
            }
        }
    }

    /// Calls `body` with datagram `index`: empty unless the kernel sent it and it fitted its slot.
    func withDatagram<R, E: Error>(
        _ index: Int, _ body: (Span<UInt8>) throws(E) -> R
    ) throws(E) -> R {
        let length = Int(lengths[index])
        let isWhole = length <= slotSize && senders[index] == 0
        let octets = unsafe UnsafeRawBufferPointer(
            start: memory + index * slotSize, count: isWhole ? length : 0)
        return try body(unsafe Span<UInt8>(_unsafeBytes: octets))
    }
}
