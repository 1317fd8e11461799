import Glibc

/// A failed call, in words.
package struct FileError: Error, Sendable, CustomStringConvertible {
    let operation: String
    let path: String
    let reason: String
    /// ENOENT: there is no such file.
    package let isNotFound: Bool

    init(_ operation: String, _ path: String, reason: String) {
        self.operation = operation
        self.path = path
        self.reason = reason
        isNotFound = false
    }

    /// From errno, read at once after the call.
    init(_ operation: String, _ path: String, errno number: Int32) {
        self.operation = operation
        self.path = path
        isNotFound = number == ENOENT
        reason = unsafe String(cString: strerror(number))
    }

    package var description: String { "can't \(operation) \(path): \(reason)" }
}

/// The few calls settings are read with.
package enum FileSystem {
    package struct Contents {
        package let bytes: [UInt8]
        /// True when others than the owner may write the file.
        let isWritableByOthers: Bool
    }

    /// Reads a regular file (or what a link leads to) of at most `limit` bytes.
    package static func read(_ path: String, limit: Int) throws(FileError) -> Contents {
        var bytes: [UInt8] = []
        let mode = try forEachPiece(of: path, limit: limit) { bytes += $0 }
        return Contents(bytes: bytes, isWritableByOthers: mode & (S_IWGRP | S_IWOTH) != 0)
    }

    /// Hands over a regular file piece by piece, so that a large one never stands in memory whole.
    ///
    /// - Returns: The file's mode.
    @discardableResult
    static func forEachPiece(
        of path: String, limit: Int, _ body: (ArraySlice<UInt8>) -> Void
    ) throws(FileError) -> mode_t {
        // O_NONBLOCK: opening a FIFO by mistake must not hang; regular files ignore it.
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else { throw FileError("open", path, errno: errno) }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw FileError("stat", path, errno: errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw FileError("read", path, reason: "not a regular file")
        }
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        var total = 0
        while true {
            let count = unsafe piece.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(file, buffer.baseAddress, buffer.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw FileError("read", path, errno: errno) }
            if count == 0 { return status.st_mode }
            total += count
            guard total <= limit else {
                throw FileError("read", path, reason: "it has more than \(limit) bytes")
            }
            body(piece[..<count])
        }
    }

    /// Names in a directory, without hidden ones, in order; nil when there is no such directory.
    static func names(in path: String) throws(FileError) -> [String]? {
        guard let directory = unsafe opendir(path) else {
            if errno == ENOENT { return nil }
            throw FileError("open", path, errno: errno)
        }
        defer { unsafe _ = closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                unsafe pointer.withMemoryRebound(to: CChar.self, capacity: 256) { text in
                    unsafe String(cString: text)
                }
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// The first label of the machine's name.
    static func hostName() -> String {
        // HOST_NAME_MAX is 64 on Linux (gethostname(2)), and a zero ends it.
        var buffer = [UInt8](repeating: 0, count: 65)
        let isKnown = unsafe buffer.withUnsafeMutableBytes { bytes in
            guard let start = unsafe bytes.bindMemory(to: CChar.self).baseAddress else {
                return false
            }
            return unsafe gethostname(start, bytes.count - 1) == 0
        }
        let name = String(decoding: buffer.prefix { $0 != 0 }, as: UTF8.self)
        let label = name.prefix { $0 != "." }.prefix(SettingsLimits.nameLength)
        return isKnown && !label.isEmpty ? String(label) : "gateway"
    }
}
