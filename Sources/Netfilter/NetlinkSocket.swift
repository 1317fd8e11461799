import CNetfilter
import Glibc

/// An open, non-blocking netlink socket with a port of its own.
@safe
struct NetlinkSocket: ~Copyable {
    private let handle: OpaquePointer
    let fileDescriptor: Int32
    /// Where the kernel sends answers; the number other processes see as the owner of a table.
    let port: UInt32

    /// - Parameter groups: bit mask of the multicast groups 1...32 to join.
    static func open(_ bus: Int32, groups: UInt32 = 0) throws(NetfilterError) -> NetlinkSocket {
        let flags = Int32(SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        guard let handle = unsafe mnl_socket_open2(bus, flags) else {
            let error = NetfilterError.last("open netlink socket")
            guard bus == NETLINK_NETFILTER, error.code == EPROTONOSUPPORT else { throw error }
            throw NetfilterError(
                "open netlink socket", "of netfilter", code: error.code,
                detail: "this kernel has no nf_tables (CONFIG_NF_TABLES)")
        }
        guard unsafe mnl_socket_bind(handle, groups, MNL_SOCKET_AUTOPID) == 0 else {
            let error = NetfilterError.last("bind netlink socket")
            unsafe mnl_socket_close(handle)
            throw error
        }
        return unsafe NetlinkSocket(handle: handle)
    }

    /// Takes over an open socket of NETLINK_NETFILTER that another process has bound. It keeps its
    /// port, and with it whatever the kernel sends there.
    ///
    /// - Parameter descriptor: taken over, and closed where this fails.
    static func adopt(_ descriptor: Int32) throws(NetfilterError) -> NetlinkSocket {
        guard let handle = unsafe mnl_socket_fdopen(descriptor) else {
            let error = NetfilterError.last("take over", "descriptor \(descriptor)")
            close(descriptor)
            throw error
        }
        return unsafe NetlinkSocket(handle: handle)
    }

    static func isNetfilter(_ descriptor: Int32) -> Bool {
        option(SO_DOMAIN, of: descriptor) == AF_NETLINK
            && option(SO_PROTOCOL, of: descriptor) == NETLINK_NETFILTER
    }

    private static func option(_ name: Int32, of descriptor: Int32) -> Int32? {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let code = unsafe getsockopt(descriptor, SOL_SOCKET, name, &value, &length)
        return code == 0 ? value : nil
    }

    private init(handle: OpaquePointer) {
        unsafe self.handle = handle
        fileDescriptor = unsafe mnl_socket_get_fd(handle)
        port = unsafe mnl_socket_get_portid(handle)
    }

    deinit { unsafe mnl_socket_close(handle) }

    /// Switches a netlink option such as NETLINK_EXT_ACK on.
    func enable(_ option: Int32) throws(NetfilterError) {
        var on: Int32 = 1
        let length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe mnl_socket_setsockopt(handle, option, &on, length) == 0 else {
            throw .last("set netlink option \(option)")
        }
    }

    /// Joins or leaves a multicast group (netlink(7)).
    func set(_ membership: Int32, group: UInt32) throws(NetfilterError) {
        var number = group
        let length = socklen_t(MemoryLayout<UInt32>.size)
        guard unsafe mnl_socket_setsockopt(handle, membership, &number, length) == 0 else {
            throw .last("change membership of netlink group \(group)")
        }
    }

    /// Sets the send or receive buffer beyond the system's limit (needs CAP_NET_ADMIN).
    func force(_ option: Int32, octets: Int32) throws(NetfilterError) {
        var size = octets
        let length = socklen_t(MemoryLayout<Int32>.size)
        guard unsafe setsockopt(fileDescriptor, SOL_SOCKET, option, &size, length) == 0 else {
            throw .last("set socket buffer to \(octets) octets")
        }
    }

    /// Memory the messages that wait here take: SK_MEMINFO_RMEM_ALLOC, the first number that
    /// SO_MEMINFO answers (linux/sock_diag.h).
    var waitingOctets: Int? {
        var numbers = [UInt32](repeating: 0, count: 16)
        var length = socklen_t(numbers.count * MemoryLayout<UInt32>.stride)
        let result = unsafe getsockopt(
            fileDescriptor, SOL_SOCKET, SO_MEMINFO, &numbers, &length)
        return result == 0 ? Int(numbers[0]) : nil
    }

    /// Sends all messages in one datagram. The kernel has worked on them when this returns, and its
    /// answers wait in the socket.
    func send(_ messages: borrowing MessageBuffer) throws(NetfilterError) {
        try Self.send(messages, on: fileDescriptor)
    }

    static func send(
        _ messages: borrowing MessageBuffer, on descriptor: Int32
    ) throws(NetfilterError) {
        var sent = -1
        repeat {
            sent = unsafe messages.withUnsafeBytes { octets in
                unsafe Glibc.send(descriptor, octets.baseAddress, octets.count, 0)
            }
        } while sent < 0 && errno == EINTR
        guard sent == messages.count else { throw .last("send \(messages.count) octets") }
    }
}
