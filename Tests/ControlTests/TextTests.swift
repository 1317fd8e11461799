import ControlAPI
import ControlClient
import Foundation
import Policy
import Testing
import Wire

/// What each command prints, against `Golden/*.txt`; `REGIONLOCK_UPDATE_GOLDENS=1` writes them.
@Suite struct TextTests {
    /// Havana in winter: UTC-5.
    static let terminal = TextStyle(
        width: 100, hasColour: false, isQuiet: false, now: Fixtures.now, utcOffset: { _ in -18_000 }
    )
    static let pipe = TextStyle(
        width: nil, hasColour: false, isQuiet: false, now: Fixtures.now, utcOffset: { _ in -18_000 }
    )

    static let regionRows = [
        Region("CU").map {
            RegionRow($0, name: "Cuba", deniedBy: ["xiaomi"], sites: ["havana-shop"])
        },
        Region("UA-43").map { RegionRow($0, name: "Crimea", deniedBy: ["xiaomi"]) },
    ].compactMap(\.self)

    static let reports: [(name: String, report: @Sendable (TextStyle) -> Report)] = [
        ("status", { Report(Fixtures.status, $0) }),
        ("devices", { Report([Fixtures.phone, Fixtures.till, Fixtures.liar], $0) }),
        ("sites", { Report(Fixtures.sites, $0) }),
        ("regions", { Report(regions: regionRows, $0) }),
        ("blocks", { Report([Fixtures.block, Fixtures.handMade], $0) }),
        ("exemptions", { Report([Fixtures.exemption], $0) }),
        ("explain-cut-off", { Report(Fixtures.explanation, $0) }),
        ("explain-free", { Report(Fixtures.freeExplanation, $0) }),
        ("simulate-cut-off", { _ in Report(Fixtures.decision) }),
        ("explain-would-cut", { Report(Fixtures.wouldCut, $0) }),
        ("explain-one-device", { Report(Fixtures.oneDevice, $0) }),
        ("explain-presence", { Report(Fixtures.wouldCut("being there"), $0) }),
        (
            "explain-presence-or-name",
            { Report(Fixtures.wouldCut("being there", "account.xiaomi.com"), $0) }
        ),
        ("simulate-tried", { _ in Report(Fixtures.tried) }),
        ("simulate-allow", { _ in Report(Fixtures.allowed) }),
        ("tag", { _ in Report(tagged: tagReply) }),
        ("untag", { _ in Report(untagged: tagReply) }),
        ("block", { Report(blocked: Fixtures.handMade, $0) }),
        ("release", { Report(ReleaseReply(block: Fixtures.ended), $0) }),
        (
            "release-exempt",
            { Report(ReleaseReply(block: Fixtures.ended, exemption: Fixtures.exemption), $0) }
        ),
        (
            "exempt",
            { Report(ExemptReply(exemption: Fixtures.exemption, released: [Fixtures.ended]), $0) }
        ),
        ("release-all", { Report(Fixtures.releasedAll, $0) }),
        ("release-dry-run", { Report(Fixtures.dryRun, $0) }),
        ("remove-all", { Report(Fixtures.removedAll, $0) }),
        ("remove-all-dry-run", { Report(Fixtures.wouldRemove, $0) }),
        ("exemptions-end", { _ in Report(ended: Fixtures.exemption) }),
        ("policy-list", { _ in Report([Fixtures.policy, Fixtures.tvPolicy]) }),
        ("policy-show", { _ in Report(Fixtures.policyDetail) }),
        ("mode", { _ in Report(Fixtures.mode) }),
        (
            "mode-set",
            { _ in Report(ModeReply(mode: .enforce, configured: .monitor, was: .monitor)) }
        ),
        ("reload", { Report(Fixtures.reload, $0) }),
        ("reload-dry-run", { Report(Fixtures.wouldReload, $0) }),
        ("reload-confirm", { Report(Fixtures.trial, $0) }),
        ("confirm", { _ in Report(ConfirmReply(revision: "9c1f", isChanged: true)) }),
        ("revisions", { Report(Fixtures.revisions, $0) }),
        ("ledger", { Report(Fixtures.ledger, $0) }),
        ("ledger-whole", { _ in Report(Fixtures.wholeLedger, noted: nil) }),
        ("ledger-broken", { _ in Report(Fixtures.brokenLedger, noted: nil) }),
        ("ledger-gap", { _ in Report(Fixtures.gappedLedger, noted: Fixtures.ledger[2].digest) }),
        ("ledger-dry-run", { Report(Fixtures.wouldImport, $0) }),
        ("ledger-import", { Report(Fixtures.imported, $0) }),
        (
            "ledger-refused",
            { _ in
                Report(
                    listFindings: ["a.csv:2:1: error: no\n    2 | x\n        ^"], errors: 1,
                    warnings: 0)
            }
        ),
        ("events", { Report([Fixtures.event(1), Fixtures.event(2)], $0) }),
        ("version", { _ in Report(version: "0.1.0", daemon: nil) }),
        (
            "check",
            { _ in
                Report(
                    findings: ["a.yaml:1:1: error: no\n    1 | x\n        ^"], errors: 1,
                    warnings: 0)
            }
        ),
        ("nothing", { Report([BlockRecord](), $0) }),
        ("error-not-running", { _ in Report(.noSocket(path: "/run/regionlock/status.sock")) }),
        ("error-not-allowed", { _ in Report(.notPermitted(path: "/run/regionlock/control.sock")) }),
        ("error-timed-out", { _ in Report(.timedOut(seconds: 30)) }),
        (
            "error-ambiguous",
            { _ in Report(.problem(.ambiguous("Redmi", candidates: ["Redmi-9A", "Redmi-10"]))) }
        ),
        (
            "error-not-found",
            { _ in
                Report(
                    .problem(
                        .notFound(
                            .deviceNotFound, "no device has the address 10.20.0.99",
                            hint: "See: regionlock devices")))
            }
        ),
    ]
    static let tagReply = TagReply(
        device: Fixtures.phone, tag: Fixtures.tag("bench"), isChanged: true, policies: ["xiaomi"])

