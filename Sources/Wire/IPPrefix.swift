/// An address block in CIDR notation (RFC 4632, RFC 4291 section 2.3).
package struct IPPrefix: Hashable, Sendable, CustomStringConvertible {
    /// The first address of the block.
    package let base: IPAddress
    /// 0...32 for IPv4, 0...128 for IPv6.
    package let length: Int

    /// Host bits of `address` are cleared. Nil when the length does not fit the family.
    package init?(_ address: IPAddress, length: Int) {
        guard (0...address.bitWidth).contains(length) else { return nil }
        self.length = length
        self.base = Self.masked(address, length: length)
    }

    /// Reads `10.0.0.0/8`, `fd00::/64`, or a bare address as a block of one.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let address = parts.first.flatMap({ IPAddress($0) }), parts.count <= 2 else {
            return nil
        }
        guard parts.count == 2 else {
            self.init(address, length: address.bitWidth)
            return
        }
        // Digits only: `Int` would also read `+8` and `-0`.
        guard (1...3).contains(parts[1].utf8.count),
            parts[1].utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            let length = Int(parts[1])
        else { return nil }
        self.init(address, length: length)
    }

    package func contains(_ address: IPAddress) -> Bool {
        guard address.bitWidth == base.bitWidth else { return false }
        return Self.masked(address, length: length) == base
    }

    package func overlaps(_ other: IPPrefix) -> Bool {
        contains(other.base) || other.contains(base)
    }

    /// The last address of the block.
    package var last: IPAddress {
        switch base {
        case .v4(let address):
            .v4(IPv4Address(value: address.value | ~Self.mask32(length)))
        case .v6(let address):
            .v6(
                IPv6Address(
                    high: address.high | ~Self.mask64(length),
                    low: address.low | ~Self.mask64(length - 64)))
        }
    }

    package var isSingleAddress: Bool { length == base.bitWidth }
    package var description: String { isSingleAddress ? "\(base)" : "\(base)/\(length)" }

    private static func masked(_ address: IPAddress, length: Int) -> IPAddress {
        switch address {
        case .v4(let v4): .v4(IPv4Address(value: v4.value & mask32(length)))
        case .v6(let v6):
            .v6(IPv6Address(high: v6.high & mask64(length), low: v6.low & mask64(length - 64)))
        }
    }

    private static func mask32(_ length: Int) -> UInt32 {
        length <= 0 ? 0 : ~0 << UInt32(32 - length)
    }

    private static func mask64(_ length: Int) -> UInt64 {
        length <= 0 ? 0 : length >= 64 ? ~0 : ~0 << UInt64(64 - length)
    }
}
