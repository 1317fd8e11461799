import Glibc

/// Tells the service manager how we are (sd_notify(3)), without libsystemd.
///
/// Where no manager asked for it, every call does nothing.
package struct ServiceNotifier: Sendable {
    /// A manager that is too busy for a second has bigger troubles than our state.
    private static let stateTimeoutMilliseconds: CInt = 1_000

    private let path: String?
    /// How often to call `watchdog`: half of what the manager allows (sd_watchdog_enabled(3)).
    package let watchdogInterval: Duration?

    package init(environment: [String: String] = Self.environment(), processID: Int32 = getpid()) {
        path = environment["NOTIFY_SOCKET"].flatMap {
            $0.first == "/" || $0.first == "@" ? $0 : nil
        }
        let isForUs =
            environment["WATCHDOG_PID"].map { Int32($0) == processID } ?? true
        watchdogInterval = environment["WATCHDOG_USEC"].flatMap { Int64($0) }.flatMap { limit in
            limit > 0 && isForUs ? .microseconds(limit / 2) : nil
        }
    }

    /// The variables the manager sets, from the environment of this process.
    package static func environment() -> [String: String] {
        let names = [
            "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_PID", "LISTEN_FDS",
            "LISTEN_FDNAMES",
        ]
        var environment: [String: String] = [:]
        for name in names {
            if let value = unsafe getenv(name) {
                environment[name] = unsafe String(cString: value)
            }
        }
        return environment
    }

    package func ready(status: String) throws(SystemError) {
        try send(["READY=1", "STATUS=\(Self.oneLine(status))"], waits: true)
    }

    /// The line `systemctl status` shows.
    package func status(_ text: String) throws(SystemError) {
        try send(["STATUS=\(Self.oneLine(text))"])
    }

    /// Feed it from the loop whose death must not go unnoticed.
    package func watchdog() throws(SystemError) { try send(["WATCHDOG=1"]) }

    /// Follow it with `ready` when the reload is over.
    package func reloading() throws(SystemError) {
        var now = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &now)
        let microseconds = Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1_000
        try send(["RELOADING=1", "MONOTONIC_USEC=\(microseconds)"], waits: true)
    }

    package func stopping() throws(SystemError) { try send(["STOPPING=1"], waits: true) }

    /// Hands the manager a copy of a descriptor. It passes it to the next life of the service
    /// (`PassedSockets`) however this one ends; a manager without a store closes it.
    ///
    /// FDPOLL=0: the manager would let go of a descriptor that reports an error, and a netlink
    /// socket reports every overrun as one (FileDescriptorStoreMax= in systemd.service(5)).
    ///
    /// - Parameter name: letters, digits and hyphens; several descriptors may carry one name.
    package func store(_ descriptor: CInt, named name: String) throws(SystemError) {
        guard let path else { return }
        let sender = try DatagramSender.open(
            path: path, timeoutMilliseconds: Self.stateTimeoutMilliseconds)
        let text = "FDSTORE=1\nFDNAME=\(Self.oneLine(name))\nFDPOLL=0\n"
        if let refusal = sender.send(Array(text.utf8), with: descriptor) {
            throw SystemError(operation: "store a descriptor with", object: path, errno: refusal)
        }
    }

    /// The manager closes its copies of that name.
    package func forget(named name: String) throws(SystemError) {
        try send(["FDSTOREREMOVE=1", "FDNAME=\(Self.oneLine(name))"], waits: true)
    }

    private func send(_ lines: [String], waits: Bool = false) throws(SystemError) {
        guard let path else { return }
        let sender = try DatagramSender.open(
            path: path, timeoutMilliseconds: Self.stateTimeoutMilliseconds)
        let bytes = Array((lines.joined(separator: "\n") + "\n").utf8)
        if let refusal = sender.send(bytes, waits: waits) {
            throw SystemError(operation: "notify", object: path, errno: refusal)
        }
    }

    private static func oneLine(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }
}