    @Test(arguments: reports.map(\.name)) func isAsInTheGolden(name: String) throws {
        let report = try #require(Self.reports.first { $0.name == name }).report
        let text =
            "# on a terminal of 100 columns\n" + report(Self.terminal).rendered(Self.terminal)
            + "# in a pipe\n" + report(Self.pipe).rendered(Self.pipe)
        let golden = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden/\(name).txt")
        if ProcessInfo.processInfo.environment["REGIONLOCK_UPDATE_GOLDENS"] == "1" {
            try Data(text.utf8).write(to: golden)
        }
        let expected = try String(contentsOf: golden, encoding: .utf8)
        #expect(text == expected)
    }

    @Test func everyGoldenHasItsTest() throws {
        let directory = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Golden")
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path)
        #expect(
            files.filter { $0.hasSuffix(".txt") }.sorted()
                == Self.reports.map { "\($0.name).txt" }.sorted())
    }

    /// No report, in no style, lets a control character of a device through.
    @Test(arguments: reports.map(\.name)) func nothingComesOutUnescaped(name: String) throws {
        let report = try #require(Self.reports.first { $0.name == name }).report
        for style in [Self.terminal, Self.pipe] {
            let text = report(style).rendered(style)
            #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !Printable.isHidden($0) })
        }
    }

    @Test func colourIsOnlyForStateAndCanBeOff() {
        var style = Self.terminal
        style.hasColour = true
        let text = Report([Fixtures.phone, Fixtures.till], style).rendered(style)
        #expect(text.contains("\u{1b}[31mCUT OFF\u{1b}[0m"))
        #expect(
            text.replacing("\u{1b}[31m", with: "").replacing("\u{1b}[0m", with: "")
                == Report([Fixtures.phone, Fixtures.till], Self.terminal).rendered(Self.terminal))
    }

    @Test func quietLeavesResultsOnly() {
        var style = Self.terminal
        style.isQuiet = true
        let text = Report(blocked: Fixtures.handMade, style).rendered(style)
        #expect(text.contains("cut off") && !text.contains("Undo"))
        #expect(Report([BlockRecord](), style).rendered(style).isEmpty)
    }

    @Test(arguments: [40, 80, 100, 200]) func tableFitsTheTerminalWhenItCan(width: Int) {
        var style = Self.terminal
        style.width = width
        let lines = Report(Fixtures.sites, style).rendered(style).split(separator: "\n")
        let narrowest = 8 + 2 + 6 + 2 + 8 + 2 + 7 + 2 + 7
        #expect(lines.allSatisfy { $0.count <= max(width, narrowest) })
        #expect(lines.count == 3)
    }

    @Test func jsonIsTheAPIsAndSafe() throws {
        let text = JSONDocument.pretty(Page(items: [Fixtures.liar]))
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || !Printable.isHidden($0) })
        let back = try JSONDecoder().decode(Page<DeviceRecord>.self, from: Data(text.utf8))
        #expect(back.items == [Fixtures.liar])
    }
}
