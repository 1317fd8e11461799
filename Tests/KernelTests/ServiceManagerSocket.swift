import Foundation

/// The service manager's side of sd_notify(3), with its descriptor store: what a daemon hands over
/// with FDSTORE=1 is kept through its death, and passed to its next life as sd_listen_fds(3) says.
final class ServiceManagerSocket {
    let path: String
    private let state: State

    /// - Parameter keepsDescriptors: false is FileDescriptorStoreMax=0.
    init(path: String, keepsDescriptors: Bool) throws {
        self.path = path
        let state = State(keepsDescriptors: keepsDescriptors)
        self.state = state
        let descriptor = try Self.bound(to: path)
        Thread.detachNewThread {
            while !state.isOver { Self.hear(descriptor, state) }
            close(descriptor)
            state.closeAll()
        }
    }

    deinit { state.isOver = true }

    var isReady: Bool { state.isReady }

    /// The daemon's next word of READY=1 is waited for anew.
    func forgetReady() { state.isReady = false }

    /// What is in the store, in the order in which it is passed.
    var stored: [(name: String, descriptor: Int32)] { state.stored }

    /// As a daemon would have left it; taken over.
    func put(_ descriptor: Int32, named name: String) {
        state.take("FDSTORE=1\nFDNAME=\(name)", descriptor)
    }

    private static func bound(to path: String) throws -> Int32 {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard descriptor >= 0, path.utf8.count < MemoryLayout.size(ofValue: address.sun_path)
        else { throw LabError("\(path): no socket") }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let code = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard code == 0 else { throw LabError("bind \(path): errno \(errno)") }
        return descriptor
    }

    /// Takes one datagram, if one comes soon.
    private static func hear(_ socket: Int32, _ state: State) {
        var entry = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&entry, 1, 50) > 0 else { return }
        var bytes = [UInt8](repeating: 0, count: 4096)
        // struct cmsghdr (length, level, type) and the descriptor, in words of eight octets.
        var control = [UInt64](repeating: 0, count: 3)
        let count = bytes.withUnsafeMutableBytes { bytes in
            control.withUnsafeMutableBytes { control in
                var vector = iovec(iov_base: bytes.baseAddress, iov_len: bytes.count)
                return withUnsafeMutablePointer(to: &vector) { vector in
                    var message = msghdr()
                    message.msg_iov = vector
                    message.msg_iovlen = 1
                    message.msg_control = control.baseAddress
                    message.msg_controllen = control.count
                    // Where no descriptor came, the words stay 0.
                    return recvmsg(socket, &message, Int32(MSG_CMSG_CLOEXEC))
                }
            }
        }
        let descriptor = control[0] == 0 ? nil : Int32(truncatingIfNeeded: control[2])
        state.take(String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self), descriptor)
    }

    private final class State: @unchecked Sendable {
        private let lock = NSLock()
        private let keepsDescriptors: Bool
        private var ready = false
        private var over = false
        private var store: [(name: String, descriptor: Int32)] = []

        init(keepsDescriptors: Bool) { self.keepsDescriptors = keepsDescriptors }

        var isReady: Bool {
            get { lock.withLock { ready } }
            set { lock.withLock { ready = newValue } }
        }

        var isOver: Bool {
            get { lock.withLock { over } }
            set { lock.withLock { over = newValue } }
        }

        var stored: [(name: String, descriptor: Int32)] { lock.withLock { store } }

        func take(_ text: String, _ descriptor: Int32?) {
            let lines = text.split(separator: "\n")
            let name = lines.first { $0.hasPrefix("FDNAME=") }.map { String($0.dropFirst(7)) }
            lock.withLock {
                if lines.contains("READY=1") { ready = true }
                if lines.contains("FDSTOREREMOVE=1") {
                    for entry in store where entry.name == name { close(entry.descriptor) }
                    store.removeAll { $0.name == name }
                }
                guard let descriptor else { return }
                // The same socket twice is one entry, as systemd has it.
                let isKnown = store.contains {
                    Self.socket(of: $0.descriptor) == Self.socket(of: descriptor)
                }
                if lines.contains("FDSTORE=1"), keepsDescriptors, !isKnown {
                    // Out of the way of the numbers they get when they are passed.
                    store.append((name ?? "stored", fcntl(descriptor, F_DUPFD_CLOEXEC, 200)))
                }
                close(descriptor)
            }
        }

        func closeAll() {
            lock.withLock {
                for entry in store { close(entry.descriptor) }
                store = []
            }
        }

        /// Its inode number, which no two sockets share; what is no socket is unlike everything.
        private static func socket(of descriptor: Int32) -> UInt64 {
            var info = stat()
            guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFSOCK else {
                return UInt64.max - UInt64(descriptor)
            }
            return UInt64(info.st_ino)
        }
    }
}
