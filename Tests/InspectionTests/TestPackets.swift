import Inspection
import Wire

/// Builds packets octet by octet, with nothing of the code under test.
enum TestPackets {
    static func big16(_ value: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
    }

    static func big32(_ value: UInt32) -> [UInt8] {
        big16(Int(value >> 16)) + big16(Int(value & 0xffff))
    }

    /// RFC 791 section 3.1. From 10.20.0.31 to 203.0.113.2; checksums are zero: nothing reads them.
    static func ipv4(
        protocolNumber: UInt8, _ payload: [UInt8], options: [UInt8] = [], fragment: Int = 0,
        totalLength: Int? = nil
    ) -> [UInt8] {
        let headerLength = 20 + options.count
        let total = totalLength ?? headerLength + payload.count
        return [0x40 | UInt8(headerLength / 4), 0] + big16(total) + [0, 0] + big16(fragment)
            + [64, protocolNumber, 0, 0] + [10, 20, 0, 31] + [203, 0, 113, 2] + options + payload
    }

    /// RFC 8200 section 3. From fd00::31 to 2001:db8::2.
    static func ipv6(
        nextHeader: UInt8, _ payload: [UInt8], payloadLength: Int? = nil
    ) -> [UInt8] {
        [0x60, 0, 0, 0] + big16(payloadLength ?? payload.count) + [nextHeader, 64]
            + [0xfd, 0] + Array(repeating: 0, count: 13) + [0x31]
            + [0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [2] + payload
    }

    /// RFC 768.
    static func udp(
        _ payload: [UInt8], from source: Int = 5353, to port: Int = 53, length: Int? = nil
    ) -> [UInt8] {
        big16(source) + big16(port) + big16(length ?? 8 + payload.count) + [0, 0] + payload
    }

    /// RFC 9293 section 3.1; ACK and PSH unless told otherwise.
    static func tcp(
        _ payload: [UInt8], from source: Int = 41_112, to port: Int, sequence: UInt32 = 1_000,
        acknowledgment: UInt32 = 1, flags: UInt8 = 0x18, options: [UInt8] = []
    ) -> [UInt8] {
        big16(source) + big16(port) + big32(sequence) + big32(acknowledgment)
            + [UInt8((20 + options.count) / 4) << 4, flags] + big16(65_535) + [0, 0, 0, 0]
            + options + payload
    }

    static func segment(
        _ payload: [UInt8], to port: Int, sequence: UInt32 = 1_000, acknowledgment: UInt32 = 1,
        from source: Int = 41_112
    ) -> [UInt8] {
        ipv4(
            protocolNumber: 6,
            tcp(
                payload, from: source, to: port, sequence: sequence,
                acknowledgment: acknowledgment))
    }

    static func datagram(_ payload: [UInt8]) -> [UInt8] {
        ipv4(protocolNumber: 17, udp(payload))
    }

    /// UDP over IPv4.
    static func quic(
        _ payload: [UInt8], from source: Int = 50_000, to port: Int = 443
    ) -> [UInt8] {
        ipv4(protocolNumber: 17, udp(payload, from: source, to: port))
    }

    /// RFC 1035 section 3.1: each label behind its length, and the root.
    static func wireName(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    /// RFC 1035 section 4.1: a query with one question per name, recursion desired.
    static func query(_ names: [String], type: Int = 1) -> [UInt8] {
        [0x12, 0x34, 0x01, 0x00] + big16(names.count) + [0, 0, 0, 0, 0, 0]
            + names.flatMap { wireName($0) + big16(type) + [0, 1] }
    }

    /// RFC 1035 section 4.2.2: the message behind its length.
    static func framed(_ message: [UInt8]) -> [UInt8] { big16(message.count) + message }

    /// RFC 8446 section 4.1.2. `paddingBefore` octets of another extension stand before the name.
    static func hello(
        _ name: String?, paddingBefore: Int? = nil, paddingAfter: Int? = nil,
        extensionsBefore: [UInt8] = [], extensionsAfter: [UInt8] = []
    ) -> [UInt8] {
        // extended_master_secret, empty
        var extensions: [UInt8] = [0x00, 0x17, 0x00, 0x00] + extensionsBefore
        if let paddingBefore {
            extensions += big16(21) + big16(paddingBefore)
            extensions += Array(repeating: 0, count: paddingBefore)
        }
        if let name {
            // server_name: extension length, list length, host_name, name length, name.
            let length = name.utf8.count
            extensions += [0, 0] + big16(length + 5) + big16(length + 3) + [0] + big16(length)
            extensions += Array(name.utf8)
        }
        if let paddingAfter {
            extensions += big16(51) + big16(paddingAfter)
            extensions += (0..<paddingAfter).map { UInt8(truncatingIfNeeded: $0) }
        }
        extensions += extensionsAfter
        let body =
            [0x03, 0x03] + Array(repeating: 0xaa, count: 32)  // version, random
            + [0]  // no session id
            + [0, 4, 0x13, 0x01, 0x13, 0x02]  // two cipher suites
            + [1, 0]  // null compression
            + big16(extensions.count) + extensions
        return [1, 0] + big16(body.count) + body
    }

    /// RFC 8446 section 5.1: the message in records of at most `size` octets.
    static func records(_ message: [UInt8], size: Int = 16_384) -> [UInt8] {
        stride(from: 0, to: message.count, by: size).flatMap { start in
            let part = message[start..<min(start + size, message.count)]
            return [22, 3, 1] + big16(part.count) + part
        }
    }

    /// The stream cut before each of the offsets, with the sequence number of each piece.
    static func cut(
        _ stream: [UInt8], at offsets: [Int], to port: Int, sequence: UInt32 = 1_000
    ) -> [[UInt8]] {
        let edges = [0] + offsets + [stream.count]
        return zip(edges, edges.dropFirst()).map { start, end in
            segment(
                Array(stream[start..<end]), to: port,
                sequence: sequence &+ UInt32(truncatingIfNeeded: start))
        }
    }
}

/// An inspector that writes down what it sees.
struct Recorder: ~Copyable {
    private var inspector: PacketInspector
    private(set) var names: [String] = []
    private(set) var vectors: [Vector] = []
    private(set) var areWithECH: [Bool] = []
    private(set) var flows: [FlowKey] = []
    private(set) var outcomes: [InspectionOutcome] = []

    init(limits: InspectionLimits = .standard) { inspector = PacketInspector(limits: limits) }

    var counters: InspectionCounters { inspector.counters }

    mutating func see(
        _ packet: [UInt8], link: LinkLayer = .ip, originalPort: UInt16? = nil,
        at nanoseconds: UInt64 = 0
    ) {
        var seen: [(String, Vector, FlowKey, Bool)] = []
        let outcome = inspector.inspect(
            packet.span, link: link, originalPort: originalPort, at: nanoseconds
        ) { sighting in
            seen.append(
                (sighting.name.description, sighting.vector, sighting.flow, sighting.hasECH))
        }
        areWithECH += seen.map(\.3)
        names += seen.map(\.0)
        vectors += seen.map(\.1)
        flows += seen.map(\.2)
        outcomes.append(outcome)
    }

    mutating func see(_ packets: [[UInt8]]) {
        for packet in packets { see(packet) }
    }

    static func names(_ packets: [[UInt8]]) -> [String] {
        var recorder = Recorder()
        recorder.see(packets)
        return recorder.names
    }
}

/// A generator with a seed, so that a failure can be repeated (Steele et al., 2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
