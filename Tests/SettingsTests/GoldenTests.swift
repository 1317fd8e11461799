import Foundation
import Settings
import Testing

/// Each `Cases/KIND-what.yaml` is a file with mistakes, and `.expected` beside it what `regionlock
/// check` must say of it, to the letter. To write them anew: REGIONLOCK_UPDATE_GOLDENS=1.
struct GoldenTests {
    static let directory = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "Cases")

    static let cases: [String] = {
        let names = try? FileManager.default.contentsOfDirectory(atPath: directory.path)
        return (names ?? []).filter { $0.hasSuffix(".yaml") }.map { String($0.dropLast(5)) }
            .sorted()
    }()

    @Test func thereAreCases() throws {
        #expect(Self.cases.count >= 50)
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.directory.path)
        let expected = names.filter { $0.hasSuffix(".expected") }.map { $0.dropLast(9) }.sorted()
        #expect(expected == Self.cases.map { $0[...] })
    }

    @Test(arguments: cases)
    func messagesAreExact(name: String) throws {
        let text = try String(
            contentsOf: Self.directory.appending(path: "\(name).yaml"), encoding: .utf8)
        let result = Fixtures.read(SettingsFile(path: try path(of: name), text: text))
        #expect(!result.problems.isEmpty, "a case must have a problem")
        #expect((result.settings == nil) == (result.errorCount > 0))
        let problems = result.problems.map { $0.rendered(directory: "/etc/regionlock") }
        let actual = (problems + [result.counts]).joined(separator: "\n") + "\n"
        let golden = Self.directory.appending(path: "\(name).expected")
        if ProcessInfo.processInfo.environment["REGIONLOCK_UPDATE_GOLDENS"] == "1" {
            try actual.write(to: golden, atomically: true, encoding: .utf8)
        }
        #expect(actual == (try String(contentsOf: golden, encoding: .utf8)))
    }

    private func path(of name: String) throws -> String {
        let kind = try #require(name.split(separator: "-").first)
        return switch kind {
        case "gateway": "regionlock.yaml"
        case "devices": "devices.d/20-case.yaml"
        case "policy": "policy.d/10-case.yaml"
        default: "catalogue.d/vendor/case.yaml"
        }
    }
}
