import Foundation
import Glibc
import Testing

/// A real systemd-journald of our own: alone in a pid and mount namespace, with an empty /run.
///
/// It needs root, as the kernel tests do.
final class PrivateJournal {
    private let process = Process()
    /// As seen from here; journald is process 1 of its namespace.
    let processID: pid_t
    private let root: String

    var socketPath: String { root + "/run/systemd/journal/socket" }

    init() throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments = [
            "--mount", "--pid", "--fork", "--mount-proc", "--kill-child=SIGKILL", "--propagation",
            "private", "sh", "-euc",
            """
            mount -t tmpfs tmpfs /run
            mkdir -p /run/systemd/journal /run/log/journal
            printf '[Journal]\\nReadKMsg=no\\nRateLimitBurst=0\\n' >/run/journald.conf
            mount --bind /run/journald.conf /etc/systemd/journald.conf
            exec /lib/systemd/systemd-journald
            """,
        ]
        process.standardError = FileHandle.nullDevice
        try process.run()
        let launcher = process.processIdentifier
        processID = try waitUntil("journald runs") {
            let children = try? String(
                contentsOfFile: "/proc/\(launcher)/task/\(launcher)/children", encoding: .utf8)
            return children.flatMap { pid_t($0.trimmingCharacters(in: .whitespaces)) }
        }
        root = "/proc/\(processID)/root"
        let socket = root + "/run/systemd/journal/socket"
        _ = try waitUntil("journald listens") { access(socket, W_OK) == 0 ? true : nil }
    }

    deinit {
        kill(processID, SIGKILL)
        process.waitUntilExit()
    }

    /// The entries of ours, as `journalctl -o json` prints them, once there are `count`.
    func entries(atLeast count: Int, matching match: String) throws -> [[String: Any]] {
        try waitUntil("\(count) entries of \(match)") {
            let output = try run(
                "/usr/bin/journalctl",
                ["-D", root + "/run/log/journal", "-o", "json", "--all", "--no-pager", match])
            let entries = try output.split(separator: UInt8(ascii: "\n")).compactMap {
                try JSONSerialization.jsonObject(with: Data($0)) as? [String: Any]
            }
            return entries.count >= count ? entries : nil
        }
    }
}

struct TookTooLong: Error {
    let what: String
}

/// Asks until there is an answer, for ten seconds at most: the machine may be busy.
func waitUntil<Answer>(_ what: String, _ ask: () throws -> Answer?) throws -> Answer {
    let deadline = ContinuousClock.now + .seconds(10)
    while ContinuousClock.now < deadline {
        if let answer = try ask() { return answer }
        usleep(5_000)
    }
    throw TookTooLong(what: what)
}

/// Runs a program and gives back what it printed.
func run(_ program: String, _ arguments: [String]) throws -> Data {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return data
}
