import Foundation
import Systemd
import Testing

@Suite struct MessageIDTests {
    private static let catalog = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("systemd/regionlock.catalog")

    @Test func idsAreDifferentAnd128BitsLong() {
        let ids = MessageID.allCases.map(\.hex)
        #expect(Set(ids).count == ids.count)
        for id in ids {
            #expect(id.count == 32 && id.allSatisfy { "0123456789abcdef".contains($0) }, "\(id)")
        }
    }

    /// journalctl's own compiler reads the file, and finds a text for each id and no other.
    @Test func everyIDHasATextThatJournalctlCanRead() throws {
        let files = FileManager.default
        let root = files.temporaryDirectory.appendingPathComponent("catalog-\(UUID().uuidString)")
        defer { try? files.removeItem(at: root) }
        let folder = root.appendingPathComponent("usr/lib/systemd/catalog")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        try files.createDirectory(
            at: root.appendingPathComponent("var/lib/systemd/catalog"),
            withIntermediateDirectories: true)
        try files.copyItem(
            at: Self.catalog, to: folder.appendingPathComponent("regionlock.catalog"))
        _ = try run("/usr/bin/journalctl", ["--root", root.path, "--update-catalog"])
        let list = try run("/usr/bin/journalctl", ["--root", root.path, "--list-catalog"])
        let lines = String(decoding: list, as: UTF8.self).split(separator: "\n")
        #expect(Set(lines.map { String($0.prefix(32)) }) == Set(MessageID.allCases.map(\.hex)))
        #expect(lines.allSatisfy { $0.contains(" regionlockd: ") }, "\(lines)")
        #expect(lines.count == MessageID.allCases.count)
    }
}
