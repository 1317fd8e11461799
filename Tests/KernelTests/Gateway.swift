import Foundation

/// The daemon in the lab's gateway, with the shipped policies, catalogues and device tags, and a
/// `regionlock.yaml` of the test's own.
final class Gateway {
    /// What a test may want to be different.
    struct Options {
        var mode = "enforce"
        var dns = "none"
        var also: [String] = []
        var tap = "inline"
        var hold = "device"
        var queue = 5341
        var whenDown = "open"
        /// Whether the service manager has a descriptor store.
        var keepsDescriptors = true
        var program = "regionlockd"
        /// More lines of regionlock.yaml.
        var more = ""
    }

    /// The name every trigger asks for: in the shipped catalogue with a role that triggers.
    static let trigger = "account.xiaomi.com"

    let lab: Lab
    private let program: String
    let manager: ServiceManagerSocket
    private(set) var daemon: RunningTool?

    init(in lab: Lab, _ options: Options = Options()) throws {
        self.lab = lab
        program = Place.program(options.program)
        manager = try ServiceManagerSocket(
            path: lab.path("notify"), keepsDescriptors: options.keepsDescriptors)
        try writeSettings(options)
        // As systemd-tmpfiles does it on a gateway.
        try FileManager.default.createDirectory(
            atPath: lab.path("run"), withIntermediateDirectories: false)
        try start()
    }

    /// The same daemon, with its lab.
    static func up(nat: Bool = false, _ options: Options = Options()) throws -> Gateway {
        try Gateway(in: Lab(nat: nat), options)
    }

    // MARK: Settings

    private func writeSettings(_ options: Options) throws {
        try copySettings()
        try rewriteSettings(options)
    }

    private func copySettings() throws {
        // Followed where it is a link: what a test writes must never reach the shipped files.
        try FileManager.default.copyItem(
            at: Place.root.appending(path: "Config").resolvingSymlinksInPath(),
            to: URL(filePath: lab.path("etc")))
    }

    /// Takes effect when the daemon reads it.
    func rewriteSettings(_ options: Options) throws {
        let also = options.also.map { "\"\($0)\"" }.joined(separator: ", ")
        try write(
            """
            version: 1
            gateway: {name: gw-lab, mode: \(options.mode), uplinks: [wan0]}
            sites:
              - name: havana-shop
                region: CU
                match: {interfaces: [lan0], subnets: [10.20.0.0/16, "2001:db8:20::/64"]}
              - name: madrid-office
                region: ES
                match: {interfaces: [lan1]}
            inspection:
              tap: \(options.tap)
              queue: \(options.queue)
              hold: \(options.hold)
              when_down: \(options.whenDown)
            while_blocked: {dns: \(options.dns), also: [\(also)]}
            control: {admins: root, readers: root}
            \(options.more)

            """, to: "regionlock.yaml")
    }

    func write(_ text: String, to file: String) throws {
        try text.write(toFile: lab.path("etc/\(file)"), atomically: true, encoding: .utf8)
    }

    func read(_ file: String) throws -> String {
        try String(contentsOfFile: lab.path("etc/\(file)"), encoding: .utf8)
    }

    // MARK: The daemon's life

    /// Starts it and waits for READY=1.
    func start(within seconds: Double = 20) throws {
        try launch()
        guard let daemon else { return }
        let isOver = waitUntil(seconds: seconds) { manager.isReady || !daemon.isRunning }
        guard isOver, daemon.isRunning else {
            throw LabError("\(program) did not become ready:\n\(daemon.text)\(daemon.errors)")
        }
    }

    /// Starts it as a service manager does, with what it has left in the store.
    func launch() throws {
        let stored = manager.stored
        var environment = ["NOTIFY_SOCKET": manager.path, "SWIFT_BACKTRACE": "enable=no"]
        if !stored.isEmpty {
            environment["LISTEN_FDS"] = "\(stored.count)"
            environment["LISTEN_FDNAMES"] = stored.map(\.name).joined(separator: ":")
        }
        manager.forgetReady()
        // Everything down to the daemon is the same process, so its number is known here.
        let asItself = ["sh", "-c", "export LISTEN_PID=$$; exec \"$@\"", "sh"]
        daemon = try RunningTool(
            asItself + [Place.lab, "run", lab.directory, "gw"] + command,
            environment: environment, descriptors: stored.map(\.descriptor))
    }

    var command: [String] {
        [
            program, "--config", lab.path("etc"), "--state", lab.path("state"), "--run",
            lab.path("run"),
        ]
    }

    @discardableResult
    func end(_ signal: Int32) throws -> Output {
        guard let daemon else { throw LabError("no daemon is running") }
        self.daemon = nil
        return try daemon.stop(signal)
    }

    /// As a crash: nothing of the daemon's own code runs.
    func crash() throws { try end(SIGKILL) }

    func restart() throws {
        try end(SIGTERM)
        try start()
    }

    /// Everything it has written to standard error.
    var log: String { daemon?.errors ?? "" }

    // MARK: The operator

    func command(_ words: String...) throws -> Output {
        try tool([Place.program("regionlock"), "--run", lab.path("run")] + words)
    }

    /// As `command`, and the test fails when it is refused.
    @discardableResult
    func succeed(_ words: String...) throws -> Output {
        let said = try tool([Place.program("regionlock"), "--run", lab.path("run")] + words)
        guard said.status == 0 else {
            throw LabError("regionlock \(words) [\(said.status)]: \(said.text)\(said.errors)")
        }
        return said
    }

    /// Brings a link of the gateway up or down.
    func set(_ link: String, _ state: String) throws {
        let said = try lab.run(.gw, "ip", "link", "set", link, state)
        guard said.status == 0 else { throw LabError("\(link) \(state): \(said.errors)") }
    }

    func nftTable(_ name: String = "regionlock", family: String = "inet") throws -> String {
        try lab.run(.gw, "nft", "list", "table", family, name).text
    }
}
