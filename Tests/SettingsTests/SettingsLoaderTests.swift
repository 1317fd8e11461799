import Foundation
import Policy
import Settings
import Testing

struct SettingsLoaderTests {
    /// A fresh directory with these files in it, removed when the test is over.
    private func load(
        _ files: [String: String], prepare: (URL) throws -> Void = { _ in }
    ) throws -> SettingsResult {
        let directory = FileManager.default.temporaryDirectory
            .appending(path: "regionlock-settings-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        for (path, text) in files {
            let file = directory.appending(path: path)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: file)
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o644], ofItemAtPath: file.path)
        }
        try prepare(directory)
        return SettingsLoader.load(
            directory: directory.path, vendorRegistry: Fixtures.vendors, regions: .builtIn)
    }

    private static let whole = [
        "regionlock.yaml": "version: 1\n",
        "devices.d/10-tags.yaml": Fixtures.devices.text,
        "catalogue.d/vendor/test.yaml": Fixtures.catalogue.text,
        "policy.d/b.yaml": Fixtures.policy("b").text,
        "policy.d/a.yaml": Fixtures.policy("a").text,
    ]

    @Test func readsAllDirectoriesInOrderOfName() throws {
        let result = try load(Self.whole)
        #expect(result.problems == [])
        let settings = try #require(result.settings)
        #expect(settings.policies.map(\.name) == ["a", "b"])
        #expect(settings.policies.first?.source.file == "policy.d/a.yaml")
        #expect(!settings.gatewayName.isEmpty)
        #expect(result.catalogues.map(\.name) == ["vendor/test"])
    }

    @Test func passesOverWhatIsNotItsOwn() throws {
        var files = Self.whole
        for name in ["x.yaml.example", "x.yaml~", ".x.yaml", "x.yaml.dpkg-dist", "README"] {
            files["policy.d/\(name)"] = "not settings: ["
        }
        #expect(try load(files).problems == [])
    }

    @Test func warnsOfFilesOneLetterShort() throws {
        let result = try load(["regionlock.yaml": "version: 1\n", "policy.d/x.yml": ""])
        #expect(
            result.problems.map { $0.rendered() } == [
                "policy.d/x.yml: warning: not read: names of settings files end in .yaml"
            ])
        #expect(result.settings != nil)
    }

    @Test func missingDirectoryIsAMissingFile() {
        let result = SettingsLoader.load(
            directory: "/nonexistent/regionlock", vendorRegistry: Fixtures.vendors,
            regions: .builtIn)
        #expect(result.settings == nil)
        #expect(result.problems.map(\.message) == ["there is no such file"])
    }

    @Test func warnsOfFilesOthersMayWrite() throws {
        let result = try load(Self.whole) { directory in
            try FileManager.default.setAttributes(
                [.posixPermissions: 0o664],
                ofItemAtPath: directory.appending(path: "policy.d/a.yaml").path)
        }
        #expect(result.problems.map(\.file) == ["policy.d/a.yaml"])
        #expect(result.problems.map(\.message) == ["others than the owner may write this file"])
        #expect(result.settings != nil)
    }

    @Test func refusesWhatIsNoRegularFile() throws {
        let result = try load(Self.whole) { directory in
            // A FIFO would make a plain open hang for ever.
            #expect(mkfifo(directory.appending(path: "policy.d/pipe.yaml").path, 0o644) == 0)
            try FileManager.default.createDirectory(
                at: directory.appending(path: "policy.d/dir.yaml"),
                withIntermediateDirectories: false)
            try FileManager.default.createSymbolicLink(
                atPath: directory.appending(path: "policy.d/gone.yaml").path,
                withDestinationPath: "/nonexistent")
        }
        #expect(result.settings == nil)
        #expect(
            result.problems.map { $0.rendered() } == [
                "policy.d/dir.yaml: error: can't read it: not a regular file",
                "policy.d/gone.yaml: error: can't open it: No such file or directory",
                "policy.d/pipe.yaml: error: can't read it: not a regular file",
            ])
    }

    @Test func followsTheOperatorsOwnLinks() throws {
        let result = try load(Self.whole) { directory in
            let policy = directory.appending(path: "policy.d/a.yaml")
            let elsewhere = directory.appending(path: "a.txt")
            try FileManager.default.moveItem(at: policy, to: elsewhere)
            try FileManager.default.createSymbolicLink(at: policy, withDestinationURL: elsewhere)
        }
        #expect(result.problems == [])
        #expect(result.settings?.policies.count == 2)
    }

    @Test func saysWhereTextIsNotUTF8() throws {
        let result = try load(Self.whole) { directory in
            let bytes = Data("version: 1\n# Caf".utf8) + Data([0xe9, 0x0a])
            try bytes.write(to: directory.appending(path: "regionlock.yaml"))
        }
        #expect(result.settings == nil)
        #expect(
            result.problems.map { $0.rendered() } == [
                "regionlock.yaml:2:1: error: the text is not UTF-8"
            ])
    }

    @Test func refusesTooManyAndTooLargeFiles() throws {
        var files = Self.whole
        for number in 0..<SettingsLimits.files {
            files["devices.d/\(number).yaml"] = "version: 1\ndevices: []\n"
        }
        #expect(try load(files).problems.map(\.message) == ["there are more than 2048 files"])
        files = Self.whole
        files["policy.d/z.yaml"] = String(repeating: "#", count: SettingsLimits.fileBytes + 1)
        let result = try load(files)
        #expect(
            result.problems.map(\.message) == [
                "can't read it: it has more than \(SettingsLimits.fileBytes) bytes"
            ])
    }
}
