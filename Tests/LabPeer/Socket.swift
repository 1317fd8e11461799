import Glibc

/// The ports of the laboratory's servers.
enum Port {
    static let https: UInt16 = 443
    static let tcpEcho: UInt16 = 7000
    static let udpEcho: UInt16 = 7001
    static let push: UInt16 = 7002
    /// Bound and never read: the kernel drops what does not fit and sends no ICMP error.
    static let sink: UInt16 = 7003
}

enum Moment {
    /// CLOCK_REALTIME in microseconds: the clock of tcpdump and of the daemon's events.
    static var now: Int {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return time.tv_sec * 1_000_000 + time.tv_nsec / 1000
    }

    /// CPU time of this thread, in nanoseconds.
    static var threadNanoseconds: Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }

    static func sleep(untilMicroseconds instant: Int) {
        let rest = instant - now
        if rest > 0 { usleep(useconds_t(rest)) }
    }
}

/// An IPv4 or IPv6 address with a port.
struct SocketAddress {
    private var storage = sockaddr_storage()
    private var length: socklen_t = 0

    var family: Int32 { Int32(storage.ss_family) }

    /// Reads a numeric address.
    init(_ text: String, port: UInt16) throws {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(text, String(port), &hints, &list) == 0, let first = list else {
            throw Failure("\"\(text)\" is not a numeric address")
        }
        defer { freeaddrinfo(list) }
        length = first.pointee.ai_addrlen
        memcpy(&storage, first.pointee.ai_addr, Int(length))
    }

    /// Filled in by the kernel, as in recvfrom(2).
    init(filledBy body: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Void) {
        length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, &length) }
        }
    }

    func withPointer<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        withUnsafePointer(to: storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, length) }
        }
    }
}

/// A socket that is closed when nobody holds it any more.
final class Socket {
    enum Kind { case stream, datagram }

    let descriptor: Int32

    init(adopting descriptor: Int32) { self.descriptor = descriptor }

    init(_ kind: Kind, family: Int32) throws {
        let type = kind == .stream ? SOCK_STREAM : SOCK_DGRAM
        descriptor = socket(family, Int32(type.rawValue), 0)
        guard descriptor >= 0 else { throw Failure.system("socket") }
        // What waited at the gateway comes at once, and must not be lost here: the standard buffer
        // holds less than 300 datagrams, whatever their size.
        if kind == .datagram { try set(SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20) }
    }

    deinit { close(descriptor) }

    static func bound(_ kind: Kind, to address: SocketAddress) throws -> Socket {
        let socket = try Socket(kind, family: address.family)
        try socket.set(SOL_SOCKET, SO_REUSEADDR, 1)
        guard address.withPointer({ Glibc.bind(socket.descriptor, $0, $1) }) == 0 else {
            throw Failure.system("bind")
        }
        return socket
    }

    static func connected(_ kind: Kind, to address: SocketAddress) throws -> Socket {
        let socket = try Socket(kind, family: address.family)
        guard address.withPointer({ Glibc.connect(socket.descriptor, $0, $1) }) == 0 else {
            throw Failure.system("connect")
        }
        return socket
    }

    /// A stream to a Unix socket.
    static func connected(toPath path: String) throws -> Socket {
        let socket = try Socket(.stream, family: AF_UNIX)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Failure("\(path): too long for a socket")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(socket.descriptor, $0, size)
            }
        }
        guard code == 0 else { throw Failure.system(path) }
        return socket
    }

    func set(_ level: Int32, _ option: Int32, _ value: Int32) throws {
        var value = value
        let size = socklen_t(MemoryLayout<Int32>.size)
        guard setsockopt(descriptor, level, option, &value, size) == 0 else {
            throw Failure.system("setsockopt")
        }
    }

    /// Bytes sent, or -1 with `errno` set.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Int {
        Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT))
    }

    @discardableResult
    func send(_ bytes: [UInt8], to address: SocketAddress) -> Int {
        address.withPointer {
            sendto(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT), $0, $1)
        }
    }

    /// What has arrived, without waiting; nil with `errno` set when nothing has. Empty at the end
    /// of a stream.
    func receive(atMost count: Int = 2048) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: count)
        let got = recv(descriptor, &buffer, count, Int32(MSG_DONTWAIT))
        return got < 0 ? nil : Array(buffer.prefix(got))
    }

    /// Whether something can be read within the time; an error counts as something.
    func isReadable(withinMilliseconds timeout: Int) -> Bool {
        var entry = pollfd(descriptor: descriptor)
        return poll(&entry, 1, Int32(timeout)) > 0
    }
}

extension pollfd {
    init(descriptor: Int32) { self.init(fd: descriptor, events: Int16(POLLIN), revents: 0) }

    var hasNews: Bool { revents != 0 }
}

/// The errno's that a device meets, by name.
func errnoName(_ code: Int32) -> String {
    switch code {
    case 0: "none"
    case ECONNRESET: "ECONNRESET"
    case ECONNREFUSED: "ECONNREFUSED"
    case EHOSTUNREACH: "EHOSTUNREACH"
    case ENETUNREACH: "ENETUNREACH"
    case EACCES: "EACCES"
    case EPIPE: "EPIPE"
    case ETIMEDOUT: "ETIMEDOUT"
    default: "errno \(code)"
    }
}

/// SIGTERM and SIGINT as something to ask for, so that a run can end with its report.
enum Interrupt {
    static func arm() {
        var set = signals
        sigprocmask(SIG_BLOCK, &set, nil)
    }

    static var isPending: Bool {
        var set = signals
        var atOnce = timespec()
        return sigtimedwait(&set, nil, &atOnce) > 0
    }

    private static var signals: sigset_t {
        var set = sigset_t()
        sigemptyset(&set)
        sigaddset(&set, SIGTERM)
        sigaddset(&set, SIGINT)
        return set
    }
}

/// Numbers in network order, as they stand in our datagrams.
extension [UInt8] {
    mutating func append64(_ value: Int) {
        for shift in stride(from: 56, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    func number64(at offset: Int) -> Int? {
        guard count >= offset + 8 else { return nil }
        return self[offset..<offset + 8].reduce(0) { $0 << 8 | Int($1) }
    }
}
