import Glibc

/// A listening Unix socket in the file system. The file goes when the value does, unless another
/// process has put its own in place.
struct SocketFile: ~Copyable {
    let path: String
    /// Bound, not yet listening; whoever takes it closes it.
    let descriptor: Int32
    private let device: UInt64
    private let inode: UInt64

    /// Binds `path`.
    ///
    /// The file comes into being as 0600: Linux takes a socket file's mode from the socket's own
    /// inode (unix(7), `fchmod` before `bind`), so there is no moment in which the umask decides,
    /// and no need to change the umask of a threaded process. Group and mode are widened after.
    static func bind(
        _ path: String, mode: UInt32, group: UInt32?
    ) throws(SocketError) -> SocketFile {
        let descriptor = socket(
            AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0
        )
        guard descriptor >= 0 else { throw .system("create a socket for", path, errno) }
        do {
            return try setUp(path, descriptor, mode: mode, group: group)
        } catch {
            close(descriptor)
            throw error
        }
    }

    private static func setUp(
        _ path: String, _ descriptor: Int32, mode: UInt32, group: UInt32?
    ) throws(SocketError) -> SocketFile {
        guard fchmod(descriptor, 0o600) == 0 else { throw .system("fchmod", path, errno) }
        try bindReplacingStale(path, descriptor)
        var status = stat()
        guard unsafe lstat(path, &status) == 0 else { throw .system("stat", path, errno) }
        let file = SocketFile(
            path: path, descriptor: descriptor, device: UInt64(status.st_dev),
            inode: UInt64(status.st_ino))
        // The group first: a wider mode must never hold for the wrong group.
        if let group, unsafe chown(path, uid_t.max, group) != 0 {
            throw .system("give to group \(group)", path, errno)
        }
        guard unsafe chmod(path, mode) == 0 else { throw .system("chmod", path, errno) }
        return file
    }

    /// A file nobody answers on is a crash's leftover and is replaced; one that answers is another
    /// daemon's and is left alone.
    private static func bindReplacingStale(
        _ path: String, _ descriptor: Int32
    ) throws(SocketError) {
        guard let problem = try attach(path, descriptor, .bind) else { return }
        guard problem == EADDRINUSE else { throw .system("bind", path, problem) }
        let probe = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard probe >= 0 else { throw .system("create a socket for", path, errno) }
        defer { close(probe) }
        guard try attach(path, probe, .connect) == ECONNREFUSED, isSocket(path) else {
            throw .inUse(path)
        }
        guard unsafe unlink(path) == 0 else { throw .system("remove the stale", path, errno) }
        if let problem = try attach(path, descriptor, .bind) {
            throw problem == EADDRINUSE ? .inUse(path) : .system("bind", path, problem)
        }
    }

    private enum Call { case bind, connect }

    /// Binds or connects to the path; the errno of a failure.
    private static func attach(
        _ path: String, _ descriptor: Int32, _ call: Call
    ) throws(SocketError) -> Int32? {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let capacity = MemoryLayout.size(ofValue: address.sun_path)
        guard bytes.count < capacity else { throw .pathTooLong(path, limit: capacity - 1) }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                switch call {
                case .bind: unsafe Glibc.bind(descriptor, generic, length)
                case .connect: unsafe Glibc.connect(descriptor, generic, length)
                }
            }
        }
        return result == 0 ? nil : errno
    }

    private static func isSocket(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }

    deinit {
        var status = stat()
        guard unsafe lstat(path, &status) == 0, UInt64(status.st_dev) == device,
            UInt64(status.st_ino) == inode
        else { return }
        unsafe unlink(path)
    }
}

/// Why a control socket could not be made.
package enum SocketError: Error, Hashable, Sendable, CustomStringConvertible {
    case inUse(String)
    case pathTooLong(String, limit: Int)
    case system(_ operation: String, _ path: String, _ number: Int32)

    package var description: String {
        switch self {
        case .inUse(let path):
            "cannot listen on \(path): another program answers there (is regionlockd running?)"
        case .pathTooLong(let path, let limit):
            "cannot listen on \(path): a socket's path has at most \(limit) bytes"
        case .system(let operation, let path, let number):
            unsafe "cannot \(operation) \(path): \(String(cString: strerror(number)))"
        }
    }
}
