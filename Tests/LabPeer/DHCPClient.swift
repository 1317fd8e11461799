import Glibc

/// One DHCPDISCOVER, and whether an OFFER came (RFC 2131).
struct DHCPClient {
    private static let transaction: [UInt8] = [0x52, 0x4c, 0x30, 0x31]
    private let interface: String

    init(_ arguments: Arguments) throws { interface = try arguments.text("interface") }

    func run() throws {
        let socket = try Socket.bound(.datagram, to: SocketAddress("0.0.0.0", port: 68))
        try socket.set(SOL_SOCKET, SO_BROADCAST, 1)
        let name = interface
        guard
            setsockopt(
                socket.descriptor, SOL_SOCKET, SO_BINDTODEVICE, name, socklen_t(name.utf8.count))
                == 0
        else { throw Failure.system("SO_BINDTODEVICE") }
        try socket.send(discover(), to: SocketAddress("255.255.255.255", port: 67))
        var offers = 0
        // dnsmasq first pings the address it is about to offer, for up to three seconds.
        let end = Moment.now + 5_000_000
        while offers == 0, Moment.now < end {
            guard socket.isReadable(withinMilliseconds: 100), let reply = socket.receive() else {
                continue
            }
            if reply.count > 240, reply[0] == 2, Array(reply[4..<8]) == Self.transaction {
                offers += 1
            }
        }
        var report = Report()
        report.add("offers", offers)
        report.printLine()
    }

    private func discover() throws -> [UInt8] {
        var packet = [UInt8](repeating: 0, count: 240)
        packet.replaceSubrange(0..<4, with: [1, 1, 6, 0])
        packet.replaceSubrange(4..<8, with: Self.transaction)
        // Ask for a broadcast answer: this program does not configure the address.
        packet[10] = 0x80
        packet.replaceSubrange(28..<34, with: try hardwareAddress())
        packet.replaceSubrange(236..<240, with: [99, 130, 83, 99])
        return packet + [53, 1, 1, 255]
    }

    private func hardwareAddress() throws -> [UInt8] {
        let path = "/sys/class/net/\(interface)/address"
        guard let file = fopen(path, "r") else { throw Failure.system(path) }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 32)
        guard fgets(&line, 32, file) != nil else { throw Failure.system(path) }
        let text = line.prefix { $0 > 0x20 }.map { UInt8($0) }
        return text.split(separator: UInt8(ascii: ":")).compactMap {
            UInt8(String(decoding: $0, as: UTF8.self), radix: 16)
        }
    }
}
