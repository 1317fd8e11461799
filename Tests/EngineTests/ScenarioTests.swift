import Foundation
import Testing

/// Every file in Scenarios, against the real engine and settings, on a clock that only moves when
/// the file says so.
@Suite struct ScenarioTests {
    static let files: [URL] = {
        let folder = Bundle.module.resourceURL?.appendingPathComponent("Scenarios")
        let found = folder.flatMap {
            try? FileManager.default.contentsOfDirectory(at: $0, includingPropertiesForKeys: nil)
        }
        return (found ?? []).filter { $0.pathExtension == "scenario" }
            .sorted { $0.lastPathComponent < $1.lastPathComponent }
    }()

    @Test func thereAreScenarios() { #expect(Self.files.count >= 10) }

    @Test(arguments: files.map(\.lastPathComponent)) func holds(_ name: String) throws {
        let url = try #require(Self.files.first { $0.lastPathComponent == name })
        var scenario = Scenario(text: try Self.text(of: url))
        try scenario.run()
    }

    /// The runner must be able to fail.
    @Test func aWrongExpectationFails() throws {
        let url = try #require(Self.files.first)
        var scenario = Scenario(text: try Self.text(of: url) + "\nexpect cut laptop\n")
        #expect(throws: ScenarioError.self) { try scenario.run() }
    }

    /// `include FILE` stands for that file's lines.
    private static func text(of url: URL) throws -> String {
        let text = try String(contentsOf: url, encoding: .utf8)
        return try text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
            guard line.hasPrefix("include ") else { return String(line) }
            let other = url.deletingLastPathComponent()
                .appendingPathComponent(String(line.dropFirst(8)))
            return try String(contentsOf: other, encoding: .utf8)
        }.joined(separator: "\n")
    }
}
