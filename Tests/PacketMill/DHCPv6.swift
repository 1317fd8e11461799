/// DHCPv6 messages as clients write them (RFC 8415 sections 8 and 21).
package enum DHCPv6 {
    package static func message(
        _ type: UInt8, transaction: [UInt8] = [1, 2, 3], _ options: [UInt8]
    ) -> [UInt8] {
        [type] + transaction + options
    }

    package static func option(_ code: Int, _ value: [UInt8]) -> [UInt8] {
        Octets.big16(code) + Octets.big16(value.count) + value
    }

    /// Option 39; `isWhole` ends the name (RFC 4704 section 4.2).
    package static func name(_ labels: [String], isWhole: Bool = false) -> [UInt8] {
        let name = labels.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        return option(39, [1] + name + (isWhole ? [0] : []))
    }

    /// Option 5 in option 3.
    package static func association(_ addresses: [[UInt8]]) -> [UInt8] {
        let inner = addresses.flatMap { option(5, $0 + Octets.big32(600) + Octets.big32(600)) }
        return option(3, [0, 0, 0, 1] + Octets.big32(0) + Octets.big32(0) + inner)
    }

    /// 2001:db8:20::1c66.
    package static let address: [UInt8] =
        [0x20, 0x01, 0x0d, 0xb8, 0, 0x20] + [UInt8](repeating: 0, count: 8) + [0x1c, 0x66]
    /// DUID-LLT of 06:aa:00:00:00:05.
    package static let identifier: [UInt8] = [
        0, 1, 0, 1, 0x32, 0x9c, 0x18, 0x68, 6, 0xaa, 0, 0, 0, 5,
    ]

    /// What a telephone asks with.
    package static var request: [UInt8] {
        message(
            3,
            option(1, identifier) + option(2, [0, 3, 0, 1, 2, 0, 0, 0, 0x20, 1])
                + association([address]) + option(6, [0, 23, 0, 24]) + option(8, [0, 0])
                + option(16, [0, 0, 0x9f, 8, 0, 3, 0x61, 0x62, 0x63]) + name(["Redmi-Note-9"]))
    }

    /// The message in one of a relay's (RFC 8415 section 9.1).
    package static func relayed(_ message: [UInt8]) -> [UInt8] {
        [12, 0] + address + address + option(9, message)
    }
}
