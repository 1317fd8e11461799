import Foundation
import Testing

@Suite struct TidyTests {
    private static let folders: [Rule: [String]] = [
        .noOpenEnds: ["Sources", "Tests", "Config", "docs", "scripts", "systemd"],
        .noOtherPrograms: ["Sources"], .onlyTheCommandPrints: ["Sources"],
    ]

    @Test(arguments: Rule.allCases)
    func theTreeKeepsTheRule(rule: Rule) throws {
        let files =
            if let folders = Self.folders[rule] {
                try folders.flatMap { try SourceTree.files(in: $0) }
            } else {
                try SourceTree.swiftFiles(in: ["Sources", "Tests"])
            }
        #expect(files.count > 10, "the tree was not found")
        let complaints = files.flatMap { rule.complaints(about: $0) }
        #expect(complaints.isEmpty, "\n\(complaints.joined(separator: "\n"))")
    }

    /// A rule that cannot fail holds nothing: each sample breaks its rule, at the line named.
    @Test(arguments: [
        (Rule.importArrows, "Sources/Wire/A.swift", "import Policy", 1),
        (.importArrows, "Sources/BlockStore/A.swift", "\npackage import Firewall", 2),
        (.importArrows, "Sources/Netfilter/A.swift", "import struct Systemd.Journal", 1),
        (.importArrows, "Sources/Netfilter/A.swift", "@preconcurrency import CSQLite", 1),
        (.importArrows, "Sources/Novelty/A.swift", "import Wire", 1),
        (.pureTargets, "Sources/Engine/A.swift", "import Glibc", 1),
        (.pureTargets, "Sources/ControlAPI/A.swift", "import FoundationEssentials", 1),
        (.noFoundation, "Sources/regionlock/A.swift", "// why\nimport Foundation", 2),
        (.fileLength, "Tests/A.swift", String(repeating: "\n", count: 501), 501),
        (.lineLength, "Tests/A.swift", "ok\n" + String(repeating: "ä", count: 101), 2),
        (.noOpenEnds, "systemd/a.service", "# TO" + "DO: this", 1),
        (.noOpenEnds, "Sources/Wire/A.swift", "\n// XX" + "X", 2),
        (.noOtherPrograms, "Sources/Systemd/A.swift", "let p = Process()", 1),
        (.noOtherPrograms, "Sources/CSystemd/a.c", "int f(void) { return system(\"nft\"); }", 1),
        (.onlyTheCommandPrints, "Sources/regionlockd/A.swift", "print(\"x\")", 1),
        (.noTypeNamedAsItsModule, "Sources/Wire/A.swift", "\n\npackage enum Wire {}", 3),
    ])
    func theRuleCanFail(rule: Rule, path: String, text: String, line: Int) {
        let complaints = rule.complaints(about: SourceFile(path: path, text: text))
        #expect(complaints.count == 1)
        #expect(complaints.first?.hasPrefix("\(path):\(line): ") == true, "\(complaints)")
    }

    /// What looks like a breach and is none.
    @Test(arguments: [
        (Rule.importArrows, "Sources/Wire/A.swift", "// import Policy\nlet a = \"import Policy\""),
        (.importArrows, "Tests/WireTests/A.swift", "import Foundation"),
        (.noFoundation, "Sources/regionlock/A.swift", "import FoundationEssentials"),
        (.noOpenEnds, "scripts/test", "mktemp /tmp/a.XX" + "XXXX"),
        (.noOtherPrograms, "Sources/Wire/A.swift", "a.system(1); mySystem(); let x = system"),
        (.noOtherPrograms, "Tests/A.swift", "Process()"),
        (.noOtherPrograms, "Sources/Wire/A.swift", "func system() {}\nlet x = system()"),
        (.onlyTheCommandPrints, "Sources/regionlock/A.swift", "print(1)"),
        (.onlyTheCommandPrints, "Sources/Wire/A.swift", "/* print(1) */ let a = \"print(1)\""),
        (.noTypeNamedAsItsModule, "Sources/Wire/A.swift", "struct WireReader {}"),
    ])
    func theRuleDoesNotOverreach(rule: Rule, path: String, text: String) {
        #expect(rule.complaints(about: SourceFile(path: path, text: text)).isEmpty)
    }

