import CMaxMindDB
import Glibc

/// Why a database can't be used. Whatever it is, the one in use stays in use.
package struct DatabaseError: Error, Hashable, Sendable, CustomStringConvertible {
    package enum Kind: Hashable, Sendable {
        case notFound
        /// The system refused; `reason` has its words.
        case unreadable
        case tooLarge
        /// Its bytes are not those of a database.
        case damaged
    }

    package let kind: Kind
    package let path: String
    package let reason: String

    package var description: String { "can't use the GeoIP database \(path): \(reason)" }
}

/// Which file a path led to, and in which state.
package struct FileIdentity: Hashable, Sendable {
    private let device: UInt
    private let inode: UInt
    private let size: Int
    private let modified: Int
    private let modifiedNanoseconds: Int

    /// Nil when nothing is there.
    package init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    init(_ status: stat) {
        device = UInt(status.st_dev)
        inode = UInt(status.st_ino)
        size = Int(status.st_size)
        modified = status.st_mtim.tv_sec
        modifiedNanoseconds = status.st_mtim.tv_nsec
    }
}

/// A copy of the file in memory, under a descriptor (memfd_create(2)).
///
/// The library maps what it opens. A file that somebody cuts short or writes over in place would
/// end the daemon with SIGBUS, or change the answers of the database that is to stay in use.
struct DatabaseCopy: ~Copyable {
    private let descriptor: Int32
    let identity: FileIdentity
    let octets: Int

    /// The name under which the library finds it.
    var path: String { "/proc/self/fd/\(descriptor)" }

    private init(descriptor: Int32, identity: FileIdentity, octets: Int) {
        self.descriptor = descriptor
        self.identity = identity
        self.octets = octets
    }

    deinit { close(descriptor) }

    static func make(of path: String) throws(DatabaseError) -> DatabaseCopy {
        func failure(_ operation: String, _ code: Int32) -> DatabaseError {
            DatabaseError(
                kind: code == ENOENT ? .notFound : .unreadable, path: path,
                reason: "\(operation): \(unsafe String(cString: strerror(code)))")
        }
        // O_NONBLOCK: opening a FIFO by mistake must not hang; regular files ignore it.
        let file = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
        guard file >= 0 else { throw failure("open", errno) }
        defer { close(file) }
        var status = stat()
        guard unsafe fstat(file, &status) == 0 else { throw failure("stat", errno) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw DatabaseError(kind: .unreadable, path: path, reason: "not a regular file")
        }
        let limit = GeoIPLimits.fileOctets
        guard Int64(status.st_size) <= limit else { throw tooLarge(path) }
        let memory = cmm_memory()
        guard memory >= 0 else { throw failure("make room for a copy", errno) }
        var total: Int64 = 0
        while true {
            // A file that grows meanwhile ends at the limit all the same.
            let count = sendfile(memory, file, nil, 1 << 24)
            if count < 0, errno == EINTR { continue }
            if count < 0 {
                let code = errno
                close(memory)
                throw failure("read", code)
            }
            if count == 0 { break }
            total += Int64(count)
            if total > limit {
                close(memory)
                throw tooLarge(path)
            }
        }
        return DatabaseCopy(
            descriptor: memory, identity: FileIdentity(status), octets: Int(total))
    }

    private static func tooLarge(_ path: String) -> DatabaseError {
        DatabaseError(
            kind: .tooLarge, path: path,
            reason: "it has more than \(GeoIPLimits.fileOctets >> 20) MiB")
    }

    /// The last octets, at most so many.
    func tail(_ count: Int) -> [UInt8] {
        let length = min(count, octets)
        let start = octets - length
        return unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, initialized in
            while initialized < length, let base = buffer.baseAddress {
                let read = unsafe pread(
                    descriptor, base + initialized, length - initialized, start + initialized)
                // Memory of our own reads whole; anything else leaves the rest out.
                if read <= 0 { break }
                initialized += read
            }
        }
    }
}
