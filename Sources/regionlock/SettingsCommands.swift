import ArgumentParser
import ControlAPI
import ControlClient

struct PolicyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "policy", abstract: "List the policies, or show one.",
        subcommands: [List.self, Show.self], defaultSubcommand: List.self)

    struct List: Command {
        static let configuration = CommandConfiguration(
            commandName: "list", abstract: "List the policies in force.")

        @OptionGroup var common: CommonOptions

        func run(_ session: Session) async throws {
            let page = try await session.client.send(.policies())
            session.show(page, Report(page.items))
        }
    }

    struct Show: Command {
        static let configuration = CommandConfiguration(
            commandName: "show", abstract: "Show all of a policy.")

        @Argument(help: "Its name.", completion: Names.policies)
        var policy: String
        @OptionGroup var common: CommonOptions

        func run(_ session: Session) async throws {
            try await session.show(.policy(policy)) { Report($0) }
        }
    }
}

struct VersionCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "version", abstract: "The versions of this program and of the daemon.")

    @OptionGroup var common: CommonOptions

    struct Versions: Encodable {
        let regionlock: String
        /// Absent when the daemon does not answer.
        let regionlockd: String?
    }

    func run(_ session: Session) async throws {
        let daemon = try? await session.client.send(.status()).version
        let versions = Versions(regionlock: ProductVersion.text, regionlockd: daemon)
        session.show(versions, Report(version: versions.regionlock, daemon: daemon))
    }
}

struct CompletionsCommand: Command {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Print the completion script for a shell.",
        discussion: """
            Example:
              regionlock completions bash > /etc/bash_completion.d/regionlock
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable {
        case bash, zsh, fish
    }

    struct Script: Encodable {
        let shell: String
        let script: String
    }

    @Argument(help: "bash, zsh or fish.")
    var shell: Shell
    @OptionGroup var common: CommonOptions

    func run(_ session: Session) async throws {
        let kind: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        let script = RegionLock.completionScript(for: kind)
        let text = script.hasSuffix("\n") ? script : script + "\n"
        // A script is no report: its escapes and tabs are meant.
        if session.isJSON {
            session.terminal.write(
                JSONDocument.pretty(Script(shell: shell.rawValue, script: text)) + "\n")
        } else {
            session.terminal.write(text)
        }
    }
}
