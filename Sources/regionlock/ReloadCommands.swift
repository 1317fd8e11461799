import ArgumentParser
import ControlAPI
import ControlClient

struct ReloadCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "reload", abstract: "Have the daemon read its settings again.",
        discussion: """
            All or nothing: settings that are not valid leave the running ones in force.

            Examples:
              regionlock reload --confirm 120     taken back by itself, unless confirmed in time
              regionlock reload --revision 77ae   settings that were in force before
            """)

    @Option(
        help: ArgumentHelp(
            "Take them back after so long, unless \"regionlock confirm\" is run.",
            valueName: "seconds"))
    var confirm: Int?
    @Option(help: "Settings kept from before, instead of the files. See: regionlock revisions")
    var revision: String?
    @Flag(name: .customLong("dry-run"), help: "Say what would change, and change nothing.")
    var isDryRun = false
    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        let request = ReloadRequest(
            isDryRun: isDryRun ? true : nil, confirmSeconds: confirm, revision: revision)
        try await session.show(.reload(request)) { Report($0, session.style) }
    }
}

struct ConfirmCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "confirm", abstract: "Keep settings loaded with \"reload --confirm\".")

    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        try await session.show(.confirmReload()) { Report($0) }
    }
}

struct RevisionsCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "revisions", abstract: "List the settings that were in force.",
        discussion: "The last 20 are kept, each a directory below the daemon's state directory.")

    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        let page = try await session.client.send(.revisions())
        session.show(page, Report(page.items, session.style))
    }
}
