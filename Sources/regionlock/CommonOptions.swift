import ArgumentParser
import ControlAPI
import ControlClient

enum OutputFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json
}

extension Terminal.Colour: ExpressibleByArgument {}

/// What every command takes.
struct CommonOptions: ParsableArguments {
    @Option(
        name: [.customShort("o"), .customLong("output")],
        help: ArgumentHelp("What to print.", valueName: "format"))
    var output = OutputFormat.table

    @Flag(help: "The same as -o json.")
    var json = false

    @Flag(name: [.customShort("q"), .customLong("quiet")], help: "Results only, no hints.")
    var isQuiet = false

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("Where the daemon keeps its sockets.", valueName: "dir"),
        completion: .directory)
    var runDirectory = CommonOptions.standardRunDirectory

    @Option(help: ArgumentHelp("Colour on the terminal.", valueName: "when"))
    var color = Terminal.Colour.auto

    static let standardRunDirectory = "/run/regionlock"

    var isJSON: Bool { json || output == .json }
}

/// A command that talks to the daemon, or to the terminal alone.
protocol Command: AsyncParsableCommand {
    var common: CommonOptions { get }
    func run(_ session: Session) async throws
}

extension Command {
    func run() async throws { try await run(Session(common)) }
}

/// The daemon on one side, the terminal on the other.
struct Session {
    let client: APIClient
    let terminal: Terminal
    let style: TextStyle
    let isJSON: Bool

    init(_ common: CommonOptions) {
        client = APIClient(runDirectory: common.runDirectory)
        terminal = Terminal(colour: common.color.rawValue)
        style = terminal.style(isQuiet: common.isQuiet)
        isJSON = common.isJSON
    }

    /// Prints the value as the API's JSON, or as its text.
    func show(_ value: some Encodable, _ report: @autoclosure () -> Report) {
        terminal.write(isJSON ? JSONDocument.pretty(value) + "\n" : report().rendered(style))
    }

    /// Asks and prints.
    func show<Reply: Encodable>(
        _ call: APICall<Reply>, _ report: (Reply) -> Report
    ) async throws {
        let reply = try await client.send(call)
        show(reply, report(reply))
    }
}
