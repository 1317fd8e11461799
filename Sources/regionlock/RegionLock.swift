import ArgumentParser
import ControlAPI

struct RegionLock: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "regionlock",
        abstract: "Ask and steer regionlockd, the region lock of this gateway.",
        discussion: """
            DEVICE is a MAC, an IP address, a label or a host name; the beginning of one will do \
            when it fits one device only. Results go to standard output, all else to standard error.

            Exit status: 0 done, 1 failed, 10 would be cut off (--exit-code of simulate and \
            replay), 20 works with warnings (status), 30 the ledger is broken (ledger verify), 64 \
            wrong use, 65 several devices fit or a list is not valid, 66 no such thing, 69 the \
            daemon does not answer, 75 timed out, 77 not allowed, 78 settings not valid.
            """,
        version: "regionlock \(ProductVersion.text)",
        groupedSubcommands: [
            CommandGroup(
                name: "Looking",
                subcommands: [
                    StatusCommand.self, DevicesCommand.self, SitesCommand.self,
                    BlocksCommand.self, ExplainCommand.self, SimulateCommand.self,
                    EventsCommand.self, ReplayCommand.self, MetricsCommand.self,
                ]),
            CommandGroup(
                name: "Changing",
                subcommands: [
                    TagCommand.self, UntagCommand.self, BlockCommand.self, ReleaseCommand.self,
                    ExemptCommand.self, ExemptionsCommand.self, ModeCommand.self,
                    RemoveAllCommand.self, LedgerCommand.self,
                ]),
            CommandGroup(
                name: "Settings",
                subcommands: [
                    PolicyCommand.self, RegionsCommand.self, CheckCommand.self,
                    ReloadCommand.self, ConfirmCommand.self, RevisionsCommand.self,
                ]),
            CommandGroup(
                name: "Program", subcommands: [VersionCommand.self, CompletionsCommand.self]),
        ])

    /// Every command's name, for "did you mean".
    static var commandNames: [String] {
        commands.compactMap { $0.configuration.commandName }
    }

    /// The commands below a command.
    static func commandNames(below name: String) -> [String] {
        commands.first { $0.configuration.commandName == name }?
            .configuration.subcommands.compactMap { $0.configuration.commandName } ?? []
    }

    private static var commands: [any ParsableCommand.Type] {
        configuration.groupedSubcommands.flatMap(\.subcommands)
    }
}
