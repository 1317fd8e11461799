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
        var whenDown = "open"
        var program = "regionlockd"
    }

    /// The name every trigger asks for: in the shipped catalogue with a role that triggers.
    static let trigger = "account.xiaomi.com"

    let lab: Lab
    private let program: String
    private(set) var daemon: RunningTool?

    init(in lab: Lab, _ options: Options = Options()) throws {
        self.lab = lab
        program = Place.program(options.program)
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
        // Followed where it is a link: what a test writes must never reach the shipped files.
        try FileManager.default.copyItem(
            at: Place.root.appending(path: "Config").resolvingSymlinksInPath(),
            to: URL(filePath: lab.path("etc")))
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
            inspection: {tap: \(options.tap), hold: \(options.hold), when_down: \(options.whenDown)}
            while_blocked: {dns: \(options.dns), also: [\(also)]}
            control: {admins: root, readers: root}

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
    func start(within seconds: Int = 15) throws {
        let socket = lab.path("notify-\(UUID().uuidString.prefix(8))")
        let waiter = try RunningTool([
            Place.program("LabPeer"), "await", "--socket", socket, "--seconds", "\(seconds)",
        ])
        _ = waitUntil(seconds: 2) { FileManager.default.fileExists(atPath: socket) }
        let daemon = try RunningTool(
            [Place.lab, "run", lab.directory, "gw"] + command,
            environment: ["NOTIFY_SOCKET": socket, "SWIFT_BACKTRACE": "enable=no"])
        self.daemon = daemon
        let isOver = waitUntil(seconds: Double(seconds) + 5) {
            !waiter.isRunning || !daemon.isRunning
        }
        guard isOver, daemon.isRunning, try waiter.finish().status == 0 else {
            throw LabError("\(program) did not become ready:\n\(daemon.text)\(daemon.errors)")
        }
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

    /// As a crash in a moment in which no packet waits for its verdict: the kernel drops what waits
    /// (docs/ARCHITECTURE.md, When nobody inspects).
    func crashBetweenPackets() throws {
        _ = try waitUntil(seconds: 5) { try waitingPackets() == 0 }
        try crash()
    }

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

    func nftTable(_ name: String = "regionlock", family: String = "inet") throws -> String {
        try lab.run(.gw, "nft", "list", "table", family, name).text
    }
}
