import Foundation

/// One file of the project.
struct SourceFile: Sendable {
    /// From the root of the package, such as `Sources/Wire/Vector.swift`.
    let path: String
    let text: String

    /// The target a file under `Sources` belongs to.
    var target: String? {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
    }

    var isSwift: Bool { path.hasSuffix(".swift") }
}

/// The files of the project as they lie on the disk.
enum SourceTree {
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
        .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

    /// Text files under a folder of the package, hidden ones left out; none when it is missing.
    static func files(in folder: String) throws -> [SourceFile] {
        let start = root.appendingPathComponent(folder)
        guard
            let paths = FileManager.default.enumerator(
                at: start, includingPropertiesForKeys: nil, options: [.skipsHiddenFiles])
        else { return [] }
        return try paths.compactMap { item -> SourceFile? in
            guard let url = item as? URL else { return nil }
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder),
                !isFolder.boolValue,
                let text = String(data: try Data(contentsOf: url), encoding: .utf8)
            else { return nil }
            return SourceFile(path: folder + url.path.dropFirst(start.path.count), text: text)
        }.sorted { $0.path < $1.path }
    }

    static func swiftFiles(in folders: [String]) throws -> [SourceFile] {
        try folders.flatMap { try files(in: $0) }.filter(\.isSwift)
    }

    /// Runs a program in the root of the package: its exit status and all it printed.
    static func run(_ program: String, _ arguments: [String]) throws -> (Int32, String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [program] + arguments
        process.currentDirectoryURL = root
        let output = Pipe()
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: text, as: UTF8.self))
    }
}
