extension FuzzSeeds {
    static var dhcp6: [String: [UInt8]] {
        let mac: [UInt8] = [6, 0xaa, 0, 0, 0, 5]
        let packet = Packets.datagram(
            DHCPv6.request, from: Endpoint(mac: mac, address: DHCPv6.address, port: 546),
            to: Endpoint(
                mac: [0x33, 0x33, 0, 1, 0, 2],
                address: [0xff, 2] + [UInt8](repeating: 0, count: 11) + [1, 0, 2], port: 547))
        let temporary =
            DHCPv6.option(
                4,
                [0, 0, 0, 2] + DHCPv6.option(5, DHCPv6.address + [UInt8](repeating: 9, count: 8)))
        let other = DHCPv6.message(
            11,
            DHCPv6.option(1, [0, 4, 1, 2, 3]) + temporary
                + DHCPv6.name(["redmi", "lan"], isWhole: true))
        let answer = DHCPv6.message(7, DHCPv6.option(1, DHCPv6.identifier))
        return [
            "request": [0] + DHCPv6.request, "packet": [1] + packet, "other": [0] + other,
            "answer": [0] + answer, "relayed": [0] + DHCPv6.relayed(DHCPv6.request),
        ]
    }
}
