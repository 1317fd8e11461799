/// A public key of WireGuard (Curve25519), written in base64 as wg(8) does.
package struct WireGuardKey: Hashable, Sendable, CustomStringConvertible {
    /// WG_KEY_LEN of linux/wireguard.h.
    package static let length = 32
    /// 43 signs of six bits, the last of them with two to spare, and one to fill up (RFC 4648).
    package static let textLength = 44

    // One by one: a vector would have everything that holds a key begin at a multiple of 32.
    private let first: UInt64
    private let second: UInt64
    private let third: UInt64
    private let fourth: UInt64

    private var words: SIMD4<UInt64> { SIMD4(first, second, third, fourth) }

    /// Nil for any other count, and for the key of zeros, which is nobody's.
    package init?(octets: some Collection<UInt8>) {
        guard octets.count == Self.length else { return nil }
        var words = SIMD4<UInt64>()
        for (place, octet) in octets.enumerated() {
            words[place / 8] = words[place / 8] << 8 | UInt64(octet)
        }
        guard words != SIMD4<UInt64>() else { return nil }
        (first, second, third, fourth) = (words[0], words[1], words[2], words[3])
    }

    /// Reads the one way in which a key is written.
    package init?(_ text: some StringProtocol) {
        let signs = Array(text.utf8)
        guard signs.count == Self.textLength, signs.last == UInt8(ascii: "=") else { return nil }
        var octets: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for sign in signs.dropLast() {
            guard let value = Self.alphabet.firstIndex(of: sign) else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 6
            guard count >= 8 else { continue }
            count -= 8
            octets.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
        }
        // What is left over must be nothing, or one key could be written in four ways.
        guard bits & (1 << UInt32(count) - 1) == 0 else { return nil }
        self.init(octets: octets)
    }

    package var octets: [UInt8] {
        (0..<Self.length).map {
            UInt8(truncatingIfNeeded: words[$0 / 8] >> UInt64(56 - 8 * ($0 % 8)))
        }
    }

    package var description: String {
        var signs: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        for octet in octets {
            bits = bits << 8 | UInt32(octet)
            count += 8
            while count >= 6 {
                count -= 6
                signs.append(Self.alphabet[Int(bits >> UInt32(count) & 63)])
            }
        }
        signs.append(Self.alphabet[Int(bits << UInt32(6 - count) & 63)])
        return String(decoding: signs, as: UTF8.self) + "="
    }

    private static let alphabet = Array(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
}

/// A peer of one WireGuard interface, with the addresses it may send from.
package struct WireGuardPeer: Hashable, Sendable {
    package let interface: InterfaceName
    package let key: WireGuardKey
    /// Its allowed IPs. No other peer of the interface has one of these, but another may have a
    /// longer one inside.
    package var prefixes: [IPPrefix]

    package init(interface: InterfaceName, key: WireGuardKey, prefixes: [IPPrefix]) {
        self.interface = interface
        self.key = key
        self.prefixes = prefixes
    }
}
