import ArgumentParser
import ControlAPI
import ControlClient
import Policy

struct StatusCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Is all in order, and what is cut off?",
        discussion: "Exit status 20 when it works with warnings.")

    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        let status = try await session.client.send(.status())
        session.show(status, Report(status, session.style))
        if status.state == .degraded { throw Failure(.degraded) }
    }
}

struct MetricsCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "metrics", abstract: "Print the gateway's figures for Prometheus.",
        discussion: "The same text as GET /metrics on the daemon's sockets.")

    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        let text = try await session.client.metrics()
        guard session.isJSON else { return session.terminal.write(text) }
        session.terminal.write(JSONDocument.pretty(["metrics": text]) + "\n")
    }
}

struct DevicesCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "devices", abstract: "List the devices this gateway knows.")

    @Option(help: "Only those with this tag.", completion: Names.tags)
    var tag: String?
    @Option(help: "Only those at this site.", completion: Names.sites)
    var site: String?
    @Option(help: "Only those that are free, cut_off or exempt.", completion: .list(Self.states))
    var state: String?
    @OptionGroup var common: CommonOptions

    static let states = DeviceRecord.State.allCases.map(\.rawValue)

    func run(_ session: Session) async throws {
        var wanted: DeviceRecord.State?
        if let state {
            wanted = DeviceRecord.State(rawValue: state.replacing("-", with: "_"))
            guard wanted != nil else {
                throw Failure.usage("--state \(state) is none of free, cut_off and exempt.")
            }
        }
        let query = DeviceQuery(tag: try tag.map(Words.tag), site: site, state: wanted)
        let devices = try await session.client.all { .devices(query, cursor: $0) }
        session.show(Page(items: devices), Report(devices, session.style))
    }
}

struct SitesCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "sites", abstract: "List the sites and their regions.")

    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        try await session.show(.sites()) { Report($0.items, session.style) }
    }
}

struct BlocksCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "blocks", abstract: "List the devices that are cut off.")

    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        let blocks = try await session.client.all { .blocks(cursor: $0) }
        session.show(Page(items: blocks), Report(blocks, session.style))
    }
}

struct ExplainCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Why is this device cut off, or not?",
        discussion: "Answered by the code that decides on live traffic, with file and line.")

    @Argument(help: "A MAC, an address, a label or a host name.", completion: Names.devices)
    var device: String
    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        try await session.show(.explain(device)) { Report($0, session.style) }
    }
}
