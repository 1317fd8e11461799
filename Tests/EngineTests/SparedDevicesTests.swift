import Engine
import Firewall
import Testing
import Wire

/// Whom the kernel leaves alone without asking: only who is never cut off, wherever he is.
@Suite struct SparedDevicesTests {
    private static func isLeftAlone(_ exception: String) throws -> Bool {
        var world = World()
        world.files = PropertyTests.files
        world.files["devices.d/20-lan.yaml"] = """
            version: 1
            tag: xiaomi
            match: [{interface: lan0}]
            """
        world.files["devices.d/30-listed.yaml"] = """
            version: 1
            devices: [{mac: "02:00:00:00:00:77", tags: [bench]}]
            """
        world.files["devices.d/40-spared.yaml"] = """
            version: 1
            tag: never-block
            match: [{mac: "02:00:00:00:00:77"}]
            \(exception)
            """
        try world.boot()
        let mac = try #require(MACAddress("02:00:00:00:00:77"))
        let spared = world.engine?.rulesets().first?.elements[TableSets.exceptMAC.name]
        return spared?.contains { $0.key == .mac(mac) } ?? false
    }

    @Test func anExceptionByPlaceIsForUsToSee() throws {
        #expect(try Self.isLeftAlone(""))
        #expect(try !Self.isLeftAlone("except: [{interface: lan0}]"))
        #expect(try !Self.isLeftAlone("except: [{subnet: 10.0.0.0/24}]"))
        #expect(try Self.isLeftAlone("except: [{mac: \"02:00:00:00:00:78\"}]"))
    }
}
