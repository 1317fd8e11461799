import ControlAPI
import Foundation
import Testing

/// The built `regionlock` against a running server: words, output, exit status. One at a time: a
/// hundred processes at once would test the machine.
@Suite(.serialized) struct ProgramTests {
    /// It stands beside the program that runs the tests: `swift build --build-tests` makes both.
    private static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("regionlock").path

    private func regionlock(
        _ arguments: String..., environment: [String: String] = [:]
    ) async throws -> ProgramResult {
        try await run(Self.program, arguments, environment: environment)
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let words: [String]
        var status: Int32 = 0
        /// What standard output, or with a status of 64 and up standard error, must hold.
        let says: String

        init(_ words: String, status: Int32 = 0, says: String) {
            self.words = words.split(separator: " ").map(String.init)
            self.status = status
            self.says = says
        }

        var testDescription: String { words.joined(separator: " ") }
    }

    static let commands: [Case] = [
        .init("status", status: 20, says: "mode: ENFORCE"),
        .init("devices", says: "bench-phone-7"),
        .init("devices --tag xiaomi --state cut_off", says: "CUT OFF"),
        .init("sites", says: "simferopol-depot"),
        .init("blocks", says: "B-9QXA"),
        .init("explain bench-phone-7", says: "reference B-7F3K"),
        .init("simulate --tag xiaomi --region CU --to a.example", says: "CUT OFF"),
        .init(
            "simulate --tag xiaomi --tag b --region CU --to a.example --at 2028-01-01 --exit-code",
            status: 10, says: "CUT OFF"),
        .init(
            "simulate --device bench-phone-7 --site madrid-office --to a.example --exit-code",
            says: "ALLOW"),
        .init(
            "simulate --tag xiaomi --region CU --entry --exit-code", status: 10, says: "(on: entry)"
        ),
        .init("events", says: "No events."),
        .init("metrics", says: "# TYPE regionlock_nft_drift gauge"),
        .init("tag bench-phone-7 bench --reason test", says: "has the tag bench"),
        .init("untag bench-phone-7 bench", says: "has no tag bench"),
        .init(
            "block pos-terminal --for 12h --reason test", says: "Undo: regionlock release B-9QXA"),
        .init("release B-7F3K --reason sold", says: "internet back"),
        .init("release bench-phone-7 --reason sold --exempt-for 30d", says: "X-2M9Q"),
        .init("release --all --reason lifted --dry-run", says: "25 devices would have"),
        .init("release --all --region UA-43 --reason lifted --yes", says: "2 devices have the"),
        .init("exempt bench-phone-7 --for 30d --reason shop --policy xiaomi", says: "is exempt"),
        .init("exemptions", says: "repair shop"),
        .init("exemptions end X-2M9Q", says: "no longer exempt"),
        .init("policy", says: "tv-boxes"),
        .init("policy list", says: "tv-boxes"),
        .init("policy show xiaomi", says: "Vendor's export list"),
        .init("mode", says: "ENFORCE"),
        .init("mode monitor --reason trial", says: "was enforce"),
        .init("remove-all --reason moving --dry-run", says: "25 devices would have"),
        .init("remove-all --reason moving --yes", says: "Everything is taken down"),
        .init("reload", says: "Settings 9c1f (was 77ae)"),
        .init("reload --dry-run", says: "no longer cut off at the next attempt"),
        .init("reload --confirm 120", says: "Keep these: regionlock confirm"),
        .init("reload --revision 77ae", says: "Settings 9c1f"),
        .init("confirm", says: "confirmed and stay"),
        .init("revisions", says: "in force"),
        .init("ledger", says: "64:b4:73:00:00:11"),
        .init("ledger show bench-phone-7", says: "account.xiaomi.com"),
        .init("ledger show --region UA --since 2025-01-01", says: "UA-30"),
        .init("ledger verify", says: "3 entries, whole."),
        .init("version", says: "regionlockd  0.1.0"),
    ]

    @Test(arguments: commands) func answers(_ wanted: Case) async throws {
        try await TestServer.with { server in
            let result = try await run(Self.program, wanted.words + ["--run", server.directory])
            #expect(result.status == wanted.status, "\(result.errors)")
            #expect(result.output.contains(wanted.says), "\(result.output)\(result.errors)")
            #expect(result.errors.isEmpty)
            // The same before the command, as JSON.
            let json = try await run(
                Self.program, ["--run", server.directory, "-o", "json"] + wanted.words)
            #expect(json.status == wanted.status, "\(json.errors)")
            if wanted.words != ["events"] {
                let value = try? JSONSerialization.jsonObject(with: Data(json.output.utf8))
                #expect(value is [String: Any], "\(json.output)")
            }
        }
    }

