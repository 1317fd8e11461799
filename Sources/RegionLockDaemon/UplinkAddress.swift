import Glibc
import Wire

/// The address this gateway has towards the internet.
enum UplinkAddress {
    /// What the kernel would send from on its default route: connect(2) on a datagram socket picks
    /// the source and sends nothing (udp(7)). The public one of the two families, else whichever
    /// there is; nil without a route.
    static func current() -> IPAddress? {
        let found = [source4(), source6()].compactMap(\.self)
        return found.first(where: \.isPublic) ?? found.first
    }

    // Root servers of the DNS: documentation's addresses may have a route into nowhere.
    private static let farAway4: UInt32 = 0xc629_0004  // 198.41.0.4
    private static let farAway6 = IPv6Address("2001:503:ba3e::2:30")

    private static func source4() -> IPAddress? {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(53).bigEndian
        address.sin_addr.s_addr = farAway4.bigEndian
        guard source(of: &address) else { return nil }
        return .v4(IPv4Address(value: UInt32(bigEndian: address.sin_addr.s_addr)))
    }

    private static func source6() -> IPAddress? {
        guard let farAway6 else { return nil }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = in_port_t(53).bigEndian
        unsafe withUnsafeMutableBytes(of: &address.sin6_addr) { bytes in
            unsafe bytes.copyBytes(from: farAway6.octets)
        }
        guard source(of: &address) else { return nil }
        let octets = unsafe withUnsafeBytes(of: &address.sin6_addr) { unsafe [UInt8]($0) }
        return IPAddress(octets: octets)
    }

    /// Replaces the destination by the source that would be used; false without a route.
    private static func source<Address>(of address: inout Address) -> Bool {
        let size = socklen_t(MemoryLayout<Address>.size)
        return unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { any in
                let family = unsafe Int32(any.pointee.sa_family)
                let socket = socket(family, Int32(SOCK_DGRAM.rawValue) | O_CLOEXEC, 0)
                guard socket >= 0 else { return false }
                defer { close(socket) }
                guard unsafe connect(socket, any, size) == 0 else { return false }
                var length = size
                return unsafe getsockname(socket, any, &length) == 0 && length == size
            }
        }
    }
}
