import Foundation
import Testing

/// A booted systemd with the shipped unit and the built programs installed in it.
final class ServiceManager {
    private let directory: String
    private let booted: RunningTool
    private var leader = ""

    init() throws {
        directory = NSTemporaryDirectory() + "rl-lab-systemd-" + UUID().uuidString.prefix(8)
        booted = try RunningTool([
            Place.root.appending(path: "scripts/lab-systemd").path, directory,
        ])
        try meet()
    }

    /// Takes its power away, and boots it again into a unit, with what its disk had.
    func powerCut(into unit: String) throws {
        try unit.write(toFile: directory + "/reboot", atomically: true, encoding: .utf8)
        try FileManager.default.removeItem(atPath: directory + "/leader")
        try succeed(["kill", "-9", leader])
        try meet()
    }

    /// Waits until it is up.
    private func meet() throws {
        let path = directory + "/leader"
        _ = waitUntil(seconds: 10) { FileManager.default.fileExists(atPath: path) }
        leader = try String(contentsOfFile: path, encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let isUp = try waitUntil(seconds: 20) {
            // Degraded is up as well: some unit of this machine may not like a container.
            let state = try run("systemctl", "is-system-running").text
            return state.hasPrefix("running") || state.hasPrefix("degraded")
        }
        guard isUp else {
            throw LabError("systemd did not boot: \(booted.text)\(booted.errors)")
        }
    }

    deinit {
        _ = try? booted.stop()
        try? FileManager.default.removeItem(atPath: directory)
    }

    /// Copies what make install would install, with the programs of this build.
    func installProduct() throws {
        let root = "/proc/\(leader)/root"
        for (program, place) in [("regionlockd", "sbin"), ("regionlock", "bin")] {
            try succeed([
                "install", "-m", "0755", Place.program(program), "\(root)/usr/\(place)/\(program)",
            ])
        }
        // A machine may have the product already. Only the overlay forgets it.
        for path in ["/etc/regionlock", "/var/lib/regionlock"] {
            try? FileManager.default.removeItem(atPath: root + path)
        }
        try installRuntime(below: root)
        try succeed([
            Place.root.appending(path: "scripts/install-data").path, root, "/usr", "/etc",
            "/lib/systemd/system",
        ])
        // A container may not make itself less likely to be killed; everything else of the unit
        // holds as it is.
        let dropIn = "\(root)/etc/systemd/system/regionlockd.service.d"
        try FileManager.default.createDirectory(
            atPath: dropIn, withIntermediateDirectories: true)
        try "[Service]\nOOMScoreAdjust=0\n".write(
            toFile: "\(dropIn)/container.conf", atomically: true, encoding: .utf8)
        for words in [
            ["systemd-sysusers"],
            ["systemd-tmpfiles", "--create", "/usr/lib/tmpfiles.d/regionlockd.conf"],
            ["journalctl", "--update-catalog"], ["systemctl", "daemon-reload"],
        ] {
            try succeed(inside(words))
        }
    }

    /// A test build links Swift's shared runtime, and that may lie on a file system of its own,
    /// which an overlay of / does not show.
    private func installRuntime(below root: String) throws {
        for program in ["regionlockd", "regionlock"] {
            for line in try tool(["ldd", Place.program(program)]).lines {
                guard let path = line.split(separator: " ").first(where: { $0.hasPrefix("/") }),
                    path.contains("swift") || path.contains("Foundation")
                else { continue }
                try succeed(["install", "-m", "0644", String(path), "\(root)/usr/local/lib/"])
            }
        }
        try succeed(inside(["ldconfig"]))
    }

    private func inside(_ words: [String]) -> [String] { ["nsenter", "-t", leader, "-a"] + words }

    func run(_ words: String...) throws -> Output { try tool(inside(words)) }

    /// As somebody without any right.
    func runAsNobody(_ words: String...) throws -> Output {
        let nobody = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]
        return try tool(inside(nobody + words))
    }

    func file(_ path: String) -> String { "/proc/\(leader)/root\(path)" }

    private func succeed(_ words: [String]) throws {
        let said = try tool(words)
        guard said.status == 0 else { throw LabError("\(words): \(said.text)\(said.errors)") }
    }
}

extension KernelSuite {
    /// The real daemon in the sandbox of the real unit, under a real systemd with its journal.
    @Suite(.serialized)
    struct SystemdUnitTests {
        private let device = "02:00:00:00:00:07"

        @Test func theServiceLivesAsTheManualSays() throws {
            let manager = try ServiceManager()
            try manager.installProduct()
            let started = try manager.run("systemctl", "start", "regionlockd")
            let log = try manager.run("journalctl", "-u", "regionlockd", "-o", "cat").text
            try #require(started.status == 0, "\(log)")
            // READY=1 means: the table is in, and the sockets answer.
            #expect(try manager.run("nft", "list", "tables").text.contains("inet regionlock"))
            #expect(try manager.run("regionlock", "status").text.contains("mode: MONITOR"))
            let shown = try manager.run("systemctl", "show", "-p", "StatusText", "regionlockd")
            #expect(shown.text.contains("monitor, 0 devices cut off"), "\(shown.text)")

            try commandsAndRights(manager)
            try reloads(manager)
            try survivesACrash(manager)
            try journal(manager)
            try startsWithADamagedStore(manager)

            #expect(try manager.run("systemctl", "stop", "regionlockd").status == 0)
            #expect(try isCut(manager), "a stop must not release")
            #expect(try stored(manager) == "0")
            #expect(try queues(manager) == [], "a queue that nobody reads")
        }

