import Capture
import ControlClient
import Glibc

/// A capture file, or standard input, read in large pieces into one buffer.
struct CaptureInput: ~Copyable {
    /// One read of a disk that reads ahead; a record larger than it makes the buffer grow once.
    private static let pieceBytes = 1 << 20

    /// As the operator wrote it; `-` is standard input.
    let path: String
    private let descriptor: Int32
    /// Octets of a regular file; nil where nobody knows.
    let size: UInt64?
    private var buffer: [UInt8]
    private var filled = 0
    private(set) var octetsRead: UInt64 = 0

    init(path: String) throws {
        self.path = path
        descriptor = path == "-" ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
        buffer = []
        guard descriptor >= 0 else {
            throw Self.failure("open", path, errno, errno == ENOENT ? .notFound : .failed)
        }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw Self.failure("stat", path, errno, .failed)
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw Self.failure("read", path, EISDIR, .failed)
        case S_IFREG: size = UInt64(status.st_size)
        default: size = nil
        }
        // The kernel reads further ahead of a file that is read from its beginning to its end.
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
        buffer = Array(repeating: 0, count: max(Self.pieceBytes, CaptureParser.requiredRoom) * 2)
    }

    deinit { if path != "-", descriptor >= 0 { close(descriptor) } }

    /// Reads to the end. `visit` gets every packet, `progress` is called after each piece.
    mutating func read(
        with parser: inout CaptureParser, packet visit: (CapturedPacket, Span<UInt8>) -> Void,
        progress: (UInt64) -> Void
    ) throws {
        while true {
            let isEnd = try fill() == 0
            let step: CaptureParser.Progress
            do throws(CaptureFault) {
                step = try parser.read(
                    buffer.span.extracting(first: filled), isEnd: isEnd, packet: visit)
            } catch {
                throw Failure(.failed, Report(error, path: path))
            }
            drop(step.consumed)
            progress(octetsRead)
            if isEnd { return }
        }
    }

    /// Adds what comes next; 0 at the end.
    private mutating func fill() throws -> Int {
        let start = filled
        while true {
            let count = buffer.withUnsafeMutableBytes { bytes in
                Glibc.read(descriptor, bytes.baseAddress.map { $0 + start }, bytes.count - start)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure("read", path, errno, .failed) }
            filled += count
            octetsRead += UInt64(count)
            return count
        }
    }

    /// Moves what is left to the front: less than one record.
    private mutating func drop(_ count: Int) {
        let rest = filled - count
        buffer.withUnsafeMutableBytes { bytes in
            guard let start = bytes.baseAddress, count > 0, rest > 0 else { return }
            memmove(start, start + count, rest)
        }
        filled = rest
    }

    private static func failure(
        _ operation: String, _ path: String, _ number: Int32, _ status: ExitStatus
    ) -> Failure {
        let reason = String(cString: strerror(number))
        return Failure(
            status, Report(usage: "can't \(operation) \(path): \(reason)."))
    }
}
