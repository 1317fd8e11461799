import ControlAPI
import Engine
import Foundation
import Logging
import Policy
import RegionLockDaemon
import Testing
import Wire

/// Lists of DHCP servers, as files that change.
@Suite final class LeaseKeeperTests {
    private let directory: String

    init() throws {
        directory = NSTemporaryDirectory() + "regionlock-leases-\(UUID().uuidString)"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: false)
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private func keeper() -> LeaseKeeper {
        LeaseKeeper(
            clock: DaemonClock(), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func settings(_ lists: [(LeaseList.Format, String)]) -> GatewaySettings {
        var settings = GatewaySettings(
            gatewayName: "gw", mode: .enforce, uplinks: [], sites: SiteTable([]),
            unknownSite: .allow, tagRules: [], devices: [], policies: [], inspection: .standard,
            whileBlocked: WhileBlocked(dns: .none, also: []),
            notice: NoticeSettings(isEnabled: false, port: 1),
            control: ControlSettings(admins: "root", readers: "root"), keepHistoryDays: 1,
            revision: "")
        settings.leaseFiles = lists.map {
            LeaseList(
                format: $0.0, path: "\(directory)/\($0.1)",
                source: Policy.SourceLocation(file: "regionlock.yaml", line: 3))
        }
        return settings
    }

    private func write(_ text: String, to name: String) throws {
        try text.write(toFile: "\(directory)/\(name)", atomically: false, encoding: .utf8)
    }

    private func names(_ keeper: LeaseKeeper) async -> [String?] {
        await keeper.words.leases.map(\.identity.hostName)
    }

    private static let header =
        "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,"
        + "state,user_context\n"

    private static func line(_ number: Int, _ name: String) -> String {
        "10.0.0.\(number),02:aa:00:00:00:0\(number),,600,1795434382,1,0,0,\(name),0,\n"
    }

    @Test func aListIsReadAgainWhenItHasChanged() async throws {
        let keeper = keeper()
        let settings = settings([(.dnsmasq, "leases")])
        try write("1 02:aa:00:00:00:01 10.0.0.1 redmi.lab ff:01\n", to: "leases")
        #expect(await keeper.adopt(settings))
        #expect(await names(keeper) == ["redmi"])
        #expect(await keeper.words.isWhole)
        #expect(!(await keeper.adopt(settings)), "nothing has changed")
        try write("1 02:aa:00:00:00:01 10.0.0.1 anna *\n1 x\n", to: "leases")
        #expect(await keeper.adopt(settings))
        #expect(await names(keeper) == ["anna"])
    }

    /// What it said stays in use, and it is told of until it can be read again.
    @Test func aListThatIsGoneIsToldOf() async throws {
        let keeper = keeper()
        let settings = settings([(.dnsmasq, "leases"), (.kea, "kea.csv")])
        try write("1 02:aa:00:00:00:01 10.0.0.1 redmi ff:01\n", to: "leases")
        await keeper.adopt(settings)
        #expect(!(await keeper.words.isWhole))
        let warning = try #require(await keeper.warnings.first)
        #expect(
            warning.text == "leases are not read: can't open \(directory)/kea.csv: "
                + "No such file or directory")
        try write(Self.header + Self.line(2, "mi"), to: "kea.csv")
        try FileManager.default.removeItem(atPath: "\(directory)/leases")
        await keeper.adopt(settings)
        #expect(await names(keeper) == ["redmi", "mi"])
        #expect(await keeper.warnings.map(\.text).allSatisfy { $0.contains("/leases: No such") })
        // Another list in the settings, and nothing is left of those before.
        await keeper.adopt(self.settings([]))
        #expect(await names(keeper).isEmpty)
        #expect(await keeper.warnings.isEmpty)
        #expect(!(await keeper.words.isWhole), "no list knows nobody")
    }

    /// Kea's clean-up moves the journal aside, and then makes one of what was there.
    @Test func keasCleanUpLosesNobody() async throws {
        let keeper = keeper()
        let settings = settings([(.kea, "kea.csv")])
        try write(Self.header + Self.line(1, "first") + Self.line(2, "old"), to: "kea.csv.2")
        try write(Self.header + Self.line(2, "second"), to: "kea.csv.1")
        try write(Self.header + Self.line(3, "third"), to: "kea.csv")
        await keeper.adopt(settings)
        #expect(await names(keeper) == ["first", "second", "third"])
        try write(Self.header + Self.line(1, "both"), to: "kea.csv.completed")
        await keeper.adopt(settings)
        #expect(await names(keeper) == ["both", "third"])
    }
}
