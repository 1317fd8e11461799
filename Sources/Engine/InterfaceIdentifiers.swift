import Wire

/// The last 64 bits of devices' link-local IPv6 addresses (RFC 4291 section 2.5.1). A system that
/// makes them from a secret of its own (RFC 7217, RFC 3972) may keep them when it takes another
/// MAC, and addresses that are made up for a day (RFC 8981) are never link-local.
struct InterfaceIdentifiers: Hashable, Sendable {
    /// Kept of one MAC, the newest: a device has one on each link.
    static let limit = 2

    private var byMAC: [MACAddress: [UInt64]] = [:]

    func of(_ mac: MACAddress) -> [UInt64] { byMAC[mac] ?? [] }

    /// - Returns: whether it is new and says something.
    mutating func note(_ address: IPv6Address, of mac: MACAddress) -> Bool {
        let identifier = address.low
        // `fe80::1` is whoever likes to be, and what is made of the MAC says no more than that.
        guard address.isLinkLocal, identifier >> 32 != 0, identifier != Self.made(of: mac),
            !of(mac).contains(identifier)
        else { return false }
        // Made-up MACs only have the others learnt anew.
        if byMAC.count >= EngineLimits.identities { byMAC.removeAll(keepingCapacity: true) }
        byMAC[mac] = of(mac).suffix(Self.limit - 1) + [identifier]
        return true
    }

    /// The modified EUI-64 (RFC 4291 appendix A).
    private static func made(of mac: MACAddress) -> UInt64 {
        let (high, low) = (mac.value >> 24, mac.value & 0xff_ffff)
        return (high << 40 | 0xff_fe00_0000 | low) ^ 0x0200_0000_0000_0000
    }
}
