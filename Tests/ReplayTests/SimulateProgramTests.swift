import Foundation
import Testing

/// `regionlock simulate` and `check --print` without a daemon, as people run them.
@Suite(.serialized) struct SimulateProgramTests {
    /// It stands beside the program that runs the tests: `swift build --build-tests` makes both.
    private static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("regionlock")

    private static let fair = """
        version: 1
        policy: fair
        title: The fair
        mode: enforce
        priority: 10
        applies_to: {tags: [xiaomi]}
        allow_regions: [CU]
        activation: {domains: [account.xiaomi.com]}
        message: Only during the fair.
        """
    private static let files = [
        "regionlock.yaml": """
        version: 1
        gateway: {name: gw, mode: enforce}
        sites:
          - {name: shop, region: CU, match: {interfaces: [lan0]}}
          - {name: office, region: ES, match: {interfaces: [lan1]}}
        """,
        "devices.d/10.yaml": """
        version: 1
        devices:
          - {mac: "64:09:80:00:00:07", label: phone, tags: [xiaomi]}
        """,
        "policy.d/p.yaml": """
        version: 1
        policy: xiaomi
        title: Sales policy
        mode: enforce
        applies_to: {tags: [xiaomi]}
        deny_regions: [CU]
        valid: {until: 2027-12-31}
        activation: {domains: [account.xiaomi.com]}
        message: Not here.
        """,
        "new/fair.yaml": fair,
        "new/door.yaml": """
        version: 1
        policy: door
        title: At the door
        mode: enforce
        on: entry
        priority: 5
        applies_to: {tags: [xiaomi], sites: [shop, office]}
        deny_regions: [CU]
        valid: {until: 2027-12-31}
        message: Not here.
        """,
        // The same policy under another name of file: it takes the place of what is installed.
        "new/other.yaml": """
        version: 1
        policy: xiaomi
        title: Sales policy
        mode: enforce
        applies_to: {tags: [xiaomi]}
        deny_regions: [ES]
        activation: {domains: [account.xiaomi.com]}
        message: Not here.
        """,
        "new/wrong.yaml": fair.replacing("allow_regions: [CU]", with: "allow_regions: [KR-P]"),
    ]

    private struct Outcome {
        let status: Int32
        let output: String
        let errors: String
    }

