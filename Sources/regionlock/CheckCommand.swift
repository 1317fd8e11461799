import ArgumentParser
import ControlAPI
import ControlClient
import Settings

/// Reads the settings as the daemon would, without it.
struct CheckCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Check the settings on disk. Changes nothing.",
        discussion: "Exit status 78 when the daemon would refuse them.")

    @Option(
        name: .customLong("config"),
        help: ArgumentHelp("Where the settings are.", valueName: "dir"), completion: .directory)
    var directory = "/etc/regionlock"
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
    }

    func run(_ session: Session) async throws {
        var result = SettingsLoader.load(
            directory: directory, vendorRegistry: .installed(), regions: .installed())
        result.runTests(at: Terminal.now)
        let outcome = Outcome(
            errors: result.errorCount, warnings: result.warningCount,
            problems: result.problems.map { problem in
                Outcome.Finding(
                    severity: problem.severity.rawValue, file: problem.file, line: problem.line,
                    column: problem.column, message: problem.message, hint: problem.hint)
            })
        let rendered = result.problems.map { $0.rendered(directory: directory) }
        session.show(
            outcome,
            Report(
                findings: rendered, errors: outcome.errors, warnings: outcome.warnings))
        if outcome.errors > 0 || result.settings == nil { throw Failure(.settingsNotValid) }
    }
}
