import CSystemd
import Glibc

/// Why a call to the system failed.
package struct SystemError: Error, Hashable, Sendable, CustomStringConvertible {
    package let operation: String
    package let object: String
    package let errno: Int32

    package var description: String {
        "cannot \(operation) \(object): \(unsafe String(cString: strerror(errno)))"
    }
}

/// A Unix datagram socket that sends to one path, and never blocks for longer than it says.
///
/// It is not connected: a receiver that was restarted is found again by its path.
struct DatagramSender: ~Copyable {
    private let socket: CInt
    let path: String

    private init(socket: CInt, path: String) {
        self.socket = socket
        self.path = path
    }

    deinit { close(socket) }

    /// `path` of an abstract socket begins with `@`.
    static func open(
        path: String, timeoutMilliseconds: CInt = 0
    ) throws(SystemError) -> DatagramSender {
        let socket = csystemd_datagram_socket(timeoutMilliseconds)
        guard socket >= 0 else {
            throw SystemError(operation: "open a socket to", object: path, errno: -socket)
        }
        return DatagramSender(socket: socket, path: path)
    }

    /// Nil when sent, else the errno; EAGAIN when the receiver's queue is full.
    func send(_ bytes: [UInt8], waits: Bool = false) -> Int32? {
        let code = unsafe csystemd_send(socket, path, bytes, bytes.count, waits ? 1 : 0)
        return code == 0 ? nil : -code
    }

    /// Sends the bytes with an open descriptor, of which the receiver gets its own copy.
    func send(_ bytes: [UInt8], with descriptor: CInt) -> Int32? {
        let code = unsafe csystemd_send_descriptor(
            socket, path, bytes, bytes.count, descriptor, 1)
        return code == 0 ? nil : -code
    }

    /// Hands the bytes over as a sealed memory file, for what no datagram can carry.
    func sendAsMemory(_ bytes: [UInt8]) -> Int32? {
        let file = unsafe csystemd_sealed_memory(bytes, bytes.count)
        guard file >= 0 else { return -file }
        defer { close(file) }
        let code = unsafe csystemd_send_descriptor(socket, path, nil, 0, file, 0)
        return code == 0 ? nil : -code
    }
}
