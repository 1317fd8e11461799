import Policy
import Testing
import Wire

@Suite struct WireGuardTableTests {
    private func key(_ number: UInt8) throws -> WireGuardKey {
        try #require(WireGuardKey(octets: Array(repeating: number, count: 32)))
    }

    @Test func theLongestAllowedAddressOfTheInterfaceDecides() throws {
        let (wide, site, host) = (try key(1), try key(2), try key(3))
        let wg0 = try #require(InterfaceName("wg0"))
        let wg1 = try #require(InterfaceName("wg1"))
        func peer(_ key: WireGuardKey, _ interface: InterfaceName, _ prefixes: String...) throws
            -> WireGuardPeer
        {
            WireGuardPeer(
                interface: interface, key: key,
                prefixes: try prefixes.map { try #require(IPPrefix($0)) })
        }
        let table = WireGuardTable([
            try peer(wide, wg0, "0.0.0.0/0", "::/0"), try peer(site, wg0, "10.8.0.0/24"),
            try peer(host, wg0, "10.8.0.5", "fd08::5"), try peer(site, wg1, "10.9.0.0/24"),
        ])
        for (address, interface, expected) in [
            ("10.8.0.5", wg0, host), ("10.8.0.6", wg0, site), ("192.0.2.1", wg0, wide),
            ("fd08::5", wg0, host), ("fd08::6", wg0, wide), ("::ffff:10.8.0.5", wg0, host),
            ("10.9.0.1", wg1, site), ("10.9.0.1", wg0, wide), ("10.8.0.5", wg1, nil),
            ("fd08::5", wg1, nil),
        ] {
            let address = try #require(IPAddress(address))
            #expect(table.peer(of: address, on: interface) == expected, "\(address) \(interface)")
        }
        let lan = try #require(InterfaceName("lan0"))
        let inside = try #require(IPAddress("10.8.0.5"))
        #expect(table.peer(of: inside, on: lan) == nil)
        #expect(table.onlyPeer(of: inside) == host)
        let both = try #require(IPAddress("10.9.0.5"))
        #expect(table.onlyPeer(of: both) == nil, "two may")
        let stranger = try key(9)
        #expect(table.contains(site) && !table.contains(stranger))
    }
}
