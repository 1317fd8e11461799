import BlockStore
import Foundation
import Testing

@Suite struct RevisionShelfTests {
    private func withShelf(_ body: (RevisionShelf) throws -> Void) throws {
        let state = FileManager.default.temporaryDirectory
            .appendingPathComponent("shelf-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: state, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: state) }
        try body(RevisionShelf(state: state.path))
    }

    private func files(_ text: String) -> [RevisionShelf.File] {
        [
            RevisionShelf.File(path: "regionlock.yaml", text: text),
            RevisionShelf.File(path: "catalogue.d/vendor/a.yaml", text: "b: c\n"),
        ]
    }

    @Test func theLastTwentyAreKeptNewestFirst() throws {
        try withShelf { shelf in
            for number in 0..<25 {
                try shelf.keep(files("version: \(number)\n"), as: "rev\(number)")
            }
            let kept = shelf.list()
            #expect(kept.map(\.revision) == (5..<25).reversed().map { "rev\($0)" })
            let newest = try #require(kept.first)
            let text = try String(
                contentsOfFile: shelf.path(of: newest) + "/regionlock.yaml", encoding: .utf8)
            #expect(text == "version: 24\n")
            let below = try String(
                contentsOfFile: shelf.path(of: newest) + "/catalogue.d/vendor/a.yaml",
                encoding: .utf8)
            #expect(below == "b: c\n")
        }
    }

    @Test func oneThatComesBackIsTheNewestAndKeptOnce() throws {
        try withShelf { shelf in
            for revision in ["one", "two", "one", "one"] {
                try shelf.keep(files(revision), as: revision)
            }
            #expect(shelf.list().map(\.revision) == ["one", "two"])
        }
    }

    @Test func whatIsTooLargeIsNotKept() throws {
        try withShelf { shelf in
            let large = String(repeating: "#", count: RevisionShelf.maximumBytes + 1)
            try shelf.keep(files(large), as: "large")
            #expect(shelf.list().isEmpty)
        }
    }

    @Test func aSubstitutionIsRememberedAndForgotten() throws {
        try withShelf { shelf in
            #expect(shelf.substitution == nil)
            let wanted = RevisionShelf.Substitution(refused: "9c1f", used: "77ae")
            try shelf.substitute(wanted)
            try shelf.substitute(wanted)
            #expect(shelf.substitution == wanted)
            try shelf.substitute(nil)
            try shelf.substitute(nil)
            #expect(shelf.substitution == nil)
        }
    }

    /// The state directory may be full or gone: it is said, and nothing half done is left.
    @Test func whatCannotBeWrittenIsSaid() throws {
        let shelf = RevisionShelf(state: "/proc/nowhere")
        #expect(throws: StoreError.self) { try shelf.keep(files("a"), as: "one") }
        #expect(shelf.list().isEmpty)
    }
}
