/// DHCPv4 messages as clients write them (RFC 2131 section 2).
package enum DHCP {
    /// - Parameter options: behind the magic cookie; an end option follows.
    package static func message(
        op: UInt8 = 1, mac: [UInt8], ciaddr: [UInt8] = [0, 0, 0, 0],
        yiaddr: [UInt8] = [0, 0, 0, 0], giaddr: [UInt8] = [0, 0, 0, 0],
        serverName: [UInt8] = [], file: [UInt8] = [], _ options: [UInt8]
    ) -> [UInt8] {
        func field(_ octets: [UInt8], _ length: Int) -> [UInt8] {
            octets + Array(repeating: 0, count: length - octets.count)
        }
        let head: [UInt8] = [op, 1, 6, 0, 1, 2, 3, 4, 0, 0, 0, 0]
        return head + ciaddr + yiaddr + [0, 0, 0, 0] + giaddr + field(mac, 16)
            + field(serverName, 64) + field(file, 128) + [99, 130, 83, 99] + options + [255]
    }

    package static func option(_ code: UInt8, _ value: [UInt8]) -> [UInt8] {
        [code, UInt8(value.count)] + value
    }

    package static func option(_ code: UInt8, _ text: String) -> [UInt8] {
        option(code, Array(text.utf8))
    }

    /// What a telephone asks with.
    package static func request(mac: [UInt8]) -> [UInt8] {
        message(
            mac: mac,
            option(53, [3]) + option(61, [0xff, 0, 0, 0, 1, 0, 1, 2, 3])
                + option(50, [10, 20, 1, 5])
                + option(54, [10, 20, 0, 1]) + option(57, [5, 220])
                + option(60, "android-dhcp-14") + option(12, "Redmi-Note-9")
                + option(55, [1, 3, 6, 15, 26, 28, 51, 58, 59, 43]))
    }
}
