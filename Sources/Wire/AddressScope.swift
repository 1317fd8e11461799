extension IPAddress {
    /// Whether the address could tell where in the world its holder is. Private, shared, local and
    /// group addresses are in use everywhere at once (IANA's special-purpose address registries,
    /// RFC 6890).
    ///
    /// Those for documentation count as public: nobody is given one, so no database has them, and
    /// laboratories do as if.
    package var isPublic: Bool {
        switch self {
        case .v4(let address): !Self.withoutPlace4.contains { $0.holds(address.value) }
        case .v6(let address):
            // Global unicast is 2000::/3, and nothing else (RFC 4291 section 2.4, IANA).
            address.high >> 61 == 1
        }
    }

    /// An IPv4 address in the form of IPv6 (::ffff:0:0/96, RFC 4291 section 2.5.5.2) as itself.
    package var unmapped: IPAddress {
        guard case .v6(let address) = self, address.high == 0, address.low >> 32 == 0xffff else {
            return self
        }
        return .v4(IPv4Address(value: UInt32(truncatingIfNeeded: address.low)))
    }

    private struct Block4 {
        let base: UInt32
        let length: UInt32

        func holds(_ value: UInt32) -> Bool { (value ^ base) >> (32 - length) == 0 }
    }

    private static let withoutPlace4 = [
        Block4(base: 0x0000_0000, length: 8),  // 0.0.0.0/8, this network
        Block4(base: 0x0a00_0000, length: 8),  // 10.0.0.0/8, RFC 1918
        Block4(base: 0x6440_0000, length: 10),  // 100.64.0.0/10, carrier-grade NAT, RFC 6598
        Block4(base: 0x7f00_0000, length: 8),  // 127.0.0.0/8, loopback
        Block4(base: 0xa9fe_0000, length: 16),  // 169.254.0.0/16, link-local, RFC 3927
        Block4(base: 0xac10_0000, length: 12),  // 172.16.0.0/12, RFC 1918
        Block4(base: 0xc000_0000, length: 24),  // 192.0.0.0/24, protocols, RFC 6890
        Block4(base: 0xc0a8_0000, length: 16),  // 192.168.0.0/16, RFC 1918
        Block4(base: 0xc612_0000, length: 15),  // 198.18.0.0/15, benchmarks, RFC 2544
        Block4(base: 0xe000_0000, length: 3),  // 224.0.0.0/3, multicast and reserved
    ]
}
