import ArgumentParser
import ControlAPI
import ControlClient
import Policy
import Settings

/// Region codes with their names, and who speaks of them here.
struct RegionsCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "regions", abstract: "List regions: those of sites and policies, or all.")

    @Flag(help: "Every region there is. Works without the daemon.")
    var all = false
    @Flag(help: "Only those that a policy denies.")
    var denied = false
    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        let table = RegionTable.installed()
        guard !all else {
            let rows = table.all.map { RegionRow($0, name: table.name(of: $0)) }
            session.show(Page(items: rows), Report(regions: rows, session.style))
            return
        }
        let policies = try await session.client.send(.policies()).items
        let sites = try await session.client.send(.sites()).items
        var named = Set(policies.flatMap { $0.denies })
        if !denied {
            named.formUnion(policies.flatMap { $0.allows })
            named.formUnion(sites.map(\.region))
        }
        let rows = named.sorted().map { region in
            RegionRow(
                region, name: table.name(of: region),
                deniedBy: policies.filter { $0.denies.contains(region) }.map(\.name),
                sites: sites.filter { $0.region.isWithin(region) }.map(\.name))
        }
        session.show(Page(items: rows), Report(regions: rows, session.style))
    }
}
