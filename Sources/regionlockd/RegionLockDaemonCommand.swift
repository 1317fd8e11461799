import ArgumentParser
import ControlAPI
import RegionLockDaemon

@main
struct RegionLockDaemonCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "regionlockd",
        abstract: "Holds a regional activation policy at this gateway.",
        discussion: """
            It reads /etc/regionlock, watches what tagged devices ask for, and cuts those off the \
            internet that try to activate where a policy does not allow it. It is controlled with \
            regionlock(1) and inspected with journalctl -u regionlockd.
            """,
        version: ProductVersion.text)

    @Option(help: ArgumentHelp("The settings.", valueName: "directory"))
    var config = "/etc/regionlock"

    @Option(help: ArgumentHelp("The database.", valueName: "directory"))
    var state = "/var/lib/regionlock"

    @Option(
        name: .customLong("run"),
        help: ArgumentHelp("The control sockets.", valueName: "directory"))
    var sockets = "/run/regionlock"

    @Flag(help: "Say whether the settings are valid, and end.")
    var check = false

    @Flag(help: "Put the stored blocks into the kernel, and end. For the start of the system.")
    var restore = false

    @Flag(
        name: .customLong("remove-all"),
        help: "Release every block, delete our tables, and end. For when no daemon runs.")
    var isRemovingAll = false

    @Option(help: "With --remove-all: kept in the history.")
    var reason: String?

    func validate() throws {
        if [check, restore, isRemovingAll].count(where: \.self) > 1 {
            throw ValidationError("--check, --restore and --remove-all exclude each other")
        }
        guard isRemovingAll == (reason != nil) else {
            throw ValidationError("--remove-all and --reason go together")
        }
        if let reason {
            do {
                try FieldLimits.checkReason(reason)
            } catch {
                throw ValidationError("--reason: \(error.detail ?? error.title)")
            }
        }
    }

    func run() async throws {
        let paths = DaemonPaths(settings: config, state: state, run: sockets)
        let status: Int32 =
            if check {
                DaemonProgram.check(paths: paths)
            } else if restore {
                DaemonProgram.restore(paths: paths)
            } else if let reason {
                DaemonProgram.removeAll(paths: paths, reason: reason)
            } else {
                await DaemonProgram.run(paths: paths)
            }
        throw ExitCode(status)
    }
}
