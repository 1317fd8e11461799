import Foundation
import Testing

/// What can become of the files of the database.
enum StoreDamage: String, CaseIterable, CustomTestStringConvertible, Sendable {
    case header, pagesInTheMiddle, cutShort, empty, directory, unreadable
    case walGarbled, walCutShort, walDirectory

    var testDescription: String { rawValue }

    var isOfWAL: Bool { rawValue.hasPrefix("wal") }

    /// Access rights are put right, and nothing is lost.
    var losesSomething: Bool { self != .unreadable }

    func happen(in directory: String) throws {
        let path = directory + (isOfWAL ? "/regionlock.db-wal" : "/regionlock.db")
        let file = URL(filePath: path)
        var bytes = try Data(contentsOf: file)
        let count = bytes.count
        try #require(count > 3 * 4096, "\(path): \(count) octets are not worth a damage")
        switch self {
        case .header: bytes.replaceSubrange(0..<100, with: Data(repeating: 0x5a, count: 100))
        case .pagesInTheMiddle:
            let middle = count / 3..<count * 2 / 3
            bytes.replaceSubrange(middle, with: Data(repeating: 0xa5, count: middle.count))
        // Behind its own header of 32 octets: a WAL without one is none.
        case .walGarbled:
            bytes.replaceSubrange(32..<count, with: Data(repeating: 0x5a, count: count - 32))
        case .cutShort, .walCutShort: bytes.removeSubrange((count / 2)...)
        case .empty: bytes = Data()
        case .directory, .walDirectory:
            try FileManager.default.removeItem(at: file)
            return try FileManager.default.createDirectory(
                at: file, withIntermediateDirectories: false)
        case .unreadable:
            return try FileManager.default.setAttributes([.posixPermissions: 0], ofItemAtPath: path)
        }
        try bytes.write(to: file)
    }
}
