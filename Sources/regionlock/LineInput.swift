import ControlClient
import Glibc

/// A text file, or standard input, line by line, of any length in little memory.
struct LineInput: ~Copyable {
    private static let pieceBytes = 64 * 1024

    /// As the operator wrote it; `-` is standard input.
    let path: String
    private let descriptor: Int32

    init(path: String) throws {
        self.path = path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard descriptor >= 0 else {
            throw Self.failure("open", path, errno, errno == ENOENT ? .notFound : .failed)
        }
    }

    deinit { if path != "-", descriptor >= 0 { close(descriptor) } }

    /// What problems call it.
    var name: String { path == "-" ? "standard input" : path }

    /// Hands over each line without its line feed, of a longer one the first `limit` octets and
    /// one more, until `line` returns false.
    func read(limit: Int, _ line: ([UInt8]) throws -> Bool) throws {
        var piece = [UInt8](repeating: 0, count: Self.pieceBytes)
        var current: [UInt8] = []
        while true {
            let count = piece.withUnsafeMutableBytes { bytes in
                Glibc.read(descriptor, bytes.baseAddress, bytes.count)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure("read", path, errno, .failed) }
            guard count > 0 else {
                if !current.isEmpty { _ = try line(current) }
                return
            }
            for octet in piece.prefix(count) {
                if octet == UInt8(ascii: "\n") {
                    guard try line(current) else { return }
                    current.removeAll(keepingCapacity: true)
                } else if current.count <= limit {
                    current.append(octet)
                }
            }
        }
    }

    private static func failure(
        _ operation: String, _ path: String, _ number: Int32, _ status: ExitStatus
    ) -> Failure {
        let reason = String(cString: strerror(number))
        return Failure(status, Report(usage: "can't \(operation) \(path): \(reason)."))
    }
}
