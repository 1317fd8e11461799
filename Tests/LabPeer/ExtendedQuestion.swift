import Glibc

/// A DNS question behind IPv6 extension headers (RFC 8200 section 4): `hop`, `destination` and
/// `fragment`, in any combination, over UDP; `tcp` sends it over TCP instead.
struct ExtendedQuestion {
    /// Numbers of linux/in6.h that Glibc's overlay does not show.
    private static let hopOptions: Int32 = 54
    private static let destinationOptions: Int32 = 59
    private static let pathMTU: Int32 = 24
    private static let pathMTUDiscovery: Int32 = 23
    /// The least an IPv6 link carries; what is larger leaves in fragments.
    private static let leastMTU: Int32 = 1280

    private let resolver: SocketAddress
    private let name: String
    private let headers: Set<String>

    init(_ arguments: Arguments) throws {
        resolver = try SocketAddress(arguments.text("to"), port: 53)
        name = try arguments.text("name")
        headers = Set(try arguments.text("headers").split(separator: ",").map(String.init))
    }

    func run() throws {
        let isStream = headers.contains("tcp")
        let socket = try Socket(isStream ? .stream : .datagram, family: AF_INET6)
        if headers.contains("hop") { try setOptions(Self.hopOptions, on: socket) }
        if headers.contains("destination") { try setOptions(Self.destinationOptions, on: socket) }
        var question = DNSQuestion.bytes(name: name, id: 0x5253)
        if headers.contains("fragment") {
            try socket.set(Int32(IPPROTO_IPV6), Self.pathMTUDiscovery, 0)
            try socket.set(Int32(IPPROTO_IPV6), Self.pathMTU, Self.leastMTU)
            question = Self.padded(question)
        }
        let connected = resolver.withPointer { connect(socket.descriptor, $0, $1) }
        guard connected == 0 else { throw Failure.system("connect") }
        if isStream {
            question = [UInt8(question.count >> 8), UInt8(question.count & 0xff)] + question
        }
        guard socket.send(question) == question.count else { throw Failure.system("send") }
        var answered = 0
        if socket.isReadable(withinMilliseconds: 700), let answer = socket.receive() {
            answered = answer.count
        }
        var report = Report()
        report.add("bytes", question.count)
        report.add("answered", answered)
        report.printLine()
        if answered == 0 { throw Failure("no answer") }
    }

    /// One option header of eight octets: PadN over all of it. The kernel fills in what follows.
    private func setOptions(_ option: Int32, on socket: Socket) throws {
        let header: [UInt8] = [0, 0, 1, 4, 0, 0, 0, 0]
        guard
            setsockopt(
                socket.descriptor, Int32(IPPROTO_IPV6), option, header, socklen_t(header.count))
                == 0
        else { throw Failure.system("setsockopt \(option)") }
    }

    /// With an OPT record whose padding (RFC 7830) makes the message larger than a packet.
    private static func padded(_ question: [UInt8]) -> [UInt8] {
        let padding = 1400
        let data = [0, 12] + counted(padding) + [UInt8](repeating: 0, count: padding)
        let record: [UInt8] = [0, 0, 41, 16, 0, 0, 0, 0, 0] + counted(data.count) + data
        var message = question
        message[11] = 1
        return message + record
    }

    private static func counted(_ count: Int) -> [UInt8] {
        [UInt8(count >> 8), UInt8(count & 0xff)]
    }
}
