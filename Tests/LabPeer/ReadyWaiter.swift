import Glibc

/// The service manager's side of sd_notify(3): waits until READY=1 comes.
struct ReadyWaiter {
    private let path: String
    private let seconds: Int

    init(_ arguments: Arguments) throws {
        path = try arguments.text("socket")
        seconds = try arguments.number("seconds")
    }

    func run() throws {
        let socket = try Socket(.datagram, family: AF_UNIX)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        guard path.utf8.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Failure("\(path): too long for a socket (unix(7))")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let bound = withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(socket.descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        guard bound == 0 else { throw Failure.system("bind \(path)") }
        let end = Moment.now + seconds * 1_000_000
        while Moment.now < end {
            guard socket.isReadable(withinMilliseconds: 100), let bytes = socket.receive() else {
                continue
            }
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            if lines.contains("READY=1") { return }
        }
        throw Failure("no READY=1 within \(seconds) s")
    }
}
