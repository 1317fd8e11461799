/// Where the daemon finds and keeps its things.
package struct DaemonPaths: Hashable, Sendable {
    package var settings: String
    package var state: String
    package var run: String

    package init(
        settings: String = "/etc/regionlock", state: String = "/var/lib/regionlock",
        run: String = "/run/regionlock"
    ) {
        self.settings = settings
        self.state = state
        self.run = run
    }
}

/// Why the daemon did not start, with the exit status that says so (sysexits.h).
package struct StartFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package let description: String
    package let exitStatus: Int32

    init(_ description: String, exitStatus: Int32) {
        self.description = description
        self.exitStatus = exitStatus
    }
}
