import Foundation
import Glibc
import Testing

/// A bound Unix datagram socket, as a service manager has one.
final class DatagramReceiver {
    let path: String
    private let socket: CInt

    /// A path that begins with `@` is abstract.
    init(path: String) throws {
        self.path = path
        socket = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { buffer in
            buffer.copyBytes(from: bytes)
            if bytes.first == UInt8(ascii: "@") { buffer[0] = 0 }
        }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let code = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(socket, $0, length) }
        }
        try #require(code == 0, "bind \(path): \(String(cString: strerror(errno)))")
    }

    deinit {
        close(socket)
        if path.hasPrefix("/") { unlink(path) }
    }

    /// The next datagram, or nil when there is none.
    func receive() -> String? {
        var buffer = [UInt8](repeating: 0, count: 4_096)
        let count = recv(socket, &buffer, buffer.count, Int32(MSG_DONTWAIT))
        return count < 0 ? nil : String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}
