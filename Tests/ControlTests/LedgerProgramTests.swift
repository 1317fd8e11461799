import ControlAPI
import Foundation
import Synchronization
import Testing

/// `regionlock ledger` against a running server, its files, and somebody else's program that
/// verifies them.
@Suite(.serialized) struct LedgerProgramTests {
    private static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("regionlock").path

    private func regionlock(_ arguments: [String]) async throws -> ProgramResult {
        try await run(Self.program, arguments)
    }

    /// A directory that goes with the test.
    private func inDirectory(
        _ body: (_ path: (String) -> String) async throws -> Void
    ) async throws {
        let directory = try TestServer.temporaryDirectory()
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await body { "\(directory)/\($0)" }
    }

    private func export(_ format: String = "jsonl") async throws -> String {
        let text = Mutex("")
        try await TestServer.with { server in
            let result = try await regionlock([
                "ledger", "export", "--format", format, "--run", server.directory,
            ])
            #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
            text.withLock { $0 = result.output }
        }
        return text.withLock(\.self)
    }

    /// Every page is in it: the server here gives two entries a page.
    @Test func anExportHoldsAll() async throws {
        let lines = try await export().split(separator: "\n")
        #expect(lines.count == 3)
        #expect(lines.allSatisfy { !$0.contains("device_name") })
        let csv = try await export("csv").split(separator: "\n")
        #expect(csv.count == 4)
        #expect(csv[0] == "number,time,time_us,device,region,origin,note,digest")
        #expect(csv[2].contains(#","shop ""Київ, Хрещатик"", imported by maria","#))
    }

    /// The program that stands in the manual.
    private var manualProgram: String {
        get throws {
            let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
                .appendingPathComponent("../../docs/man/regionlock.1")
            let text = try String(contentsOf: page, encoding: .utf8)
            let start = try #require(text.firstRange(of: "import hashlib")).lowerBound
            let end = try #require(text[start...].firstRange(of: "\n.Ed")).lowerBound
            return text[start..<end].replacing("\\e", with: "\\") + "\n"
        }
    }

    private func python(_ program: String, _ input: String) async throws -> ProgramResult {
        try await run("/bin/sh", ["-c", "python3 -c \"$1\" < \"$2\"", "sh", program, input])
    }

    @Test func somebodyElseCanVerifyAnExport() async throws {
        let whole = try await export()
        try await inDirectory { path in
            let file = path("ledger.jsonl")
            try whole.write(toFile: file, atomically: false, encoding: .utf8)
            let good = try await python(manualProgram, file)
            #expect(good.status == 0, "\(good.errors)")
            #expect(good.output == Fixtures.wholeLedger.head + "\n")
            try whole.replacing("UA-30", with: "CU").write(
                toFile: file, atomically: false, encoding: .utf8)
            let bad = try await python(manualProgram, file)
            #expect(bad.status == 1 && bad.errors == "entry 2 does not hold\n", "\(bad.errors)")
        }
    }

    /// By the manual's words alone, from the other format.
    private static let csvProgram = """
        import csv, hashlib, sys
        digest = "0" * 64
        for count, row in enumerate(csv.DictReader(sys.stdin), 1):
            assert row["number"] == str(count)
            fields = [row[k] for k in "number time_us device region origin note".split()]
            digest = hashlib.sha256("\\t".join([digest] + fields).encode()).hexdigest()
            assert row["digest"] == digest, count
        print(digest)
        """

    @Test func somebodyElseCanVerifyCSV() async throws {
        let whole = try await export("csv")
        try await inDirectory { path in
            try whole.write(toFile: path("ledger.csv"), atomically: false, encoding: .utf8)
            let good = try await python(Self.csvProgram, path("ledger.csv"))
            #expect(good.output == Fixtures.wholeLedger.head + "\n", "\(good.errors)")
        }
    }

    struct Change: Sendable, CustomTestStringConvertible {
        let from: String
        let to: String
        let status: Int32
        let says: String
        var testDescription: String { "\(from) -> \(to)" }
    }

    static let changes: [Change] = [
        .init(from: "", to: "", status: 0, says: "3 entries, whole."),
        .init(from: "UA-30", to: "CU", status: 30, says: "BROKEN: entry 2 does not follow"),
        .init(from: "imported by maria", to: "imported by mario", status: 30, says: "entry 2"),
        .init(from: "1740873600000000", to: "1740873600000001", status: 30, says: "entry 2"),
        .init(
            from: "2025-03-02T", to: "2025-03-03T", status: 65,
            says: "time and time_us are not the same"),
        .init(from: "seen", to: "saw", status: 65, says: "no entry of a ledger"),
    ]

