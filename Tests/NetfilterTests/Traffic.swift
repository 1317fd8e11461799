import Glibc
import Wire

/// Plain sockets for the tests' traffic. Blocking, with a limit of two seconds.
struct TestSocket: ~Copyable {
    enum Kind {
        case udp
        case tcp
    }

    private let descriptor: Int32

    init(_ kind: Kind, from address: String, port: UInt16 = 0) throws {
        let type = kind == .udp ? SOCK_DGRAM : SOCK_STREAM
        let family = address.contains(":") ? AF_INET6 : AF_INET
        descriptor = socket(family, Int32(type.rawValue), 0)
        guard descriptor >= 0 else { throw TrafficError("socket") }
        var on: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        var limit = timeval(tv_sec: 2, tv_usec: 0)
        let length = socklen_t(MemoryLayout<timeval>.size)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, length)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, length)
        try call("bind \(address)", address, port, bind)
    }

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    func connect(to address: String, port: UInt16) throws {
        try call("connect \(address)", address, port, Glibc.connect)
    }

    func startListening() throws {
        guard listen(descriptor, 8) == 0 else { throw TrafficError("listen") }
    }

    func acceptOne() throws -> TestSocket {
        let accepted = accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw TrafficError("accept") }
        return TestSocket(descriptor: accepted)
    }

    func send(_ octets: [UInt8]) throws {
        let sent = Glibc.send(descriptor, octets, octets.count, Int32(MSG_NOSIGNAL))
        guard sent == octets.count else { throw TrafficError("send") }
    }

    /// What has come; nil when nothing did within the limit.
    func receive() -> [UInt8]? { receive(flags: 0) }

    /// What has come; nil when nothing is there.
    func receiveAtOnce() -> [UInt8]? { receive(flags: Int32(MSG_DONTWAIT)) }

    private func receive(flags: Int32) -> [UInt8]? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &buffer, buffer.count, flags)
        return count < 0 ? nil : Array(buffer.prefix(count))
    }

    private func call(
        _ operation: String, _ address: String, _ port: UInt16,
        _ function: (Int32, UnsafePointer<sockaddr>?, socklen_t) -> Int32
    ) throws {
        let result: Int32
        switch IPAddress(address) {
        case .v4(let v4):
            var name = sockaddr_in()
            name.sin_family = sa_family_t(AF_INET)
            name.sin_port = port.bigEndian
            name.sin_addr.s_addr = v4.value.bigEndian
            result = withUnsafePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        case .v6(let v6):
            var name = sockaddr_in6()
            name.sin6_family = sa_family_t(AF_INET6)
            name.sin6_port = port.bigEndian
            withUnsafeMutableBytes(of: &name.sin6_addr) { $0.copyBytes(from: v6.octets) }
            result = withUnsafePointer(to: &name) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    function(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        case nil: throw TrafficError("no address: \(address)")
        }
        guard result == 0 else { throw TrafficError(operation) }
    }
}

struct TrafficError: Error, CustomStringConvertible {
    let description: String

    init(_ operation: String) {
        description = "\(operation): \(String(cString: strerror(errno)))"
    }
}