    static let misuses: [Case] = [
        .init("blok x", status: 64, says: "error: no command \"blok\". Did you mean \"block\"?"),
        .init("policy shwo x", status: 64, says: "Did you mean \"policy show\"?"),
        .init("-q stauts", status: 64, says: "Did you mean \"status\"?"),
        .init("status --bogus", status: 64, says: "error: Unknown option '--bogus'"),
        .init("status -o xml", status: 64, says: "'table' and 'json'"),
        .init("tag", status: 64, says: "See: regionlock tag --help"),
        .init("block a --for 12 --reason test", status: 64, says: "needs a unit: 12h, 12d"),
        .init("block a --for soon --reason test", status: 64, says: "not a length of time"),
        .init("block a --reason test", status: 64, says: "--for is missing"),
        .init("block a --for 12h", status: 64, says: "--reason is missing"),
        .init("release B-7F3K", status: 64, says: "--reason is missing"),
        .init("release B-7F3K --reason x", status: 64, says: "reason: must have 3 to 200"),
        .init("release --reason sold", status: 64, says: "name a block or a device, or give --all"),
        .init("release --all --reason sold", status: 64, says: "add --yes"),
        .init("release --all --yes", status: 64, says: "--reason is missing"),
        .init("release B-7F3K --policy a --reason sold", status: 64, says: "goes with --all only"),
        .init("release --all B-7F3K --reason sold --yes", status: 64, says: "give one of the two"),
        .init("release --all --region Cuba --yes --reason sold", status: 64, says: "is no region"),
        .init("release --all --policy nobody --yes --reason sold", status: 66, says: "no policy"),
        .init("remove-all --reason moving", status: 64, says: "add --yes"),
        .init("remove-all --yes", status: 64, says: "--reason is missing"),
        .init("ledger show --region Spain", status: 64, says: "is no region"),
        .init("ledger shwo", status: 64, says: "Did you mean \"ledger show\"?"),
        .init("ledger export --format xml", status: 64, says: "'jsonl' and 'csv'"),
        .init("simulate --to a.example", status: 64, says: "either --device or --tag"),
        .init("simulate --tag a --region CU", status: 64, says: "give either --to"),
        .init("simulate --tag a --region CU --to a.b --entry", status: 64, says: "or --entry"),
        .init("reload --confirm 2", status: 64, says: "must be 5 to 86400"),
        .init("reload --confirm 20 --dry-run", status: 64, says: "nothing to confirm"),
        .init("reload --revision xyz", status: 64, says: "4 to 16 hexadecimal digits"),
        .init("mode loud", status: 64, says: "monitor or enforce"),
        .init("events --since soon", status: 64, says: "is not a time"),
        .init("explain Redmi", status: 65, says: "Redmi-Note-12 (50:ec:50:12:34:56), Redmi-9A"),
        .init("explain nobody", status: 66, says: "See: regionlock devices"),
        .init("policy show nobody", status: 66, says: "there is no policy nobody"),
    ]

    @Test(arguments: misuses) func refuses(_ wanted: Case) async throws {
        try await TestServer.with { server in
            let result = try await run(Self.program, wanted.words + ["--run", server.directory])
            #expect(result.status == wanted.status)
            #expect(result.output.isEmpty)
            #expect(result.errors.hasPrefix("error: "), "\(result.errors)")
            #expect(result.errors.contains(wanted.says), "\(result.errors)")
            #expect(server.backend.changes.isEmpty)
        }
    }

    @Test func saysThatBlocksHoldWhenTheDaemonIsAway() async throws {
        let result = try await regionlock("status", "--run", "/nonexistent")
        #expect(result.status == 69)
        #expect(
            result.errors.hasPrefix(
                "error: regionlockd does not answer at /nonexistent/status.sock (no such file).\n"))
        #expect(result.errors.contains("Blocks already in nftables stay in force."))
    }

    @Test func checkNeedsNoDaemon() async throws {
        let result = try await regionlock("check", "--config", "/nonexistent", "-o", "json")
        #expect(result.status == 78)
        let value = try JSONSerialization.jsonObject(with: Data(result.output.utf8))
        #expect((value as? [String: Any])?["errors"] as? Int == 1)
    }

    @Test func hostileNamesAreShownNotObeyed() async throws {
        try await TestServer.with { server in
            for format in ["table", "json"] {
                let result = try await regionlock(
                    "devices", "--run", server.directory, "-o", format, "--color", "always")
                let scalars = result.output.replacing("\u{1b}[31m", with: "")
                    .replacing("\u{1b}[0m", with: "").unicodeScalars
                #expect(scalars.allSatisfy { $0 == "\n" || !Printable.isHidden($0) })
                #expect(result.output.contains("root"))
            }
        }
    }

    @Test func followGoesOnAfterARestart() async throws {
        let directory = try TestServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: Self.program)
        process.arguments = [
            "events", "--follow", "-o", "json", "--run", directory, "--since", "2000-01-01",
        ]
        process.standardOutput = pipe
        let descriptor = pipe.fileHandleForReading.fileDescriptor
        try await TestServer.with(directory: directory) { server in
            server.backend.publish(2)
            try process.run()
            let lines = await onThread { readLines(descriptor, count: 2) }
            #expect(lines.map { $0.contains("\"id\":2,") } == [false, true])
        }
        try await TestServer.with(directory: directory) { server in
            server.backend.publish(4)
            let lines = await onThread { readLines(descriptor, count: 2) }
            #expect(lines.map { $0.contains("\"id\":4,") } == [false, true], "\(lines)")
        }
        process.terminate()
        await onThread { process.waitUntilExit() }
    }

    @Test(arguments: ["bash", "zsh", "fish"]) func completionScriptsNameEveryCommand(
        shell: String
    ) async throws {
        let result = try await regionlock("completions", shell)
        #expect(result.status == 0)
        for command in ["status", "simulate", "exemptions", "check"] {
            #expect(result.output.contains(command))
        }
    }

    @Test func namesAreCompletedLive() async throws {
        try await TestServer.with { server in
            let result = try await regionlock(
                "---completion", "explain", "--", "positional@0", "0", "0", "regionlock", "explain",
                "--run", server.directory, "")
            #expect(result.output.contains("pos-terminal"), "\(result.output) \(result.errors)")
            #expect(!result.output.contains("root"))
        }
    }
}

private func readLines(_ descriptor: Int32, count: Int) -> [String] {
    var lines: [String] = []
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while lines.count < count, read(descriptor, &byte, 1) == 1 {
        if byte == UInt8(ascii: "\n") {
            lines.append(String(decoding: line, as: UTF8.self))
            line = []
        } else {
            line.append(byte)
        }
    }
    return lines
}
