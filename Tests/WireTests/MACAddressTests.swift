import Testing
import Wire

@Suite("MAC addresses")
struct MACAddressTests {
    @Test(
        "text with colons or hyphens, either case",
        arguments: [
            ("aa:bb:cc:dd:ee:ff", "aa:bb:cc:dd:ee:ff"), ("AA-BB-CC-DD-EE-0F", "aa:bb:cc:dd:ee:0f"),
            ("a:bb:cc:dd:ee:ff", nil), ("aa:bb:cc:dd:ee", nil), ("aa:bb:cc:dd:ee:ff:00", nil),
            ("aabbccddeeff", nil), ("gg:bb:cc:dd:ee:ff", nil), ("+a:bb:cc:dd:ee:ff", nil),
            ("", nil),
        ] as [(String, String?)])
    func text(text: String, canonical: String?) {
        #expect(MACAddress(text)?.description == canonical)
    }

    @Test("IEEE 802-2014 8.2.2: the two flag bits of the first octet")
    func flags() throws {
        let universal = try #require(MACAddress("00:9e:c8:00:00:01"))
        let random = try #require(MACAddress("da:a1:19:00:00:01"))
        let broadcast = try #require(MACAddress("ff:ff:ff:ff:ff:ff"))
        #expect(!universal.isLocallyAdministered && !universal.isGroup)
        #expect(random.isLocallyAdministered && !random.isGroup)
        #expect(broadcast.isLocallyAdministered && broadcast.isGroup)
    }

    @Test("six octets, and no other count")
    func octets() {
        #expect(MACAddress(octets: [1, 2, 3, 4, 5, 6])?.octets == [1, 2, 3, 4, 5, 6])
        #expect(MACAddress(octets: [1, 2, 3, 4, 5]) == nil)
    }

    @Test("a prefix holds its own block and no neighbour", arguments: [24, 28, 36, 48])
    func prefix(length: Int) throws {
        let address = try #require(MACAddress("70:b3:d5:7a:bc:de"))
        let prefix = MACPrefix(base: address, length: length)
        let hostBits: UInt64 = 1 << UInt64(48 - length) - 1
        #expect(prefix.base.value & hostBits == 0)
        #expect(prefix.contains(address))
        #expect(prefix.contains(MACAddress(value: prefix.base.value | hostBits)))
        #expect(!prefix.contains(MACAddress(value: (prefix.base.value | hostBits) + 1)))
        #expect(!prefix.contains(MACAddress(value: prefix.base.value - 1)))
    }
}
