import ArgumentParser
import ControlAPI
import ControlClient

struct RemoveAllCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "remove-all", abstract: "Take everything of regionlockd down.",
        discussion: """
            Every device gets its internet back, the tables in nftables are deleted, and the mode \
            is monitor, until "regionlock mode", a reload or a restart puts the tables back. \
            Without a running daemon: regionlockd --remove-all.

            Example:
              regionlock remove-all --reason "the gateway moves to another site"
            """)

    @Flag(name: .customLong("dry-run"), help: "Say what would go, and change nothing.")
    var isDryRun = false
    @Flag(name: .customLong("yes"), help: "Do not ask.")
    var isSure = false
    @Option(help: "Kept in the history.")
    var reason: String?
    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        let reason = try Words.reason(reason)
        if !isDryRun, !isSure {
            guard session.terminal.canAsk else {
                throw Failure.usage(
                    "remove-all asks first, and nobody is there to answer: add --yes.")
            }
            let preview = try await session.client.send(
                .removeAll(RemoveAllRequest(reason: reason, isDryRun: true)))
            session.terminal.tell(Report(preview, session.style))
            guard session.terminal.ask("Take everything down?") else { throw Failure(.failed) }
        }
        let request = RemoveAllRequest(reason: reason, isDryRun: isDryRun ? true : nil)
        try await session.show(.removeAll(request)) { Report($0, session.style) }
    }
}
