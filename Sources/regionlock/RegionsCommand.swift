import ArgumentParser
import ControlAPI
import ControlClient
import GeoIP
import Policy
import Settings
import Wire

struct RegionsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "regions",
        abstract: "List regions: those of sites and policies, or all; or look an address up.",
        subcommands: [List.self, Lookup.self], defaultSubcommand: List.self)

    /// Region codes with their names, and who speaks of them here.
    struct List: Command {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List those of sites and policies, or all.")

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
                named.formUnion(sites.compactMap(\.region))
            }
            let rows = named.sorted().map { region in
                RegionRow(
                    region, name: table.name(of: region),
                    deniedBy: policies.filter { $0.denies.contains(region) }.map(\.name),
                    sites: sites.filter { $0.region?.isWithin(region) ?? false }.map(\.name))
            }
            session.show(Page(items: rows), Report(regions: rows, session.style))
        }
    }

    /// What the GeoIP database says of an address, without the daemon.
    struct Lookup: Command {
        static let configuration = CommandConfiguration(
            commandName: "lookup", abstract: "What the GeoIP database says of an address.",
            discussion: "Needs no daemon. The database is that of the settings, or --database.")

        @Argument(help: "An IPv4 or IPv6 address.")
        var address: String
        @Option(help: ArgumentHelp("Another database.", valueName: "file"), completion: .file())
        var database: String?
        @Option(
            name: .customLong("config"),
            help: ArgumentHelp("Where the settings are.", valueName: "dir"), completion: .directory)
        var directory = "/etc/regionlock"
        @OptionGroup var common: CommonOptions

        func run(_ session: Session) async throws {
            guard let address = IPAddress(address) else {
                throw Failure.usage("\(Printable.escaped(self.address)) is not an IP address.")
            }
            let path = try path()
            let opened: RegionDatabase
            do throws(DatabaseError) {
                opened = try RegionDatabase.open(path: path)
            } catch {
                throw Failure(.notFound, Report(usage: "\(error).", hint: nil))
            }
            let found = opened.region(of: address)
            let table = RegionTable.installed()
            session.show(
                LookupRecord(found, file: opened.path),
                Report(lookup: found, name: table.name(of:), file: opened.path))
        }

        private func path() throws -> String {
            if let database { return database }
            let result = SettingsLoader.load(
                directory: directory, vendorRegistry: .installed(), regions: .installed())
            if let geoip = result.settings?.geoip { return geoip.database }
            throw Failure.usage(
                "the settings in \(directory) name no GeoIP database.",
                hint: "Give one with --database, or add geoip.database to regionlock.yaml.")
        }
    }
}
