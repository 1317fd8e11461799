package import Firewall
import Glibc
import Logging
import Systemd

/// What `regionlockd` does, from its options to its exit status.
package enum DaemonProgram {
    /// Runs until a signal ends it.
    ///
    /// - Parameter shape: `.complete`; the control build of our tests asks for less.
    /// - Returns: 0, or a status of sysexits.h.
    package static func run(
        paths: DaemonPaths, shape: TableDesign.Shape = .complete
    ) async -> Int32 {
        let output = JournalLogHandler.Output.standard()
        LoggingSystem.bootstrap { _ in JournalLogHandler(output) }
        let logger = Logger(label: "regionlockd")
        do {
            var daemon = try await Daemon.start(paths: paths, shape: shape, logger: logger)
            if case .journal(let journal) = output { daemon.journal = journal }
            // However it ends: nobody reads the queue from then on.
            defer { daemon.keeper.release() }
            try await daemon.serve(paths: paths)
            logger.notice("stopped; blocks in force stay in force")
            return 0
        } catch let failure as StartFailure {
            // Under systemd standard error is the journal too; at a prompt it is the person.
            complain(failure.description)
            return failure.exitStatus
        } catch {
            complain("\(error)")
            return EX_SOFTWARE
        }
    }

    /// `--check`: whether the settings would be taken.
    package static func check(paths: DaemonPaths) -> Int32 {
        let source = SettingsSource(paths: paths, seed: 1, clock: DaemonClock())
        let loaded = source.load()
        if !loaded.report.isEmpty { complain(loaded.report) }
        return loaded.book == nil ? EX_CONFIG : 0
    }

    /// `--restore`: puts the stored blocks into the kernel, and ends.
    package static func restore(paths: DaemonPaths) -> Int32 {
        do {
            complain(try Restore.run(paths: paths))
            return 0
        } catch {
            complain(error.description)
            return error.exitStatus
        }
    }

    /// `--remove-all`: takes everything of ours down, and ends.
    package static func removeAll(paths: DaemonPaths, reason: String) -> Int32 {
        let output = JournalLogHandler.Output.standard()
        LoggingSystem.bootstrap { _ in JournalLogHandler(output) }
        do {
            let logger = Logger(label: "regionlockd")
            complain(try RemoveAll.run(paths: paths, reason: reason, logger: logger))
            return 0
        } catch {
            complain(error.description)
            return error.exitStatus
        }
    }

    private static func complain(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
    }
}
