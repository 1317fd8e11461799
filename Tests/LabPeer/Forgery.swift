import Glibc

/// A device that lies: raw frames with any MAC and any address, some of them with the question that
/// gets a device cut off, and answers to ARP and neighbour discovery for addresses of others.
struct Forgery {
    /// A MAC with an address.
    private struct Identity {
        let mac: [UInt8]
        let address: [UInt8]

        /// `MAC,ADDRESS`; the MAC `random` is another one in each frame.
        init(_ text: String) throws {
            let parts = text.split(separator: ",").map(String.init)
            guard parts.count == 2 else { throw WrongUse() }
            mac = parts[0] == "random" ? [] : try Frame.mac(parts[0])
            address = try Frame.address(parts[1])
        }
    }

    private let interface: String
    private let gateway: [UInt8]
    private let own: [UInt8]
    private let senders: [Identity]
    private let claims: [[UInt8]]
    /// Where questions go, and where the other datagrams go; one of each family.
    private let resolvers: [[UInt8]]
    private let sinks: [[UInt8]]
    private let gateways: [[UInt8]]
    private let name: String
    private let count: Int
    private let rate: Int

    init(_ arguments: Arguments) throws {
        interface = try arguments.text("interface")
        gateway = try Frame.mac(arguments.text("gateway-mac"))
        own = try Frame.mac(arguments.text("mac"))
        senders = try arguments.all("as").map { try Identity($0) }
        claims = try arguments.all("claim").map { try Frame.address($0) }
        resolvers = try arguments.all("resolver").map { try Frame.address($0) }
        sinks = try arguments.all("to").map { try Frame.address($0) }
        gateways = try arguments.all("gateway").map { try Frame.address($0) }
        name = try arguments.text("ask")
        count = try arguments.number("count")
        rate = try arguments.number("rate", or: 4000)
        guard !(senders.isEmpty && claims.isEmpty), count > 0, rate > 0 else { throw WrongUse() }
    }

    func run() throws {
        Interrupt.arm()
        let socket = try PacketSocket(interface: interface)
        let start = Moment.now
        var sent = 0
        var claimed = 0
        var random = SystemRandomNumberGenerator()
        while sent < count, !Interrupt.isPending {
            let due = min(count, (Moment.now - start) * rate / 1_000_000 + 1)
            while sent < due {
                if !senders.isEmpty {
                    try socket.send(frame(sent, &random))
                }
                // Now and then a claim: the kernel takes none within a second of another.
                if !claims.isEmpty, sent % 50 == 0 || senders.isEmpty {
                    try socket.send(claim(claims[claimed % claims.count]))
                    claimed += 1
                }
                sent += 1
            }
            Moment.sleep(untilMicroseconds: Moment.now + 500)
        }
        var report = Report()
        report.add("sent", senders.isEmpty ? 0 : sent)
        report.add("claims", claimed)
        report.printLine()
    }

    /// All senders take turns. In every fourth round they ask; in the others their datagrams have
    /// the same ports for all, so that one sender's could be of another's flow.
    private func frame(_ number: Int, _ random: inout SystemRandomNumberGenerator) -> [UInt8] {
        let sender = senders[number % senders.count]
        var mac = sender.mac
        if mac.isEmpty {
            mac = [2] + (0..<5).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        let round = number / senders.count
        let isQuestion = round % 4 == 0
        let target =
            (isQuestion ? resolvers : sinks).first { $0.count == sender.address.count } ?? []
        let datagram =
            isQuestion
            ? Frame.udp(
                from: sender.address, port: UInt16(40_000 + number % 1000), to: target, port: 53,
                DNSQuestion.bytes(name: name, id: UInt16(truncatingIfNeeded: number)))
            : Frame.udp(
                from: sender.address, port: UInt16(50_000 + round % 16), to: target,
                port: Port.sink, [UInt8](repeating: 0x66, count: 16))
        return Frame.ethernet(
            to: gateway, from: mac, type: sender.address.count == 4 ? 0x0800 : 0x86dd,
            Frame.ip(from: sender.address, to: target, protocol: 17, datagram))
    }

    /// "This address is at my MAC", said to the gateway without being asked.
    private func claim(_ address: [UInt8]) -> [UInt8] {
        let asker = gateways.first { $0.count == address.count } ?? []
        if address.count == 4 {
            // RFC 826: Ethernet, IPv4, reply.
            let reply: [UInt8] =
                [0, 1, 8, 0, 6, 4, 0, 2] + own + address + gateway + asker
            return Frame.ethernet(to: gateway, from: own, type: 0x0806, reply)
        }
        // RFC 4861 section 4.4: solicited, override, with the target's link-layer address.
        let advertisement: [UInt8] = [136, 0, 0, 0, 0x60, 0, 0, 0] + address + [2, 1] + own
        let checked = Frame.checked(
            advertisement, at: 2, from: address, to: asker, protocol: 58)
        return Frame.ethernet(
            to: gateway, from: own, type: 0x86dd,
            Frame.ip(from: address, to: asker, protocol: 58, checked, hops: 255))
    }
}

/// Octets of frames, as they stand on the wire.
enum Frame {
    static func mac(_ text: String) throws -> [UInt8] {
        let octets = text.split(separator: ":").compactMap { UInt8($0, radix: 16) }
        guard octets.count == 6 else { throw Failure("\"\(text)\" is not a MAC") }
        return octets
    }

