import Foundation
import Glibc
import Testing

/// Speaks HTTP by hand, so that the tests see every octet of the answer.
enum RawClient {
    struct Reply {
        let status: Int
        /// Names in lower case.
        let headers: [String: String]
        let body: String
        let text: String
    }

    /// Runs `body` on a thread of its own: a client that waits must not take the threads that
    /// the listener's lookups run on.
    static func blocking(_ body: @escaping @Sendable () throws -> Void) async throws {
        try await withCheckedThrowingContinuation { continuation in
            Thread.detachNewThread { continuation.resume(with: Result { try body() }) }
        }
    }

    /// Connects to a loopback address and returns the descriptor.
    static func connect(port: Int, v6: Bool = false) throws -> CInt {
        let family = v6 ? AF_INET6 : AF_INET
        let file = socket(family, Int32(SOCK_STREAM.rawValue), 0)
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            file, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let code: CInt
        if v6 {
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = in_port_t(port).bigEndian
            address.sin6_addr = in6addr_loopback
            code = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(file, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        } else {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
            code = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    Glibc.connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        try #require(code == 0, "connect: \(String(cString: strerror(errno)))")
        return file
    }

    static func write(_ text: String, to file: CInt) {
        let bytes = Array(text.utf8)
        _ = send(file, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    /// Everything until the other side closes.
    static func readToEnd(_ file: CInt) -> String {
        var all: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = recv(file, &buffer, buffer.count, 0)
            guard count > 0 else { return String(decoding: all, as: UTF8.self) }
            all += buffer.prefix(count)
        }
    }

    /// Which of these connections has something to read, or was closed; nil when none does in time.
    static func firstReadable(
        of files: [CInt], withinMilliseconds milliseconds: CInt = 10_000
    ) -> Int? {
        var entries = files.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { return nil }
        return entries.firstIndex { $0.revents != 0 }
    }

    static func ask(
        port: Int, _ line: String = "GET / HTTP/1.1", _ headers: [String] = [], v6: Bool = false
    ) throws -> Reply {
        let file = try connect(port: port, v6: v6)
        defer { close(file) }
        let lines = [line, "Host: connectivitycheck.gstatic.com"] + headers
        write(lines.joined(separator: "\r\n") + "\r\n\r\n", to: file)
        let text = readToEnd(file)
        let halves = text.components(separatedBy: "\r\n\r\n")
        let head = halves[0].components(separatedBy: "\r\n")
        var fields: [String: String] = [:]
        for line in head.dropFirst() {
            let parts = line.components(separatedBy: ": ")
            fields[parts[0].lowercased()] = parts.dropFirst().joined(separator: ": ")
        }
        let status = try #require(Int(head[0].dropFirst(9).prefix(3)), "\(text)")
        return Reply(
            status: status, headers: fields, body: halves.dropFirst().joined(), text: text)
    }
}
