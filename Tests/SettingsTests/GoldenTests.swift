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

    private func problems(of name: String) throws -> [SettingsProblem] {
        let text = try String(
            contentsOf: Self.directory.appending(path: "\(name).yaml"), encoding: .utf8)
        return Fixtures.read(SettingsFile(path: try Self.path(of: name), text: text)).problems
    }

    /// The message without the words and numbers of one file.
    static func kind(of message: String) -> String {
        let pieces = message.split(separator: "\"", omittingEmptySubsequences: false)
        let plain = pieces.enumerated().filter { $0.offset % 2 == 0 }.map { String($0.element) }
        return plain.joined(separator: "_").map { $0.isNumber ? "0" : String($0) }.joined()
            .replacing(/0+/, with: "0")
    }

    @Test func thereAreFiftyKindsOfMistakes() throws {
        var kinds: Set<String> = []
        for name in Self.cases {
            kinds.formUnion(try problems(of: name).map { Self.kind(of: $0.message) })
        }
        #expect(kinds.count >= 150, "\(kinds.sorted())")
        #expect(Self.kind(of: "\"a\" is 12 of 345") == Self.kind(of: "\"bc\" is 3 of 4"))
    }

    /// A problem stands at a line and a column, unless it is the file's as a whole; and whoever
    /// reads it learns what was expected there, or what to do.
    @Test func everyMistakeHasAPlaceAndAWayOut() throws {
        let expectations = [
            "must be", "must begin", "must hold", "may have", "missing", "Did you mean",
            "needs a unit", "twice", "(the other in", "is before", "reads version", "takes ",
            "none of ours", "is not a port",
        ]
        for name in Self.cases {
            for problem in try problems(of: name) {
                let isPlaced = problem.line > 0 && problem.column > 0
                let isWhole = problem.line == 0 && problem.excerpt == nil
                #expect(isPlaced || isWhole, "\(problem.rendered())")
                let isClear =
                    problem.hint != nil || expectations.contains { problem.message.contains($0) }
                #expect(isClear, "\(problem.rendered())")
            }
        }
    }

    @Test(arguments: cases)
    func messagesAreExact(name: String) throws {
        let text = try String(
            contentsOf: Self.directory.appending(path: "\(name).yaml"), encoding: .utf8)
        let result = Fixtures.read(SettingsFile(path: try Self.path(of: name), text: text))
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

    static func path(of name: String) throws -> String {
        let kind = try #require(name.split(separator: "-").first)
        return switch kind {
        case "gateway": "regionlock.yaml"
        case "devices": "devices.d/20-case.yaml"
        case "policy": "policy.d/10-case.yaml"
        default: "catalogue.d/vendor/case.yaml"
        }
    }
}
