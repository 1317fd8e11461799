import Foundation
import Testing

/// The files in systemd/ as systemd's own tools read them.
@Suite struct UnitTests {
    private static let folder = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("systemd").path
    private static let service = folder + "/regionlockd.service"

    /// Exit status and everything printed.
    private func check(_ program: String, _ arguments: [String]) throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }

    private func exposure(of unit: String) throws -> (status: Int32, text: String) {
        // The threshold is ten times the score: more than 2.0 fails.
        try check(
            "/usr/bin/systemd-analyze", ["security", "--offline=true", "--threshold=20", unit])
    }

    @Test func theServiceIsExposedLittle() throws {
        let result = try exposure(of: Self.service)
        #expect(result.status == 0, "\(result.text.suffix(200))")
        #expect(result.text.contains("Overall exposure level for regionlockd.service"))
    }

    @Test func aServiceWithoutItsSandboxWouldFail() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "unit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let text = try String(contentsOfFile: Self.service, encoding: .utf8)
        let open = text.split(separator: "\n").filter { !$0.hasPrefix("CapabilityBoundingSet") }
        let unit = folder.appendingPathComponent("regionlockd.service")
        try Data(open.joined(separator: "\n").utf8).write(to: unit)
        #expect(try exposure(of: unit.path).status != 0)
    }

    /// systemd 252 warns and exits with 0; only silence is success. The two programs may not be
    /// installed where the tests run.
    @Test func verifyHasNothingToSay() throws {
        let (_, text) = try check(
            "/usr/bin/systemd-analyze",
            ["verify", "--man=no", Self.service, Self.folder + "/regionlockd-restore.service"])
        let complaints = text.split(separator: "\n").filter {
            !$0.contains("is not executable: No such file or directory")
        }
        #expect(complaints.isEmpty, "\(complaints)")
    }

    /// All units together, in the transaction of a boot: beside what they name, and what waits for
    /// network-pre.target in its turn.
    @Test(arguments: [true, false])
    func theBootHasNoOrderingCycle(isAsShipped: Bool) throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "units-\(UUID().uuidString)")
        let files = FileManager.default
        let wants = folder.appendingPathComponent("multi-user.target.wants")
        try files.createDirectory(at: wants, withIntermediateDirectories: true)
        defer { try? files.removeItem(at: folder) }
        for name in ["regionlockd.service", "regionlockd-restore.service"] {
            try files.copyItem(
                atPath: Self.folder + "/" + name, toPath: folder.appendingPathComponent(name).path)
        }
        // Units of others that may be on a gateway, with the order they have there.
        for (name, order) in [
            ("nftables", "Wants=network-pre.target\nBefore=network-pre.target shutdown.target"),
            ("firewalld", "Wants=network-pre.target\nBefore=network-pre.target"),
            ("networking", "After=local-fs.target network-pre.target\nBefore=network.target"),
        ] {
            try "[Unit]\nDefaultDependencies=no\n\(order)\n[Service]\nExecStart=/bin/true\n".write(
                to: folder.appendingPathComponent("\(name).service"), atomically: true,
                encoding: .utf8)
        }
        if !isAsShipped {
            let dropIn = folder.appendingPathComponent("regionlockd-restore.service.d")
            try files.createDirectory(at: dropIn, withIntermediateDirectories: true)
            try "[Unit]\nAfter=network.target\nWants=network.target\n".write(
                to: dropIn.appendingPathComponent("cycle.conf"), atomically: true, encoding: .utf8)
        }
        for name in try files.contentsOfDirectory(atPath: folder.path)
        where name.hasSuffix(".service") {
            try files.createSymbolicLink(
                atPath: wants.appendingPathComponent(name).path, withDestinationPath: "../\(name)")
        }
        let (_, text) = try check(
            "/usr/bin/env",
            [
                "SYSTEMD_UNIT_PATH=\(folder.path):", "systemd-analyze", "verify", "--man=no",
                "regionlockd.service", "regionlockd-restore.service", "network-pre.target",
                "network.target", "sysinit.target", "basic.target", "multi-user.target",
            ])
        #expect(text.contains("ordering cycle") == !isAsShipped, "\(text)")
        #expect(text.contains("/usr/sbin/regionlockd") || isAsShipped, "the units were not read")
    }

    @Test func usersAndDirectoriesAreUnderstood() throws {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(
            "root-\(UUID().uuidString)"
        ).path
        try FileManager.default.createDirectory(
            atPath: root + "/etc", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: root) }
        let (status, text) = try check(
            "/usr/bin/systemd-sysusers", ["--root", root, Self.folder + "/regionlockd.sysusers"])
        #expect(status == 0, "\(text)")
        let passwd = try String(contentsOfFile: root + "/etc/passwd", encoding: .utf8)
        let group = try String(contentsOfFile: root + "/etc/group", encoding: .utf8)
        #expect(passwd.contains("regionlock:x:"))
        #expect(passwd.contains(":/var/lib/regionlock:/usr/sbin/nologin"))
        #expect(group.contains("regionlock:x:") && group.contains("regionlock-admin:x:"))
        let (created, message) = try check(
            "/usr/bin/systemd-tmpfiles",
            ["--create", "--root", root, Self.folder + "/regionlockd.tmpfiles"])
        #expect(created == 0, "\(message)")
        let run = try FileManager.default.attributesOfItem(atPath: root + "/run/regionlock")
        #expect(run[.posixPermissions] as? Int == 0o755)
    }
}
