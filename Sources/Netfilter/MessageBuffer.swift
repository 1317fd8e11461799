import CNetfilter
import Glibc

/// Netlink messages being written, one after the other, ready to go out in one datagram.
///
/// Messages are built in place by libmnl and libnftnl; the memory grows by doubling and always has
/// room for one more whole message.
@safe
struct MessageBuffer: ~Copyable {
    /// Room kept for one message. Element messages are the largest: their list is an attribute, and
    /// an attribute's length has 16 bits.
    static let messageRoom = 128 * 1024
    /// Memory above this is given back once the messages are sent.
    private static let keptCapacity = 1024 * 1024

    private var memory: UnsafeMutableRawPointer
    private var capacity: Int
    /// Octets of finished messages.
    private(set) var count = 0
    /// Where the newest message starts.
    private var start = 0
    /// The number the newest message carries.
    private(set) var sequence: UInt32 = 0

    init() {
        capacity = 2 * Self.messageRoom
        unsafe memory = Self.allocate(nil, capacity)
    }

    deinit { unsafe free(memory) }

    /// Forgets every message, not the sequence number.
    mutating func removeAll() {
        count = 0
        start = 0
        guard capacity > Self.keptCapacity else { return }
        capacity = 2 * Self.messageRoom
        unsafe memory = Self.allocate(memory, capacity)
    }

    /// Appends a message of `type` that `body` fills, behind `header` octets of its own.
    mutating func append(
        type: UInt16, flags: Int32, header: [UInt8],
        _ body: (inout MessageBody) -> Void = { _ in }
    ) {
        if capacity - count < Self.messageRoom {
            while capacity - count < Self.messageRoom { capacity *= 2 }
            unsafe memory = Self.allocate(memory, capacity)
        }
        start = count
        sequence &+= 1
        guard let message = unsafe mnl_nlmsg_put_header(memory + start),
            let extra = unsafe mnl_nlmsg_put_extra_header(message, header.count)
        else { preconditionFailure("libmnl writes headers without fail") }
        unsafe message.pointee.nlmsg_type = type
        unsafe message.pointee.nlmsg_flags = UInt16(flags | NLM_F_REQUEST)
        unsafe message.pointee.nlmsg_seq = sequence
        unsafe header.withUnsafeBytes { octets in
            if let base = octets.baseAddress { unsafe memcpy(extra, base, octets.count) }
        }
        var content = unsafe MessageBody(message: message)
        body(&content)
        unsafe count += Int(message.pointee.nlmsg_len).aligned
    }

    /// Appends an nfnetlink message: `struct nfgenmsg` with family and resource number in front.
    mutating func append(
        subsystem: Int32, message: some BinaryInteger, family: Int32, resource: UInt16 = 0,
        flags: Int32, _ body: (inout MessageBody) -> Void = { _ in }
    ) {
        append(
            type: UInt16(subsystem) << 8 | UInt16(message), flags: flags,
            header: [
                UInt8(family), UInt8(NFNETLINK_V0), UInt8(resource >> 8),
                UInt8(truncatingIfNeeded: resource),
            ], body)
    }

    /// Asks for an acknowledgement of the newest message.
    mutating func requestAcknowledgement() {
        precondition(count > start, "there is no message to acknowledge")
        let flags = unsafe memory.load(fromByteOffset: start + 6, as: UInt16.self)
        unsafe memory.storeBytes(
            of: flags | UInt16(NLM_F_ACK), toByteOffset: start + 6, as: UInt16.self)
    }

    func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        unsafe body(UnsafeRawBufferPointer(start: memory, count: count))
    }

    private static func allocate(
        _ old: UnsafeMutableRawPointer?, _ size: Int
    ) -> UnsafeMutableRawPointer {
        guard let memory = unsafe realloc(old, size) else { fatalError("out of memory") }
        return unsafe memory
    }
}

/// The attributes of the message being written.
@safe
struct MessageBody {
    /// For libnftnl's builders; valid until the message is finished.
    let message: UnsafeMutablePointer<nlmsghdr>

    fileprivate init(message: UnsafeMutablePointer<nlmsghdr>) { unsafe self.message = message }

    mutating func put(_ type: some BinaryInteger, _ octets: [UInt8]) {
        let fits = unsafe octets.withUnsafeBytes { value in
            unsafe mnl_attr_put_check(
                message, MessageBuffer.messageRoom, UInt16(type), value.count, value.baseAddress)
        }
        precondition(fits, "a message outgrew its room")
    }

    /// A number in network order, as nfnetlink wants nearly all of them.
    mutating func put(_ type: some BinaryInteger, network value: some FixedWidthInteger) {
        put(type, value.networkOctets)
    }

    /// A number in this machine's order.
    mutating func put(_ type: some BinaryInteger, host value: UInt32) {
        #if _endian(little)
            put(type, value.byteSwapped.networkOctets)
        #else
            put(type, value.networkOctets)
        #endif
    }

    /// Text with its terminating zero.
    mutating func put(_ type: some BinaryInteger, _ text: String) { put(type, text.utf8 + [0]) }

    mutating func nest(_ type: some BinaryInteger, _ body: (inout MessageBody) -> Void) {
        let nest = unsafe mnl_attr_nest_start(message, UInt16(type))
        body(&self)
        unsafe mnl_attr_nest_end(message, nest)
    }
}

extension FixedWidthInteger {
    /// Most significant octet first.
    var networkOctets: [UInt8] {
        (0..<Self.bitWidth / 8).map {
            UInt8(truncatingIfNeeded: self >> Self(Self.bitWidth - 8 - 8 * $0))
        }
    }
}
