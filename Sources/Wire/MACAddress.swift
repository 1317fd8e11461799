/// A 48-bit IEEE 802 address.
package struct MACAddress: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The address in the low 48 bits, first octet highest.
    package let value: UInt64

    package init(value: UInt64) { self.value = value & 0xffff_ffff_ffff }

    /// Six octets, first octet first. Nil for any other count.
    package init?(octets: some Collection<UInt8>) {
        guard octets.count == 6 else { return nil }
        self.init(value: octets.reduce(0) { $0 << 8 | UInt64($1) })
    }

    /// Reads `aa:bb:cc:dd:ee:ff` or `aa-bb-cc-dd-ee-ff`, either case.
    package init?(_ text: some StringProtocol) { self.init(String(text)) }

    package init?(_ text: String) {
        // Octet by octet of the text: a start reads 100,000 of them.
        var value: UInt64 = 0
        var place = 0
        for sign in text.utf8 {
            guard place < 17 else { return nil }
            if place % 3 == 2 {
                guard sign == UInt8(ascii: ":") || sign == UInt8(ascii: "-") else { return nil }
            } else {
                guard let digit = sign.hexDigitValue else { return nil }
                value = value << 4 | UInt64(digit)
            }
            place += 1
        }
        guard place == 17 else { return nil }
        self.init(value: value)
    }

    package var octets: [UInt8] {
        (0..<6).map { UInt8(truncatingIfNeeded: value >> (40 - 8 * UInt64($0))) }
    }

    /// It can be one device's own.
    package var isDevice: Bool { !isGroup && value != 0 }
    /// The U/L bit (IEEE 802-2014, 8.2.2): set on random addresses, but also on 18 assigned OUIs.
    package var isLocallyAdministered: Bool { value & 0x0200_0000_0000 != 0 }
    /// The I/G bit: a group address never names one device.
    package var isGroup: Bool { value & 0x0100_0000_0000 != 0 }

    package var description: String {
        octets.map(\.twoHexDigits).joined(separator: ":")
    }

    package static func < (left: Self, right: Self) -> Bool { left.value < right.value }
}

/// The leading bits of a MAC address, as the IEEE assigns them (MA-L /24, MA-M /28, MA-S /36).
package struct MACPrefix: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The prefix as an address whose other bits are zero.
    package let base: MACAddress
    /// 1...48.
    package let length: Int

    package init(base: MACAddress, length: Int) {
        precondition((1...48).contains(length), "a MAC prefix has 1 to 48 bits")
        self.length = length
        self.base = MACAddress(value: base.value & Self.mask(length: length).value)
    }

    package static func mask(length: Int) -> MACAddress {
        MACAddress(value: ~0 << UInt64(48 - length))
    }

    package func contains(_ address: MACAddress) -> Bool {
        address.value & Self.mask(length: length).value == base.value
    }

    package var description: String { "\(base)/\(length)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.base, left.length) < (right.base, right.length)
    }
}

extension UInt8 {
    var twoHexDigits: String {
        let text = String(self, radix: 16)
        return text.count == 1 ? "0" + text : text
    }

    var isHexDigit: Bool {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}

extension UInt8 {
    /// The value of an ASCII hexadecimal digit, either case.
    fileprivate var hexDigitValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
