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
            run, says which devices a reload would cut off or release. With --print the settings \
            follow as they were understood, each thing in one form; a comment says in which file \
            and line it was written, but with -q.
            """)

    @Option(
        name: .customLong("config"),
        help: ArgumentHelp("Where the settings are.", valueName: "dir"), completion: .directory)
    var directory = "/etc/regionlock"
    @Flag(help: "Say which devices a reload would treat otherwise.")
    var diff = false
    @Flag(name: .customLong("print"), help: "Print the settings as they were understood.")
    var isPrinted = false
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

    /// What `--print -o json` prints.
    struct Printed: Encodable {
        struct File: Encodable {
            let path: String
            let text: String
        }
        let revision: String
        let files: [File]
    }

    func validate() throws {
        if diff, isPrinted {
            throw ValidationError("give either --diff or --print.")
        }
    }

    func run(_ session: Session) async throws {
        var result = SettingsLoader.load(
            directory: directory, vendorRegistry: .installed(), regions: .installed())
        result.runTests(at: Terminal.now)
        result.reviewDatabase(at: Terminal.now)
        let isUsable = result.errorCount == 0 && result.settings != nil
        if isPrinted, isUsable, let settings = result.settings {
            return show(settings, result, session)
        }
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

    /// The settings to standard output, and what is wrong with them beside it.
    private func show(_ settings: GatewaySettings, _ result: SettingsResult, _ session: Session) {
        if !result.problems.isEmpty, !common.isQuiet {
            session.terminal.tell(
                Report(
                    findings: result.problems.map { $0.rendered(directory: directory) },
                    errors: 0, warnings: result.warningCount))
        }
        let printer = SettingsPrinter(
            settings: settings, catalogues: result.catalogues, tests: result.tests,
            hasOrigins: !common.isQuiet)
        guard session.isJSON else {
            return session.terminal.write(SettingsPrinter.stream(of: printer.files))
        }
        let files = printer.files.map { Printed.File(path: $0.path, text: $0.text) }
        session.terminal.write(
            JSONDocument.pretty(Printed(revision: settings.revision, files: files)) + "\n")
    }
}
