import InitialPackets

/// Traffic of many devices with many servers: hellos in every shape, QUIC, DNS, HTTP, and much that
/// shows no name. The same seed makes the same octets.
package struct MixedCapture {
    package struct Packet {
        package let octets: [UInt8]
        package let source: Endpoint
        package let destination: Endpoint
        package let microseconds: UInt64
    }

    private var random: SplitMix64
    private var clock: UInt64 = 1_795_392_000_000_000
    private var flows = 0
    /// Every name that stands readable in what was made so far, with how it was sent.
    package private(set) var names: Set<String> = []

    private let gatewayMAC: [UInt8] = [0x02, 0, 0, 0, 0, 1]

    package init(seed: UInt64) { random = SplitMix64(seed: seed) }

    /// The packets of one more flow, in order.
    package mutating func flow() -> [Packet] {
        flows += 1
        let (client, server) = ends()
        switch Int.random(in: 0..<100, using: &random) {
        case 0..<20: return dnsDatagrams(client, server)
        case 20..<24: return dnsStream(client, server)
        case 24..<50: return tls(client, server)
        case 50..<64: return quic(client, server)
        case 64..<76: return http(client, server)
        case 76..<84: return bulk(client, server)
        case 84..<95: return datagrams(client, server)
        default:
            return [sent(Packets.ping(random.octets(56), from: client, to: server), client, server)]
        }
    }

    private mutating func ends() -> (Endpoint, Endpoint) {
        let device = UInt8.random(in: 2...201, using: &random)
        let host = random.octets(3)
        let isOld = Int.random(in: 0..<10, using: &random) < 7
        let client = Endpoint(
            mac: [0x64, 0x09, 0x80, 0, 0, device],
            address: isOld
                ? [10, 20, 0, device]
                : [0x20, 1, 0x0d, 0xb8, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, device],
            port: 32_768 + flows % 28_000)
        let server = Endpoint(
            mac: gatewayMAC,
            address: isOld
                ? [203, 0, 113, host[0]]
                : [0x20, 1, 0x0d, 0xb8, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, host[1], host[2]],
            port: 443)
        return (client, server)
    }

    private mutating func sent(
        _ octets: [UInt8], _ source: Endpoint, _ destination: Endpoint
    ) -> Packet {
        clock += UInt64.random(in: 1...200, using: &random)
        return Packet(
            octets: octets, source: source, destination: destination, microseconds: clock)
    }

    /// A trigger of a shipped policy.
    private static let trigger = "account.xiaomi.com"

    /// A name nobody else has, of a usual length; now and then the trigger.
    private mutating func name(_ kind: String) -> String {
        if Int.random(in: 0..<1_000, using: &random) == 0 {
            names.insert(Self.trigger)
            return Self.trigger
        }
        let words = ["cdn", "api", "login", "img", "push", "update", "static", "m"]
        let word = words[Int.random(in: 0..<words.count, using: &random)]
        let name = "\(word)\(flows).\(kind).shop\(flows % 977).example"
        names.insert(name)
        return name
    }

    private mutating func dnsDatagrams(_ client: Endpoint, _ server: Endpoint) -> [Packet] {
        var server = server
        server.port = 53
        let name = name("dns")
        let id = Int.random(in: 0..<65_536, using: &random)
        let type = [1, 28, 65][Int.random(in: 0..<3, using: &random)]
        let question = Messages.question(name, type: type, id: id)
        let answer = Messages.answer(name, id: id, address: [203, 0, 113, 9])
        return [
            sent(Packets.datagram(question, from: client, to: server), client, server),
            sent(Packets.datagram(answer, from: server, to: client), server, client),
        ]
    }

    private mutating func dnsStream(_ client: Endpoint, _ server: Endpoint) -> [Packet] {
        var server = server
        server.port = 53
        let stream = Messages.framed(Messages.question(name("dnstcp")))
        let cut = Int.random(in: 1..<stream.count, using: &random)
        return connection(client, server, [Array(stream[..<cut]), Array(stream[cut...])], reply: 1)
    }

    private mutating func tls(_ client: Endpoint, _ server: Endpoint) -> [Packet] {
        var hello = Messages.Hello(name("tls"), random: random.octets(32))
        if Int.random(in: 0..<3, using: &random) > 0 { hello.keyShareLength = 1_216 }
        let stream = Messages.records(Messages.hello(hello))
        let size = Int.random(in: 0..<10, using: &random) == 0 ? 120 : 1_400
        var segments = stride(from: 0, to: stream.count, by: size).map {
            Array(stream[$0..<min($0 + size, stream.count)])
        }
        let replies = Int.random(in: 2...40, using: &random)
        // Data behind the hello, sealed: what a connection is mostly made of.
        for _ in 0..<replies / 4 { segments.append([23, 3, 3, 1, 0] + random.octets(256)) }
        return connection(client, server, segments, reply: replies)
    }

    private mutating func http(_ client: Endpoint, _ server: Endpoint) -> [Packet] {
        var server = server
        server.port = 80
        let request = Messages.request(name("http"), path: "/\(flows)")
        return connection(client, server, [request], reply: Int.random(in: 1...20, using: &random))
    }

    private mutating func bulk(_ client: Endpoint, _ server: Endpoint) -> [Packet] {
        var server = server
        server.port = Int.random(in: 10_000..<30_000, using: &random)
        return connection(
            client, server, [random.octets(200)], reply: Int.random(in: 10...100, using: &random))
    }

    private mutating func datagrams(_ client: Endpoint, _ server: Endpoint) -> [Packet] {
        var server = server
        server.port = Int.random(in: 10_000..<30_000, using: &random)
        return (0..<Int.random(in: 2...30, using: &random)).map { index in
            let payload = random.octets(Int.random(in: 20...1_000, using: &random))
            let (from, to) = index & 1 == 0 ? (client, server) : (server, client)
            return sent(Packets.datagram(payload, from: from, to: to), from, to)
        }
    }

    private mutating func quic(_ client: Endpoint, _ server: Endpoint) -> [Packet] {
        var hello = Messages.Hello(name("quic"), random: random.octets(32))
        hello.protocols = ["h3"]
        hello.isQUIC = true
        let isLarge = Int.random(in: 0..<2, using: &random) == 0
        if isLarge { hello.keyShareLength = 1_216 }
        let message = Messages.hello(hello)
        let isNew = Int.random(in: 0..<4, using: &random) == 0
        let id = random.octets(8)
        let pieces = Initial.frames(message, size: isLarge ? 900 : message.count)
        var packets = pieces.enumerated().map { index, frames in
            var initial = Initial(
                frames, version: isNew ? Initial.version2 : Initial.version1, connectionID: id)
            initial.number = UInt32(index)
            let datagram = initial.packet(paddedTo: 1_200)
            return sent(Packets.datagram(datagram, from: client, to: server), client, server)
        }
        for index in 0..<Int.random(in: 2...40, using: &random) {
            // Short headers (RFC 9000 section 17.3): sealed data in both directions.
            let data = [0x40] + random.octets(Int.random(in: 40...1_200, using: &random))
            let (from, to) = index % 4 == 0 ? (client, server) : (server, client)
            packets.append(sent(Packets.datagram(data, from: from, to: to), from, to))
        }
        return packets
    }

    /// From the SYN to the FIN; `reply` full segments come back.
    private mutating func connection(
        _ client: Endpoint, _ server: Endpoint, _ segments: [[UInt8]], reply: Int
    ) -> [Packet] {
        var up = UInt32(truncatingIfNeeded: random.next())
        var down = UInt32(truncatingIfNeeded: random.next())
        var packets: [Packet] = []
        func add(_ payload: [UInt8], _ isUp: Bool, _ flags: UInt8, _ mixed: inout MixedCapture) {
            let (from, to) = isUp ? (client, server) : (server, client)
            let octets = Packets.segment(
                payload, from: from, to: to, sequence: isUp ? up : down,
                acknowledgement: isUp ? down : up, flags: flags)
            packets.append(mixed.sent(octets, from, to))
            let length = UInt32(payload.count) + (flags & 3 != 0 ? 1 : 0)
            if isUp { up &+= length } else { down &+= length }
        }
        add([], true, 2, &self)
        add([], false, 18, &self)
        add([], true, 16, &self)
        for segment in segments { add(segment, true, 24, &self) }
        let isPlain = server.port == 80
        for index in 0..<reply {
            let head = isPlain && index == 0 ? Array("HTTP/1.1 200 OK\r\n\r\n".utf8) : []
            add(head + random.octets(1_200), false, 24, &self)
            if index & 1 == 1 { add([], true, 16, &self) }
        }
        add([], true, 17, &self)
        add([], false, 17, &self)
        return packets
    }
}