        /// How many descriptors systemd keeps for the service.
        private func stored(_ manager: ServiceManager) throws -> String {
            try manager.run(
                "systemctl", "show", "-p", "NFileDescriptorStore", "--value", "regionlockd"
            ).text.trimmingCharacters(in: .whitespacesAndNewlines)
        }

        private func queues(_ manager: ServiceManager) throws -> [Substring] {
            try manager.run("cat", "/proc/net/netfilter/nfnetlink_queue").lines.compactMap {
                $0.split(separator: " ").first
            }
        }

        private func isCut(_ manager: ServiceManager) throws -> Bool {
            try manager.run("nft", "list", "set", "inet", "regionlock", "blocked_mac").text
                .contains(device)
        }

        private func commandsAndRights(_ manager: ServiceManager) throws {
            let looked = try manager.runAsNobody("regionlock", "status", "-q")
            #expect([0, 20].contains(looked.status), "\(looked.errors)")
            let refused = try manager.runAsNobody(
                "regionlock", "block", device, "--for", "1h", "--reason", "no right")
            #expect(refused.status == 77, "\(refused.errors)")
            let cut = try manager.run(
                "regionlock", "block", device, "--for", "1h", "--reason", "unit test")
            #expect(cut.status == 0, "\(cut.errors)")
            #expect(try isCut(manager))
            let shown = try manager.run("systemctl", "show", "-p", "StatusText", "regionlockd")
            #expect(shown.text.contains("1 device cut off"), "\(shown.text)")
        }

        private func reloads(_ manager: ServiceManager) throws {
            #expect(try manager.run("systemctl", "reload", "regionlockd").status == 0)
            let settings = manager.file("/etc/regionlock/regionlock.yaml")
            let good = try String(contentsOfFile: settings, encoding: .utf8)
            try (good + "\nno_such_key: 1\n").write(
                toFile: settings, atomically: false, encoding: .utf8)
            #expect(try manager.run("systemctl", "reload", "regionlockd").status != 0)
            #expect(try manager.run("systemctl", "is-active", "regionlockd").status == 0)
            try good.write(toFile: settings, atomically: false, encoding: .utf8)
            #expect(try manager.run("systemctl", "reload", "regionlockd").status == 0)
            #expect(try isCut(manager))
        }

        private func survivesACrash(_ manager: ServiceManager) throws {
            let before = try mainProcess(manager)
            #expect(try manager.run("kill", "-9", before).status == 0)
            let isBack = try waitUntil(seconds: 10) {
                let isActive = try manager.run("systemctl", "is-active", "regionlockd").status == 0
                return try isActive && mainProcess(manager) != before
            }
            #expect(isBack, "systemd did not start it again")
            let log = try manager.run("journalctl", "-u", "regionlockd", "-o", "cat").text
            #expect(log.contains("going on with queue 5341 where it was left"), "\(log)")
            #expect(try stored(manager) == "1")
            #expect(try queues(manager) == ["5341"])
            #expect(try isCut(manager))
            #expect(try manager.run("regionlock", "blocks").text.contains("unit test"))
        }

        /// As the service's own user, who may not read what has no mode.
        private func startsWithADamagedStore(_ manager: ServiceManager) throws {
            let database = "/var/lib/regionlock/regionlock.db"
            for damage in [
                "chmod 0 \(database)",
                "rm \(database) && mkdir \(database) && chown regionlock: \(database)",
            ] {
                #expect(try manager.run("systemctl", "stop", "regionlockd").status == 0)
                let said = try manager.run("sh", "-c", damage)
                try #require(said.status == 0, "\(said.errors)")
                #expect(try manager.run("systemctl", "start", "regionlockd").status == 0)
                #expect(try isCut(manager), "\(damage)")
                let shown = try manager.run("systemctl", "show", "-p", "StatusText", "regionlockd")
                #expect(shown.text.contains("1 device cut off"), "\(damage): \(shown.text)")
            }
            let lost = try manager.run(
                "journalctl", "-u", "regionlockd", "-o", "cat", "REGIONLOCK_EVENT=store.lost"
            ).lines
            #expect(lost.count == 1 && lost[0].contains("it is a directory"), "\(lost)")
        }

        private func mainProcess(_ manager: ServiceManager) throws -> String {
            try manager.run("systemctl", "show", "-p", "MainPID", "--value", "regionlockd").text
                .trimmingCharacters(in: .whitespacesAndNewlines)
        }

        private func journal(_ manager: ServiceManager) throws {
            let entry = try manager.run(
                "journalctl", "-u", "regionlockd", "-o", "json", "REGIONLOCK_EVENT=block.created"
            ).text
            for field in [
                "\"REGIONLOCK_MAC\":\"\(device)\"", "\"REGIONLOCK_REASON\":\"unit test\"",
                "\"REGIONLOCK_BLOCK\":\"B-", "\"MESSAGE_ID\":", "\"REGIONLOCK_VERDICT\":\"block\"",
            ] {
                #expect(entry.contains(field), "\(entry)")
            }
            let explained = try manager.run(
                "journalctl", "-u", "regionlockd", "-x", "REGIONLOCK_EVENT=block.created"
            ).text
            #expect(explained.contains("was cut off the internet by hand"), "\(explained)")
        }
    }
}
