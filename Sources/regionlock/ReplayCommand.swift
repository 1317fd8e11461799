import ArgumentParser
import Capture
import ControlAPI
import ControlClient
import Engine
import Policy
import Replay
import Settings
import Wire

/// Runs a capture past the policies on disk, without the daemon.
struct ReplayCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "replay", abstract: "What the policies would have made of a capture.",
        discussion: """
            FILE is pcap or pcapng, - is standard input. Time is the capture's, devices and sites \
            are those of the settings. Needs no daemon and changes nothing.

            With -o json each finding is one object in one line, the last is a summary.

            Examples:
              regionlock replay shop.pcapng --site havana-shop
              tcpdump -i lan0 -c 10000 -w - | regionlock replay - --interface lan0
            """)

    @Argument(
        help: ArgumentHelp("The capture; - is standard input.", valueName: "file"),
        completion: .file(extensions: ["pcap", "pcapng", "cap"]))
    var file: String
    @Option(
        name: .customLong("config"),
        help: ArgumentHelp("Where the settings are.", valueName: "dir"), completion: .directory)
    var directory = "/etc/regionlock"
    @Option(
        help: ArgumentHelp("Everything came in by this interface.", valueName: "interface"))
    var interface: String?
    @Option(
        help: ArgumentHelp("Everything happened at this site.", valueName: "site"),
        completion: Names.sites)
    var site: String?
    @Option(
        help: ArgumentHelp(
            "For sites with region: from-address: another GeoIP database.", valueName: "file"),
        completion: .file())
    var database: String?
    @Flag(help: "Names of all devices, tagged or not.")
    var all = false
    @Flag(
        name: .customLong("exit-code"),
        help: "Exit status 10 when a device would be cut off.")
    var tellsByStatus = false
    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        var settings = try session.settings(in: directory)
        var place = try interface.map { try Self.interfaceName($0) }
        if let site {
            let found = try Self.site(site, in: settings)
            guard let entrance = place ?? found.interfaces.first ?? InterfaceName("replay") else {
                return
            }
            settings = settings.everywhere(at: found, interface: entrance)
            place = entrance
        }
        let replay = CaptureReplay(
            settings: settings, interface: place, scope: all ? .all : .tagged, seed: Self.seed,
            region: try session.regions(
                for: settings, in: directory, database: database, isQuiet: common.isQuiet))
        var input = try CaptureInput(path: file)
        var parser = CaptureParser()
        var output = ReplayOutput(session, replay)
        var progress = ProgressBar(
            of: input.size, isWanted: session.terminal.hasProgress && !common.isQuiet)
        do {
            try input.read(with: &parser) { packet, frame in
                replay.read(frame, of: packet) { output.add($0) }
            } progress: { octets in
                // The bar and the results may share a terminal.
                if output.isDue, session.style.isTerminal { progress.clear() }
                output.flush()
                progress.show(octets)
            }
        } catch {
            progress.clear()
            output.flush()
            throw error
        }
        progress.clear()
        output.finish(otherLinks: parser.packetsOfOtherLinks)
        if tellsByStatus, replay.counts.cuts > 0 { throw Failure(.wouldBlock) }
    }

    /// References of blocks that exist nowhere, and the key of an index that only the operator's
    /// own file is looked up in: the same capture shall print the same every time.
    private static let seed: UInt64 = 1

    private static func interfaceName(_ text: String) throws -> InterfaceName {
        guard let name = InterfaceName(text) else {
            throw Failure.usage("--interface \(text) is not the name of an interface.")
        }
        return name
    }

    static func site(_ name: String, in settings: GatewaySettings) throws -> Site {
        let sites = settings.sites.sites
        if let site = sites.first(where: { $0.name == name }) { return site }
        let guess = Suggestion.nearest(to: name, among: sites.map(\.name))
        throw Failure(
            .notFound,
            Report(
                usage: "no site \"\(name)\"." + (guess.map { " Did you mean \"\($0)\"?" } ?? ""),
                hint: sites.isEmpty
                    ? "The settings have no sites."
                    : "The settings have: \(sites.map(\.name).joined(separator: ", "))"))
    }
}

extension Report {
    init(_ fault: CaptureFault, path: String) {
        self.init(
            captureFault: fault.text, path: path == "-" ? "standard input" : path,
            offset: fault.offset, hint: fault.hint)
    }
}