    static func address(_ text: String) throws -> [UInt8] {
        let family = text.contains(":") ? AF_INET6 : AF_INET
        var octets = [UInt8](repeating: 0, count: family == AF_INET ? 4 : 16)
        guard inet_pton(family, text, &octets) == 1 else {
            throw Failure("\"\(text)\" is not an address")
        }
        return octets
    }

    static func ethernet(
        to: [UInt8], from: [UInt8], type: UInt16, _ payload: [UInt8]
    ) -> [UInt8] {
        to + from + octets(type) + payload
    }

    /// RFC 791 section 3.1, RFC 8200 section 3.
    static func ip(
        from: [UInt8], to: [UInt8], protocol number: UInt8, _ payload: [UInt8], hops: UInt8 = 64
    ) -> [UInt8] {
        guard from.count == 4 else {
            return [0x60, 0, 0, 0] + octets(UInt16(payload.count)) + [number, hops] + from + to
                + payload
        }
        var header: [UInt8] = [0x45, 0] + octets(UInt16(20 + payload.count))
        header += [0, 0, 0x40, 0, hops, number, 0, 0] + from + to
        header.replaceSubrange(10..<12, with: octets(checksum(header)))
        return header + payload
    }

    /// RFC 768.
    static func udp(
        from: [UInt8], port: UInt16, to: [UInt8], port target: UInt16, _ payload: [UInt8]
    ) -> [UInt8] {
        let length = UInt16(8 + payload.count)
        let datagram = octets(port) + octets(target) + octets(length) + [0, 0] + payload
        return checked(datagram, at: 6, from: from, to: to, protocol: 17)
    }

    /// The checksum over the pseudo-header (RFC 8200 section 8.1) put in its place.
    static func checked(
        _ payload: [UInt8], at offset: Int, from: [UInt8], to: [UInt8], protocol number: UInt8
    ) -> [UInt8] {
        let pseudo = from + to + octets(UInt16(payload.count)) + [0, number]
        var result = payload
        let sum = checksum(pseudo + payload)
        result.replaceSubrange(offset..<offset + 2, with: octets(sum == 0 ? 0xffff : sum))
        return result
    }

    private static func checksum(_ bytes: [UInt8]) -> UInt16 {
        var sum: UInt32 = 0
        for index in stride(from: 0, to: bytes.count, by: 2) {
            let low = index + 1 < bytes.count ? bytes[index + 1] : 0
            sum += UInt32(bytes[index]) << 8 | UInt32(low)
        }
        while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
        return ~UInt16(sum)
    }

    private static func octets(_ value: UInt16) -> [UInt8] {
        [UInt8(value >> 8), UInt8(value & 0xff)]
    }
}

/// Sends whole frames (packet(7)).
struct PacketSocket {
    private let socket: Socket
    /// struct sockaddr_ll, which Swift's Glibc module lacks: family, protocol, interface index.
    private let address: [UInt8]

    init(interface: String) throws {
        // Protocol 0: nothing is received.
        let descriptor = Glibc.socket(AF_PACKET, Int32(SOCK_RAW.rawValue), 0)
        guard descriptor >= 0 else { throw Failure.system("socket(AF_PACKET)") }
        socket = Socket(adopting: descriptor)
        let index = if_nametoindex(interface)
        guard index > 0 else { throw Failure.system(interface) }
        let family = withUnsafeBytes(of: UInt16(AF_PACKET)) { Array($0) }
        let interfaceIndex = withUnsafeBytes(of: index) { Array($0) }
        address = family + [0, 0] + interfaceIndex + [UInt8](repeating: 0, count: 12)
    }

    func send(_ frame: [UInt8]) throws {
        let sent = address.withUnsafeBytes { bytes in
            bytes.withMemoryRebound(to: sockaddr.self) {
                sendto(
                    socket.descriptor, frame, frame.count, 0, $0.baseAddress,
                    socklen_t(bytes.count))
            }
        }
        guard sent == frame.count || errno == ENOBUFS else { throw Failure.system("sendto") }
    }
}