    @Test(arguments: [(1, false), (67, false), (68, true), (200, true)])
    func functionsAreMeasured(bodyLines: Int, isTooLong: Bool) {
        let tricky = [
            "let a = \"}\" // }", "/* } /* } */ } */", "let b = \"\\(c.map { \"}\\($0)\" })\"",
            "let d = #\"\"}\"#", "if x { y() }",
        ]
        let body = (0..<bodyLines).map { "        " + tricky[$0 % tricky.count] }
        let lines = [
            "protocol P {", "    func bare()", "    func other() -> Int", "}", "struct S {",
            "    func f(", "        a: () -> Void = { }) {",
        ]
        let text = (lines + body + ["    }", "    func g() {}", "}"]).joined(separator: "\n")
        let file = SourceFile(path: "Sources/Wire/A.swift", text: text)
        #expect(Rule.functionLength.complaints(about: file).isEmpty == !isTooLong)
        let lengths = SwiftText(text).functions.map(\.length)
        #expect(lengths == [bodyLines + 3, 1])
    }

    @Test(arguments: Architecture.ownerOfCModule.sorted { $0.key < $1.key })
    func aCModuleHasOneOwner(module: String, owner: String) throws {
        let importers = try SourceTree.swiftFiles(in: ["Sources"]).filter { file in
            SwiftText(file.text).imports.contains { $0.module == module }
        }.compactMap(\.target)
        #expect(Set(importers) == [owner])
    }

    @Test func everyCModuleIsInTheTable() throws {
        let modules = try SourceTree.files(in: "Sources").filter { $0.path.hasSuffix(".h") }
            .compactMap(\.target)
        #expect(Set(modules) == Set(Architecture.ownerOfCModule.keys))
    }

    /// The journal's message ids and the engine's events are two lists in two targets.
    @Test func everyEventHasAMessageID() throws {
        func rawValues(_ path: String, after mark: String) throws -> Set<String> {
            let text = try String(
                contentsOf: SourceTree.root.appendingPathComponent(path), encoding: .utf8)
            let start = try #require(text.range(of: mark))
            let end = try #require(text[start.upperBound...].range(of: "\n\n"))
            let parts = text[start.upperBound..<end.lowerBound].split(separator: "\"")
            return Set(parts.map(String.init).filter { $0.contains(".") && !$0.contains(" ") })
        }
        let kinds = try rawValues("Sources/Engine/Records.swift", after: "package enum Kind")
        let ids = try rawValues("Sources/Systemd/MessageID.swift", after: "package enum MessageID")
        #expect(kinds.count > 10)
        #expect(kinds.union(["block.by_hand", "journal.entries_lost"]) == ids)
    }

    @Test func theFormatterHasNothingToSay() throws {
        let (status, text) = try SourceTree.run(
            "swift", ["format", "lint", "--strict", "-r", "Sources", "Tests", "Package.swift"])
        #expect(status == 0, "\(text)")
        let bad = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tidy-\(UUID().uuidString).swift")
        defer { try? FileManager.default.removeItem(at: bad) }
        try Data("let  a=1;\n".utf8).write(to: bad)
        let (failure, _) = try SourceTree.run("swift", ["format", "lint", "--strict", bad.path])
        #expect(failure != 0)
    }

    @Test func scriptsRunAndParse() throws {
        let scripts = try SourceTree.files(in: "scripts").filter { $0.text.hasPrefix("#!") }
        #expect(!scripts.isEmpty)
        for script in scripts {
            let path = SourceTree.root.appendingPathComponent(script.path).path
            #expect(FileManager.default.isExecutableFile(atPath: path), "\(script.path)")
            guard let shell = Self.shell(of: script.text) else { continue }
            let (status, text) = try SourceTree.run(shell, ["-n", path])
            #expect(status == 0, "\(script.path): \(text)")
        }
    }

    @Test func aBrokenScriptIsFound() throws {
        let bad = FileManager.default.temporaryDirectory.appendingPathComponent(
            "tidy-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: bad) }
        let text = "#!/bin/sh -eu\nif true; then\n"
        try Data(text.utf8).write(to: bad)
        let shell = try #require(Self.shell(of: text))
        #expect(try SourceTree.run(shell, ["-n", bad.path]).0 != 0)
        #expect(!FileManager.default.isExecutableFile(atPath: bad.path))
        #expect(Self.shell(of: "#!/usr/bin/python3\n") == nil)
        #expect(Self.shell(of: "#!/usr/bin/env bash\n") == "bash")
    }

    /// The shell that the first line names, if it names one.
    private static func shell(of text: String) -> String? {
        let first = text.prefix { $0 != "\n" }.dropFirst(2)
        let words = first.split { $0 == " " || $0 == "/" }
        return ["bash", "sh"].first { words.contains(Substring($0)) }
    }
}
