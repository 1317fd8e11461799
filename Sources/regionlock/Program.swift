import ArgumentParser
import ControlClient

@main
enum Program {
    static func main() async {
        let words = CommandLineWords(CommandLine.arguments.dropFirst().map(\.self))
        let terminal = Terminal(colour: words.colour)
        if let unknown = words.unknownCommand {
            terminal.fail(Report(usage: unknown.text, hint: unknown.hint), .usage)
        }
        do {
            var command = try await RegionLock.asyncParseAsRoot(words.ordered)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            if let report = failure.report { terminal.fail(report, failure.status) }
            terminal.exit(failure.status)
        } catch let error as ClientError {
            terminal.fail(Report(error), error.exitStatus)
        } catch {
            // What the parser has to say: help and scripts for standard output, or wrong use.
            guard RegionLock.exitCode(for: error).isSuccess else {
                let help = "See: regionlock \(words.command.map { "\($0) " } ?? "")--help"
                terminal.fail(
                    Report(usage: RegionLock.message(for: error), hint: help), .usage)
            }
            terminal.write(RegionLock.fullMessage(for: error) + "\n")
        }
    }
}

/// A command that ends with another status than 0, with or without something to say.
struct Failure: Error {
    let status: ExitStatus
    let report: Report?

    init(_ status: ExitStatus, _ report: Report? = nil) {
        self.status = status
        self.report = report
    }

    /// Wrong use; `text` begins with the option or argument it is about.
    static func usage(_ text: String, hint: String? = nil) -> Failure {
        Failure(.usage, Report(usage: text, hint: hint))
    }
}
