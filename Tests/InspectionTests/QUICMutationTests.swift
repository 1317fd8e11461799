import InitialPackets
import Inspection
import Testing
import Wire

/// As `MutationTests`, but what is changed is sealed afterwards: a tag that does not fit would keep
/// nearly all of it from the decoders. Some packets are changed after that too.
@Suite("Mutated QUIC packets")
struct QUICMutationTests {
    private static let limits = InspectionLimits(
        bytesPerFlow: 2_048, datagramsPerFlow: 16, flows: 64, bytesInTotal: 65_536,
        flowTimeoutSeconds: 10)

    private static let corpus: [[UInt8]] = {
        let hello = TestPackets.hello("account.xiaomi.com", paddingBefore: 30)
        let pieces = Initial.frames(hello, size: 50)
        let acknowledgement: [UInt8] = [2, 5, 0, 1, 0, 1, 1]
        let close: [UInt8] = [0x1c, 1, 6, 3, 1, 2, 3]
        return [
            Initial.crypto(hello, 0..<hello.count),
            pieces.reversed().flatMap { [1, 0, 0] + $0 },
            acknowledgement + pieces[1] + pieces[0] + close,
            pieces[2] + [3, 9, 0, 0, 4, 1, 1, 1],
            pieces[0] + pieces[0] + pieces[2],
        ]
    }()

    @Test("200,000 packets, seeded", arguments: [1, 2, 3, 4] as [UInt64])
    func mutations(seed: UInt64) {
        var random = SplitMix64(state: seed)
        var inspector = PacketInspector(limits: Self.limits)
        var names = 0
        for round in 0..<50_000 {
            let packet = TestPackets.quic(
                Self.datagram(using: &random),
                from: Int.random(in: 1...100, using: &random))
            _ = inspector.inspect(packet.span, link: .ip, at: UInt64(round) * 10_000_000) {
                names += $0.name.count > 0 ? 1 : 0
            }
        }
        let counters = inspector.counters
        #expect(counters.packets == 50_000)
        #expect(counters.flowsOpen <= Self.limits.flows)
        #expect(counters.bytesKept <= Self.limits.bytesInTotal)
        #expect(names > 5_000, "many mutations leave something to read")
        #expect(counters.malformed > 1_000)
        #expect(counters.quicPacketsSealed > 1_000)
        #expect(counters.quicVersionsUnknown > 100)
        #expect(counters.segmentsInConflict > 100)
        #expect(counters.segmentsOutOfWindow > 100)
    }

    private static func datagram(using random: inout SplitMix64) -> [UInt8] {
        var frames = corpus[Int.random(in: 0..<corpus.count, using: &random)]
        MutationTests.mutate(&frames, using: &random)
        var initial = Initial(
            frames, version: Bool.random(using: &random) ? Initial.version1 : Initial.version2)
        initial.numberLength = Int.random(in: 1...4, using: &random)
        if Int.random(in: 0..<8, using: &random) == 0 { initial.connectionID = [4, 3, 2, 1] }
        if Int.random(in: 0..<8, using: &random) == 0 { initial.token = [9, 9, 9] }
        var packet = initial.packet()
        if Int.random(in: 0..<3, using: &random) == 0 {
            // Most of the octets are sealed: the header is where a change tells.
            var header = Array(packet.prefix(24))
            MutationTests.mutate(&header, using: &random)
            packet.replaceSubrange(..<24, with: header)
        }
        switch Int.random(in: 0..<6, using: &random) {
        case 0: return initial.earlyData(30) + packet
        case 1: return packet + initial.packet()
        default: return packet
        }
    }
}
