import Foundation

/// A client that says exactly what it is told, byte for byte, as `socat` would.
struct RawSocket: ~Copyable {
    private let descriptor: Int32

    /// Nil when nobody answers.
    init?(_ path: String) {
        descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
        let size = socklen_t(MemoryLayout<sockaddr_un>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, size)
            }
        }
        guard result == 0 else {
            close(descriptor)
            return nil
        }
        // A server that hangs must fail a test, not hang it.
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close(descriptor) }

    borrowing func send(_ text: String) {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return }
            sent += count
        }
    }

    borrowing func finishSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Reads until the text holds `end`, or to the end of the stream.
    borrowing func receive(until end: String? = nil) -> String {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = recv(descriptor, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            bytes += chunk.prefix(count)
            guard let end else { continue }
            let tail = bytes.suffix(count + end.utf8.count)
            if String(decoding: tail, as: UTF8.self).contains(end) { break }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A GET that keeps the connection, and what comes back until it holds `end`.
    borrowing func ask(_ target: String, until end: String, fields: String = "") -> String {
        send("GET \(target) HTTP/1.1\r\nHost: x\r\n\(fields)\r\n")
        return receive(until: end)
    }

    /// One request on a connection of its own, and all that comes back.
    static func exchange(
        _ path: String, _ text: String, thenHalfClose: Bool = false
    ) async -> String {
        await onThread {
            guard let socket = RawSocket(path) else { return "nobody answers at \(path)" }
            socket.send(text)
            if thenHalfClose { socket.finishSending() }
            return socket.receive()
        }
    }

    /// A request that asks for the connection to be closed.
    static func request(
        _ path: String, _ method: String, _ target: String, body: String = "", fields: String = ""
    ) async -> String {
        await exchange(
            path,
            "\(method) \(target) HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\(fields)"
                + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
    }
}
