import InitialPackets
import Inspection
import Testing
import Wire

/// Every form in which a hello may come, with the activation name and with names that only look
/// like it: the name is shown as it is, once its last byte is there and not before.
@Suite("Forms of a hello")
struct HelloFormTests {
    private static let trigger = "account.xiaomi.com"
    private static let names = [
        trigger, "notaccount.xiaomi.com", "account.xiaomi.com.evil.example",
    ]
    private static let ports = [443, 8_443]

    /// A post-quantum hello: the share of X25519MLKEM768 has 1,216 octets
    /// (draft-ietf-tls-ecdhe-mlkem section 4.2). `isNameLast` is where browsers may shuffle it.
    private static func large(_ name: String, isNameLast: Bool) -> [UInt8] {
        TestPackets.records(
            isNameLast
                ? TestPackets.hello(name, paddingBefore: 1_600)
                : TestPackets.hello(name, paddingAfter: 1_600))
    }

    @Test("cut in two at each offset of 300 octets and more, in either order", arguments: names)
    func halves(name: String) {
        let stream = TestPackets.records(TestPackets.hello(name, paddingBefore: 240))
        #expect(stream.count > 300)
        for port in Self.ports {
            for cut in 1..<stream.count {
                let pieces = TestPackets.cut(stream, at: [cut], to: port)
                #expect(Recorder.names(pieces) == [name], "cut at \(cut)")
                #expect(Recorder.names(pieces.reversed()) == [name], "cut at \(cut), reversed")
            }
        }
    }

    @Test("one byte per segment, forwards, backwards and each twice", arguments: names)
    func bytes(name: String) {
        let stream = TestPackets.records(TestPackets.hello(name, paddingBefore: 240))
        for port in Self.ports {
            let pieces = TestPackets.cut(stream, at: Array(1..<stream.count), to: port)
            for order in [pieces, pieces.reversed(), pieces.flatMap { [$0, $0] }] {
                var recorder = Recorder()
                recorder.see(order)
                #expect(Set(recorder.names) == [name])
                #expect(recorder.outcomes.contains(.settled))
            }
        }
    }

    @Test("post-quantum size over MTU 1280 and 1500, both families' headers", arguments: names)
    func postQuantum(name: String) {
        for isNameLast in [false, true] {
            let stream = Self.large(name, isNameLast: isNameLast)
            for step in [1_280 - 60, 1_280 - 40, 1_500 - 60, 1_500 - 40] {
                let cuts = Array(stride(from: step, to: stream.count, by: step))
                #expect(!cuts.isEmpty)
                for port in Self.ports {
                    let pieces = TestPackets.cut(stream, at: cuts, to: port)
                    #expect(Recorder.names(pieces) == [name], "MTU of \(step)")
                    #expect(Recorder.names(pieces.reversed()) == [name], "MTU of \(step)")
                    // Not a segment later than it has to be.
                    var recorder = Recorder()
                    if !isNameLast { recorder.see(pieces[0]) }
                    #expect(recorder.names == (isNameLast ? [] : [name]))
                }
            }
        }
    }

    @Test("overlapping segments, and two records cut anywhere", arguments: names)
    func overlapsAndRecords(name: String) {
        let message = TestPackets.hello(name, paddingBefore: 240)
        let stream = TestPackets.records(message)
        for step in [1, 7, 40, 99] {
            let pieces = stride(from: 0, to: stream.count, by: step).map { start in
                TestPackets.segment(
                    Array(stream[start..<min(start + step * 2 + 1, stream.count)]), to: 8_443,
                    sequence: 1_000 + UInt32(start))
            }
            #expect(Set(Recorder.names(pieces)) == [name])
            #expect(Set(Recorder.names(pieces.reversed())) == [name])
        }
        for size in message.count / 2..<message.count {
            let records = TestPackets.records(message, size: size)
            #expect(Recorder.names([TestPackets.segment(records, to: 8_443)]) == [name])
            let halves = TestPackets.cut(records, at: [size + 3], to: 8_443)
            #expect(Recorder.names(halves) == [name], "a record of \(size)")
        }
    }

    @Test("QUIC 1 and 2: shuffled over one, two and three datagrams, on any port", arguments: names)
    func quic(name: String) {
        let message = TestPackets.hello(name, paddingAfter: 1_500)
        let frames = Initial.frames(message, size: 61)
        for version in [Initial.version1, Initial.version2] {
            for count in 1...3 {
                var dealt: [[UInt8]] = Array(repeating: [], count: count)
                for (index, frame) in frames.enumerated().reversed() {
                    dealt[index % count] += frame
                }
                let packets = dealt.enumerated().map { index, frames in
                    var initial = Initial(frames, version: version)
                    initial.number = UInt32(index)
                    return initial
                }
                let datagrams = packets.map { TestPackets.quic($0.packet(), to: 8_443) }
                #expect(Recorder.names(datagrams) == [name])
                #expect(Recorder.names(datagrams.reversed()) == [name])
                let early = packets.map {
                    TestPackets.quic($0.earlyData(50) + $0.packet() + $0.earlyData(50), to: 8_443)
                }
                #expect(Recorder.names(early) == [name], "with early data")
            }
        }
    }
}