    private static func run(_ words: String) throws -> Outcome {
        let directory = FileManager.default.temporaryDirectory
            .appendingPathComponent("rl-simulate-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        for (path, text) in files {
            let url = directory.appendingPathComponent(path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        let process = Process()
        process.executableURL = program
        process.arguments =
            words.split(separator: " ").map(String.init)
            + ["--config", directory.path]
        if words.hasPrefix("simulate") { process.arguments? += ["--run", directory.path] }
        process.currentDirectoryURL = directory
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        try process.run()
        let text = String(
            decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let complaints = String(
            decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Outcome(
            status: process.terminationStatus,
            output: text.replacing(directory.path, with: "DIR"),
            errors: complaints.replacing(directory.path, with: "DIR"))
    }

    @Test func asksSettingsThatAreNotInForce() throws {
        let outcome = try Self.run(
            "simulate --device phone --site shop --to account.xiaomi.com --exit-code")
        #expect(outcome.status == 10)
        #expect(
            outcome.output.hasPrefix("CUT OFF   policy xiaomi, region CU   policy.d/p.yaml:6\n"))
        let lines = outcome.output.split(separator: "\n").map(String.init)
        for (step, source) in [
            ("it is tagged xiaomi", "devices.d/10.yaml:3"),
            ("it is at shop (as asked)", "regionlock.yaml:4"),
            ("xiaomi denies CU", "policy.d/p.yaml:6"),
            ("account.xiaomi.com is a trigger of xiaomi", "policy.d/p.yaml:8"),
        ] {
            #expect(lines.contains { $0.contains(step) && $0.hasSuffix(source) }, "\(lines)")
        }
        #expect(outcome.errors.contains("The daemon says nothing of phone"))
    }

    @Test func asksAPolicyThatIsNotInstalled() throws {
        let outcome = try Self.run(
            "simulate --tag xiaomi --region CU --to account.xiaomi.com --policy new/fair.yaml")
        #expect(outcome.status == 0, "\(outcome.errors)")
        #expect(outcome.output.hasPrefix("ALLOW   policy fair, region CU   policy.d/fair.yaml:7\n"))
        #expect(
            outcome.output.contains(
                "  - xiaomi (priority 0): passed over\n"
                    + "      1. xiaomi is not asked: fair has decided   policy.d/p.yaml:2\n"),
            "\(outcome.output)")
        #expect(outcome.errors.isEmpty)
    }

    @Test func aPolicyOfTheSameNameTakesItsPlace() throws {
        let outcome = try Self.run(
            "simulate --tag xiaomi --site office --to account.xiaomi.com --at 2026-12-01 "
                + "--policy new/other.yaml -o json")
        #expect(
            outcome.output.contains(#""verdict" : "block""#)
                || outcome.output.contains(#""verdict": "block""#), "\(outcome.output)")
        #expect(outcome.output.contains("policy.d/other.yaml:6"))
        #expect(!outcome.output.contains("policy.d/p.yaml"))
    }

    /// Being there, by device, tag, site, region and date.
    @Test func asksAboutPresence() throws {
        let policy = " --policy new/door.yaml --exit-code"
        for (words, status, start) in [
            ("--device phone --site shop", 10, "CUT OFF   policy door, region CU   policy.d/door"),
            ("--tag xiaomi --site shop", 10, "CUT OFF   policy door, region CU"),
            ("--tag xiaomi --site office", 0, "ALLOW   policy door, region ES"),
            // The policy is held to two sites, and a region alone is none of them.
            ("--tag xiaomi --region CU", 0, "ALLOW   policy door, region CU"),
            ("--tag xiaomi --site shop --at 2028-01-01", 0, "ALLOW   policy door"),
            ("--tag box --site shop", 0, "ALLOW   no policy speaks of it, region CU"),
        ] {
            let outcome = try Self.run("simulate --entry \(words)" + policy)
            #expect(outcome.status == Int32(status), "\(words): \(outcome.output)")
            #expect(outcome.output.hasPrefix(start), "\(words): \(outcome.output)")
        }
        let cut = try Self.run("simulate --entry --tag xiaomi --site shop" + policy)
        #expect(cut.output.contains("being there is a trigger of door (on: entry)"))
        #expect(
            cut.output.contains("xiaomi is on: every-attempt, not on: entry"), "\(cut.output)")
        // A name is no entry, and without the policy nobody waits for one.
        let asked = try Self.run("simulate --tag xiaomi --site shop --to a.example" + policy)
        #expect(asked.status == 0 && asked.output.hasPrefix("ALLOW   no policy speaks"))
        let bare = try Self.run("simulate --entry --tag xiaomi --site shop --exit-code")
        #expect(bare.status == 0)
        #expect(bare.output.contains("no policy takes its presence for a trigger"))
        let json = try Self.run("simulate --entry --tag xiaomi --site shop -o json" + policy)
        #expect(json.output.contains("\"block\"") && !json.output.contains("endpoint"))
    }

    @Test func theDateCounts() throws {
        let outcome = try Self.run(
            "simulate --tag xiaomi --region CU --to account.xiaomi.com --at 2028-01-01")
        #expect(outcome.output.hasPrefix("ALLOW   policy xiaomi"))
        #expect(outcome.output.contains("xiaomi is valid from ever until 2027-12-31 only"))
    }

    @Test func aWrongPolicyIsRefused() throws {
        let outcome = try Self.run(
            "simulate --tag xiaomi --region CU --to a.example --policy new/wrong.yaml")
        #expect(outcome.status == 78)
        #expect(outcome.output.isEmpty)
        #expect(outcome.errors.contains("new/wrong.yaml:7:17: error: there is no region"))
        #expect(outcome.errors.contains("North Korea is KP."))
    }

    @Test func printsSettings() throws {
        let outcome = try Self.run("check --print")
        #expect(outcome.status == 0)
        #expect(outcome.output.hasPrefix("--- # regionlock.yaml\nversion: 1\n"))
        #expect(outcome.output.contains("  - name: shop  # regionlock.yaml:4\n"))
        #expect(outcome.output.contains("--- # policy.d/p.yaml\n"))
        let bare = try Self.run("check --print -q")
        #expect(bare.output.contains("  - name: shop\n"))
        let stripped = outcome.output.split(separator: "\n").map { line in
            line.hasPrefix("---") ? String(line) : String(line.split(separator: "  # ")[0])
        }
        #expect(bare.output.split(separator: "\n").map(String.init) == stripped)
    }
}
