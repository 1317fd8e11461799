import Policy
import Testing
import Wire

@Suite struct DHCPIdentityTests {
    private static let duid: [UInt8] = [0, 2, 0, 0, 0xab, 0x11, 1, 2, 3, 4]
    private static let madeOfMAC: [UInt8] = [
        0, 1, 0, 1, 0x32, 0x9c, 0x18, 0x68, 2, 0xaa, 0, 0, 0, 1,
    ]

    @Test(
        "RFC 4361: an option 61 ends with a DUID",
        arguments: [
            ([255, 0, 0, 0, 1] + duid, duid), ([255, 0, 0, 0, 1, 0, 4, 9], [0, 4, 9]),
            ([255, 0, 0, 0, 1, 0, 4], nil), ([1] + duid, nil), ([255], nil), ([], nil),
            ([255, 0, 0, 0, 1] + [UInt8](repeating: 1, count: 131), nil),
        ] as [([UInt8], [UInt8]?)])
    func clientIdentifierWithDUID(octets: [UInt8], expected: [UInt8]?) {
        #expect(DHCPIdentity.uniqueIdentifier(inClientIdentifier: octets) == expected)
    }

    @Test(
        "RFC 8415 section 11: DUIDs made of a MAC",
        arguments: [
            (madeOfMAC, "02:aa:00:00:00:01"),
            ([0, 3, 0, 1, 2, 0xaa, 0, 0, 0, 2], "02:aa:00:00:00:02"),
            // Of an enterprise, a UUID, another link, another length.
            (duid, nil), ([0, 4, 0, 1, 2, 0xaa, 0, 0, 0, 2], nil),
            ([0, 3, 0, 6, 2, 0xaa, 0, 0, 0, 2], nil), ([0, 3, 0, 1, 2, 0xaa, 0, 0, 0], nil),
            (Array(madeOfMAC.dropLast()), nil), ([], nil),
        ] as [([UInt8], String?)])
    func hardwareAddress(octets: [UInt8], expected: String?) {
        let mac = DHCPIdentity.hardwareAddress(inUniqueIdentifier: octets)
        #expect(mac == expected.flatMap { MACAddress($0) })
    }

    @Test func aDUIDSaysNothingBesidesTheMACItWasMadeOf() throws {
        let mac = try #require(MACAddress("02:aa:00:00:00:01"))
        let said = DHCPIdentity(
            hostName: "a", clientIdentifier: [255, 0, 0, 0, 1] + Self.madeOfMAC,
            uniqueIdentifier: Self.madeOfMAC)
        #expect(said.besides(mac) == DHCPIdentity(hostName: "a"))
        #expect(said.besides(MACAddress(value: 7)) == said)
        // An option 61 of its own is kept.
        let mixed = DHCPIdentity(clientIdentifier: [0, 9], uniqueIdentifier: Self.madeOfMAC)
        #expect(mixed.besides(mac) == DHCPIdentity(clientIdentifier: [0, 9]))
    }

    @Test func oneDUIDIsOneIdentifier() {
        let both = DHCPIdentity(
            clientIdentifier: [255, 0, 0, 0, 1] + Self.duid, uniqueIdentifier: Self.duid)
        let byV6 = DHCPIdentity(uniqueIdentifier: Self.duid)
        let renumbered = DHCPIdentity(
            clientIdentifier: [255, 0, 0, 0, 9] + Self.duid, uniqueIdentifier: Self.duid)
        #expect(both.identifiers == [.unique(Self.duid)])
        #expect(both.identifiers == byV6.identifiers)
        #expect(!both.contradicts(byV6) && !both.contradicts(renumbered))
        let own = DHCPIdentity(clientIdentifier: [0, 9], uniqueIdentifier: Self.duid)
        #expect(own.identifiers == [.unique(Self.duid), .client([0, 9])])
        #expect(own.contradicts(both), "option 61 is another one")
        #expect(own.contradicts(DHCPIdentity(uniqueIdentifier: Self.madeOfMAC)))
        #expect(!own.contradicts(DHCPIdentity(clientIdentifier: [0, 9])))
    }

    @Test(
        arguments: [
            ("Redmi-9", "redmi-9", true), ("redmi-9.lan", "Redmi-9", true), ("a.b", "a.c", false),
            ("a.b", "A.B", true), ("redmi-9", "redmi-8", false), ("redmi-9.lan", "redmi", false),
        ])
    func namesAreComparedAsNames(one: String, other: String, isSame: Bool) {
        let (left, right) = (DHCPIdentity(hostName: one), DHCPIdentity(hostName: other))
        #expect(left.hasSameName(as: right) == isSame)
        #expect(right.hasSameName(as: left) == isSame)
        #expect(left.contradicts(right) == !isSame)
        #expect(left.hasSameName(as: DHCPIdentity()) == nil)
    }
}