    @Test(arguments: changes, ["jsonl", "csv"])
    func anExportIsVerifiedWithoutTheDaemon(_ change: Change, format: String) async throws {
        let whole = try await export(format)
        try await inDirectory { path in
            let file = path("ledger")
            let text = change.from.isEmpty ? whole : whole.replacing(change.from, with: change.to)
            #expect(change.from.isEmpty || text != whole)
            try text.write(toFile: file, atomically: false, encoding: .utf8)
            let result = try await regionlock(["ledger", "verify", file, "--run", "/nonexistent"])
            #expect(result.status == change.status, "\(result.output)\(result.errors)")
            #expect((result.output + result.errors).contains(change.says), "\(result)")
        }
    }

    @Test func aMissingLineAndAShortenedExportAreFound() async throws {
        let lines = try await export().split(separator: "\n")
        try await inDirectory { path in
            let file = path("ledger")
            try "\(lines[0])\n\(lines[2])\n".write(
                toFile: file, atomically: false, encoding: .utf8)
            let gap = try await regionlock(["ledger", "verify", file])
            #expect(gap.status == 30 && gap.output.contains("entry 2 is missing: entry 3"))
            // Off its end nothing is missing, unless somebody has noted the digest.
            try "\(lines[0])\n\(lines[1])\n".write(
                toFile: file, atomically: false, encoding: .utf8)
            let short = try await regionlock(["ledger", "verify", file])
            #expect(short.status == 0 && short.output.contains("2 entries, whole"))
            let head = Fixtures.wholeLedger.head
            let noted = try await regionlock(["ledger", "verify", file, "--head", head])
            #expect(noted.status == 30 && noted.output.contains("NOT FOUND"))
            let earlier = try await regionlock([
                "ledger", "verify", file, "--head", Fixtures.ledger[0].digest.uppercased(),
            ])
            #expect(earlier.status == 0 && earlier.output.contains("that of entry 1"))
            try "hello\n".write(toFile: file, atomically: false, encoding: .utf8)
            let other = try await regionlock(["ledger", "verify", file])
            #expect(other.status == 65 && other.errors.contains(":1: this is no exported ledger"))
            let none = try await regionlock(["ledger", "verify", path("none")])
            #expect(none.status == 66 && none.errors.contains("No such file"))
        }
    }

    @Test func aListIsImported() async throws {
        try await TestServer.with { server in
            let file = server.directory + "/sold.csv"
            try """
            device,region,activated_at,source
            64:b4:73:00:00:12,ES,2025-03-02,receipt 881
            pos-terminal-label,MX,2025-04-02,receipt 882
            02:00:00:00:00:09,MX,2025-04-02,receipt 883

            """.write(toFile: file, atomically: false, encoding: .utf8)
            let words = ["ledger", "import", file, "--run", server.directory]
            // The label is nobody's.
            let refused = try await regionlock(words)
            #expect(refused.status == 65 && refused.output.isEmpty)
            #expect(
                refused.errors.contains(
                    "\(file):3:1: error: no device has the label \"pos-terminal-label\""))
            #expect(refused.errors.contains("1 error, 1 warning. Nothing was imported."))
            #expect(server.backend.changes.isEmpty)
            let text = try String(contentsOfFile: file, encoding: .utf8)
            try text.replacing("pos-terminal-label,MX,2025-04-02,receipt 882\n", with: "").write(
                toFile: file, atomically: false, encoding: .utf8)
            let dry = try await regionlock(words + ["--dry-run"])
            #expect(dry.status == 0 && dry.output.contains("1 device would be added"))
            #expect(server.backend.changes.isEmpty)
            let done = try await regionlock(words + ["--reason", "sales of March"])
            #expect(done.status == 0 && done.output.contains("1 device added"))
            #expect(done.errors.contains("\(file):3:1: warning: 02:00:00:00:00:09 is a random MAC"))
            #expect(
                server.backend.changes.map(\.what) == [
                    "import 64:b4:73:00:00:12 ES 2025-03-02T00:00:00.000Z receipt 881; "
                        + "02:00:00:00:00:09 MX 2025-04-02T00:00:00.000Z receipt 883"
                ])
        }
    }

    @Test func aDigestNotedEarlierIsLookedFor() async throws {
        try await TestServer.with { server in
            let words = ["ledger", "verify", "--run", server.directory, "--head"]
            let first = try await regionlock(words + [Fixtures.ledger[0].digest])
            #expect(first.status == 0 && first.output.contains("that of entry 1"))
            let other = try await regionlock(words + [String(repeating: "a", count: 64)])
            #expect(other.status == 30 && other.output.contains("NOT FOUND"))
        }
    }

    @Test func aListThatIsNotThereIsTold() async throws {
        let none = try await regionlock(["ledger", "import", "/nonexistent/a.csv"])
        #expect(none.status == 66)
        let bad = try await regionlock(["ledger", "verify", "--head", "12"])
        #expect(bad.status == 64 && bad.errors.contains("64 hexadecimal digits"))
    }
}
