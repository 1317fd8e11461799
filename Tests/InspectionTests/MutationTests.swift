import Inspection
import Testing
import Wire

/// Packets changed at random: none may trap, and the limits hold whatever comes. The reads are
/// bounds-checked, so one out of bounds would end the test run.
@Suite("Mutated packets")
struct MutationTests {
    private static let limits = InspectionLimits(
        bytesPerFlow: 2_048, flows: 64, bytesInTotal: 65_536, flowTimeoutSeconds: 10)

    private static let corpus: [(packet: [UInt8], link: LinkLayer)] = {
        let query = TestPackets.query(["account.xiaomi.com", "b.test"])
        let hello = TestPackets.records(
            TestPackets.hello("account.xiaomi.com", paddingBefore: 30), size: 60)
        let post = Array(
            ("POST http://a.test/ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc"
                + "GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nHost: b.test\r\n\r\n").utf8)
        let frame: [UInt8] = Array(repeating: 2, count: 12)
        let chain: [UInt8] = [60, 0, 1, 4, 0, 0, 0, 0, 6, 0, 1, 4, 0, 0, 0, 0]
        let packets: [([UInt8], LinkLayer)] = [
            (TestPackets.datagram(query), .ip),
            (TestPackets.ipv6(nextHeader: 17, TestPackets.udp(query)), .ip),
            (
                TestPackets.segment(TestPackets.framed(query) + TestPackets.framed(query), to: 53),
                .ip
            ),
            (TestPackets.segment(hello, to: 443), .ip),
            (TestPackets.ipv6(nextHeader: 0, chain + TestPackets.tcp(hello, to: 443)), .ip),
            (TestPackets.segment(post, to: 80), .ip),
            (frame + [0x81, 0, 0, 1, 0x08, 0] + TestPackets.segment(hello, to: 443), .ethernet),
        ]
        let pieces = [(hello, 443), (post, 80), (TestPackets.framed(query), 53)].flatMap {
            TestPackets.cut($0, at: [5, 40], to: $1).map { ($0, LinkLayer.ip) }
        }
        return (packets + pieces).map { (packet: $0, link: $1) }
    }()

    @Test("200,000 packets, seeded", arguments: [1, 2, 3, 4] as [UInt64])
    func mutations(seed: UInt64) {
        var random = SplitMix64(state: seed)
        var inspector = PacketInspector(limits: Self.limits)
        var names = 0
        for round in 0..<50_000 {
            let pick = Int.random(in: 0..<Self.corpus.count, using: &random)
            var packet = Self.corpus[pick].packet
            Self.mutate(&packet, using: &random)
            _ = inspector.inspect(
                packet.span, link: Self.corpus[pick].link, at: UInt64(round) * 10_000_000
            ) { sighting in
                names += sighting.name.count > 0 ? 1 : 0
            }
        }
        let counters = inspector.counters
        #expect(counters.packets == 50_000)
        #expect(counters.flowsOpen <= Self.limits.flows)
        #expect(counters.bytesKept <= Self.limits.bytesInTotal)
        #expect(names > 10_000, "most mutations leave something to read")
        #expect(counters.malformed > 1_000)
        #expect(counters.segmentsInConflict > 100)
    }

    static func mutate(_ packet: inout [UInt8], using random: inout SplitMix64) {
        for _ in 0..<Int.random(in: 0...3, using: &random) where !packet.isEmpty {
            let place = Int.random(in: 0..<packet.count, using: &random)
            switch Int.random(in: 0..<6, using: &random) {
            case 0: packet[place] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 1:
                packet[place] =
                    [0, 1, 0x3f, 0x7f, 0x80, 0xc0, 0xff].randomElement(using: &random) ?? 0
            case 2: packet.removeLast(min(packet.count, Int.random(in: 1...30, using: &random)))
            case 3: packet.insert(UInt8.random(in: 0...255, using: &random), at: place)
            case 4: packet.remove(at: place)
            default:
                // The low octets of the sequence number of an IPv4 segment without options.
                if packet.count > 27 { packet[27] = UInt8.random(in: 0...255, using: &random) }
            }
        }
    }
}
