import ControlAPI
import Netfilter
import RegionLockDaemon
import Testing
import Wire

@Suite struct KernelWarningsTests {
    private func table(rules: Int, name: String = "ft", isHardware: Bool = false) -> OffloadTable {
        OffloadTable(
            family: "inet", table: "admin", name: name, devices: ["lan0", "wan0"],
            ruleCount: rules, isHardware: isHardware)
    }

    private func warnings(_ tables: [OffloadTable]) -> [Warning] {
        KernelWarnings.all(offload: tables, bridges: [], hasBridgeTable: true)
    }

    @Test func aFlowtableInUseIsNamedWithItsDevices() throws {
        let warning = try #require(warnings([table(rules: 2)]).first)
        #expect(warning.code == "flowtable")
        #expect(warning.text.hasPrefix("flowtable inet admin ft on lan0, wan0 takes"))
        #expect(warning.fix?.contains("flow add @ft") == true)
        #expect(!warning.text.contains("hardware"))
        let hardware = try #require(warnings([table(rules: 1, isHardware: true)]).first)
        #expect(hardware.text.contains("in hardware"))
    }

    @Test func oneThatNobodyUsesTakesNothing() {
        #expect(warnings([table(rules: 0)]).isEmpty)
    }

    @Test func itsNameReachesNoTerminal() throws {
        let warning = try #require(warnings([table(rules: 1, name: "\u{1b}[2J")]).first)
        #expect(!warning.text.contains("\u{1b}") && warning.fix?.contains("\u{1b}") == false)
    }

    @Test func withoutABridgeTableBridgesAreNamed() throws {
        let bridges = [try #require(InterfaceName("br1")), try #require(InterfaceName("br0"))]
        func codes(_ bridges: [InterfaceName], _ hasBridgeTable: Bool) -> [String] {
            KernelWarnings.all(offload: [], bridges: bridges, hasBridgeTable: hasBridgeTable)
                .map(\.code)
        }
        #expect(codes(bridges, true) == [])
        #expect(codes([], false) == [])
        #expect(codes(bridges, false) == ["bridge"])
        let text = KernelWarnings.all(offload: [], bridges: bridges, hasBridgeTable: false)[0].text
        #expect(text.hasSuffix("the ports of br0, br1"))
    }
}
