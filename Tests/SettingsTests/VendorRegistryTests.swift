import Policy
import Settings
import Testing
import Wire

struct VendorRegistryTests {
    private func maker(_ mac: String, in registry: VendorRegistry = Fixtures.vendors) throws
        -> String?
    {
        registry.maker(of: try #require(MACAddress(mac)))
    }

    @Test(arguments: [
        ("64:09:80:12:34:56", "Xiaomi Communications Co Ltd"),
        ("50:ec:50:00:00:01", "Beijing Xiaomi Mobile Software Co., Ltd"),
        ("58:c4:1e:81:00:00", "Xiaomi EV Technology \"Co.,\" Ltd."),
        ("70:b3:d5:00:1f:ff", "SOREDI touch systems GmbH"),
        // An assigned block whose locally administered bit is set.
        ("02:60:8c:00:00:01", "3COM"),
        // The rest of a block the IEEE cuts up, a block nobody has, a random address.
        ("58:c4:1e:91:00:00", nil), ("00:00:00:00:00:01", nil), ("9a:11:22:33:44:55", nil),
    ])
    func longestPrefixDecides(mac: String, expected: String?) throws {
        #expect(try maker(mac) == expected)
    }

    @Test(arguments: [
        ("Xiaomi", ["50:ec:50:00:00:00/24", "58:c4:1e:80:00:00/28", "64:09:80:00:00:00/24"]),
        ("xiaomi*", ["58:c4:1e:80:00:00/28", "64:09:80:00:00:00/24"]),
        ("*XIAOMI*", ["50:ec:50:00:00:00/24", "58:c4:1e:80:00:00/28", "64:09:80:00:00:00/24"]),
        ("*co*ltd", ["50:ec:50:00:00:00/24", "64:09:80:00:00:00/24"]),
        ("3com", ["02:60:8c:00:00:00/24"]),
        ("*gmbh", ["70:b3:d5:00:10:00/36"]),
        ("Registration Authority", []), ("Samsung", []), ("xiaomi*x", []),
    ])
    func patterns(pattern: String, expected: [String]) {
        #expect(Fixtures.vendors.prefixes(matching: pattern).map(\.description) == expected)
    }

    /// A maker with a large block of which two others have pieces: each piece is its owner's alone.
    private static let cutUp = VendorRegistry(csv: [
        """
        MA-L,AABBCC,Large Maker,US
        MA-L,001122,Large Maker,US
        MA-M,AABBCC3,Middle Maker,US
        MA-M,AABBCC4,Large Maker,US
        MA-S,AABBCC5FE,Small Maker,US
        """
    ])

    @Test(arguments: [
        ("aa:bb:cc:00:00:01", "Large Maker"), ("aa:bb:cc:30:00:01", "Middle Maker"),
        ("aa:bb:cc:4f:ff:ff", "Large Maker"), ("aa:bb:cc:5f:e0:01", "Small Maker"),
        ("aa:bb:cc:5f:f0:01", "Large Maker"), ("aa:bb:cc:6f:e0:01", "Large Maker"),
        ("00:11:22:33:44:55", "Large Maker"),
    ])
    func aPieceOfABlockIsItsOwnersAlone(mac: String, owner: String) throws {
        let address = try #require(MACAddress(mac))
        #expect(try maker(mac, in: Self.cutUp) == owner)
        for name in ["Large Maker", "Middle Maker", "Small Maker"] {
            let test = DeviceSelector.vendor(
                pattern: name, prefixes: Self.cutUp.prefixes(matching: name))
            let device = DeviceFacts(mac: address, address: nil, interface: nil)
            #expect(test.matches(device) == (name == owner), "\(mac) is taken for \(name)'s")
        }
    }

    @Test func aBlockIsCutUpNoMoreThanNeeded() {
        let large = Self.cutUp.prefixes(matching: "Large Maker")
        // 14 of 16 pieces of one block, 255 of 256 of one of them, and the block that is whole.
        #expect(large.count == 14 + 255 + 1)
        #expect(large.allSatisfy { [24, 28, 36].contains($0.length) })
        #expect(Set(large).count == large.count)
        #expect(Self.cutUp.prefixes(matching: "*Maker").count == 5)
    }

    @Test func blocksThatLookMadeUpAreFixed() throws {
        for registry in [VendorRegistry(), Fixtures.vendors, Self.cutUp] {
            #expect(registry.assignedLocalBlocks.count >= 18)
            #expect(registry.kind(of: try #require(MACAddress("02:60:8c:00:00:01"))) == .fixed)
            #expect(registry.kind(of: try #require(MACAddress("aa:00:04:00:00:01"))) == .fixed)
            #expect(registry.kind(of: try #require(MACAddress("02:60:8d:00:00:01"))) == .random)
            #expect(registry.kind(of: try #require(MACAddress("64:09:80:00:00:01"))) == .fixed)
            #expect(registry.kind(of: try #require(MACAddress("00:11:22:33:44:55"))) == .fixed)
            #expect(registry.kind(of: try #require(MACAddress("03:60:8c:00:00:01"))) == nil)
            #expect(registry.kind(of: MACAddress(value: 0)) == nil)
        }
        #expect(Self.cutUp.kind(of: try #require(MACAddress("aa:bb:cc:00:00:01"))) == .fixed)
        #expect(Self.cutUp.kind(of: try #require(MACAddress("aa:bb:cd:00:00:01"))) == .random)
    }

    @Test func missingFilesMakeAnEmptyRegistry() {
        let registry = VendorRegistry.installed(directories: ["/nonexistent"])
        #expect(registry.isEmpty)
        #expect(registry.prefixes(matching: "*").isEmpty)
    }

    /// Facts of Debian's ieee-data 20220827; a newer list has more, never fewer.
    @Test func installedList() throws {
        let registry = Fixtures.installedVendors
        try #require(!registry.isEmpty, "ieee-data is not installed")
        let all = registry.prefixes(matching: "*Xiaomi*")
        #expect(all.count >= 200)
        #expect(all.count { $0.length == 24 } >= 200)
        #expect(registry.prefixes(matching: "Xiaomi*").count >= 158)
        #expect(registry.prefixes(matching: "Apple, Inc.").count >= 1_000)
        #expect(try maker("64:09:80:aa:bb:cc", in: registry) == "Xiaomi Communications Co Ltd")
        #expect(try maker("02:60:8c:00:00:01", in: registry) == "3COM")
        // The list has the 18 blocks that are built in.
        #expect(registry.assignedLocalBlocks == VendorRegistry().assignedLocalBlocks)
    }

    /// The numbers of that one release, when it is the one installed.
    @Test(.enabled(if: Fixtures.installedVendors.prefixes(matching: "*Xiaomi*").count == 200))
    func debian12List() {
        let registry = Fixtures.installedVendors
        let spellings = [
            ("Xiaomi Communications Co Ltd", 150), ("Beijing Xiaomi Mobile Software Co., Ltd", 30),
            ("Beijing Xiaomi Electronics Co.*Ltd*", 12), ("XIAOMI Electronics,CO.,LTD", 8),
        ]
        for (name, count) in spellings {
            #expect(registry.prefixes(matching: name).count == count, "\(name)")
        }
        #expect(registry.prefixes(matching: "*Xiaomi*").allSatisfy { $0.length == 24 })
    }
}
