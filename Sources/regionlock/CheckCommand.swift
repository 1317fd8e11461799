import ArgumentParser
import ControlAPI
import ControlClient
import Policy
import Settings

/// Reads the settings as the daemon would, without it.
struct CheckCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the settings on disk. Changes nothing.",
        discussion: """
            Exit status 78 when the daemon would refuse them. With --diff the daemon, which must \
            run, says which devices a reload would cut off or release.
            """)

    @Option(
        name: .customLong("config"),
        help: ArgumentHelp("Where the settings are.", valueName: "dir"), completion: .directory)
    var directory = "/etc/regionlock"
    @Flag(help: "Say which devices a reload would treat otherwise.")
    var diff = false
    @OptionGroup var common: CommonOptions

    /// What `-o json` prints; there is no such thing in the API.
    struct Outcome: Encodable {
        struct Finding: Encodable {
            let severity: String
            let file: String
            let line: Int
            let column: Int
            let message: String
            let hint: String?
        }
        let errors: Int
        let warnings: Int
        let problems: [Finding]
        /// With `--diff`, when there is no error.
        let reload: ReloadReply?
    }

    func run(_ session: Session) async throws {
        var result = SettingsLoader.load(
            directory: directory, vendorRegistry: .installed(), regions: .installed())
        result.runTests(at: Terminal.now)
        result.reviewDatabase(at: Terminal.now)
        let isUsable = result.errorCount == 0 && result.settings != nil
        var reload: ReloadReply?
        if diff, isUsable {
            let reply = try await session.client.send(.reload(ReloadRequest(isDryRun: true)))
            guard reply.revision == result.settings?.revision else {
                throw Failure.usage(
                    "--diff: the daemon reads other files than those in \(directory).",
                    hint: "Give --config the directory the daemon was started with.")
            }
            reload = reply
        }
        let outcome = Outcome(
            errors: result.errorCount, warnings: result.warningCount,
            problems: result.problems.map { problem in
                Outcome.Finding(
                    severity: problem.severity.rawValue, file: problem.file, line: problem.line,
                    column: problem.column, message: problem.message, hint: problem.hint)
            }, reload: reload)
        let rendered = result.problems.map { $0.rendered(directory: directory) }
        var report = Report(
            findings: rendered, errors: outcome.errors, warnings: outcome.warnings)
        if let reload { report.add(Report(reload, session.style)) }
        session.show(outcome, report)
        if !isUsable { throw Failure(.settingsNotValid) }
    }
}
