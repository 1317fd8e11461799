import Inspection
import Testing
import Wire

@Suite("TLS ClientHello")
struct ClientHelloTests {
    private static let name = "account.xiaomi.com"
    private static let stream = TestPackets.records(
        TestPackets.hello(name, paddingBefore: 40, paddingAfter: 60))
    /// A hello with an X25519MLKEM768 key share, which does not fit one segment.
    private static let chrome = TestPackets.records(
        TestPackets.hello(name, paddingBefore: 300, paddingAfter: 1_400))

    @Test("RFC 6066 3: one segment names the server and settles the flow")
    func oneSegment() {
        var recorder = Recorder()
        recorder.see(TestPackets.segment(Self.stream, to: 443))
        #expect(recorder.names == [Self.name])
        #expect(recorder.vectors == [.tls])
        #expect(recorder.outcomes == [.settled])
        #expect(recorder.counters.bytesKept == 0)
    }

    @Test("RFC 6066 3: case and a trailing dot do not matter")
    func spelling() {
        let hello = TestPackets.records(TestPackets.hello("Account.XIAOMI.com."))
        #expect(Recorder.names([TestPackets.segment(hello, to: 443)]) == [Self.name])
    }

    @Test("RFC 8446 4.1.2: a hello that names nobody settles the flow and is counted")
    func nameless() {
        var recorder = Recorder()
        recorder.see(
            TestPackets.segment(TestPackets.records(TestPackets.hello(nil)), to: 443))
        #expect(recorder.outcomes == [.settled])
        #expect(recorder.names.isEmpty)
        #expect(recorder.counters.hellosWithoutName == 1)
    }

    @Test("RFC 5246 7.4.1.2: a hello may end without extensions")
    func noExtensions() {
        let body: [UInt8] =
            [3, 3] + Array(repeating: 1, count: 32) + [0, 0, 2, 0, 0x2f, 1, 0]
        let hello = TestPackets.records([1, 0] + TestPackets.big16(body.count) + body)
        var recorder = Recorder()
        recorder.see(TestPackets.segment(hello, to: 443))
        #expect(recorder.outcomes == [.settled])
    }

    @Test("two segments, cut at each offset, in either order")
    func cutAnywhere() {
        for offset in 1..<Self.stream.count {
            let pieces = TestPackets.cut(Self.stream, at: [offset], to: 443)
            var forwards = Recorder()
            forwards.see(pieces)
            #expect(forwards.names.first == Self.name, "forwards at \(offset)")
            var backwards = Recorder()
            backwards.see(pieces.reversed())
            #expect(backwards.names == [Self.name], "backwards at \(offset)")
            #expect(backwards.outcomes == [.open, .settled], "backwards at \(offset)")
            #expect(backwards.counters.bytesKept == 0)
        }
    }

    @Test("the name is found with its own last byte, before the hello is complete")
    func early() throws {
        let tail = Array(Self.name.utf8)
        let end =
            try #require(
                (0..<Self.stream.count - tail.count).first {
                    Array(Self.stream[$0..<$0 + tail.count]) == tail
                }
            ) + tail.count
        #expect(
            Recorder.names([TestPackets.segment(Array(Self.stream.prefix(end - 1)), to: 443)])
                == [])
        var recorder = Recorder()
        recorder.see(TestPackets.segment(Array(Self.stream.prefix(end)), to: 443))
        #expect(recorder.names == [Self.name])
        #expect(recorder.outcomes == [.settled])
    }

    @Test("one byte per segment: in order, reversed, shuffled, each sent twice")
    func byteByByte() {
        let pieces = TestPackets.cut(Self.stream, at: Array(1..<Self.stream.count), to: 443)
        #expect(Recorder.names(pieces).first == Self.name)
        #expect(Recorder.names(pieces.reversed()) == [Self.name])
        #expect(Recorder.names(pieces.flatMap { [$0, $0] }).first == Self.name)
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SplitMix64(state: seed)
            let shuffled = pieces.shuffled(using: &random)
            #expect(Recorder.names(shuffled).first == Self.name, "seed \(seed)")
        }
    }

    @Test("overlapping segments, in random order, of random lengths")
    func overlapping() {
        for seed in 1...200 as ClosedRange<UInt64> {
            var random = SplitMix64(state: seed)
            var pieces: [[UInt8]] = []
            var start = 0
            while start < Self.chrome.count {
                let length = Int.random(in: 1...400, using: &random)
                let from = max(0, start - Int.random(in: 0...200, using: &random))
                let end = min(Self.chrome.count, start + length)
                pieces.append(
                    TestPackets.segment(
                        Array(Self.chrome[from..<end]), to: 443, sequence: 1_000 + UInt32(from)))
                start = end
            }
            pieces.shuffle(using: &random)
            #expect(Recorder.names(pieces).first == Self.name, "seed \(seed)")
        }
    }

    @Test("where two copies differ, the name in either is seen", arguments: [false, true])
    func conflictingCopies(decoyFirst: Bool) throws {
        let decoy = TestPackets.records(
            TestPackets.hello("harmless-host.test", paddingBefore: 40, paddingAfter: 60))
        try #require(decoy.count == Self.stream.count)
        let copies = decoyFirst ? [decoy, Self.stream] : [Self.stream, decoy]
        // The middle comes first and twice, so that neither copy can be read before both are there.
        let middle = 10..<Self.stream.count
        var recorder = Recorder()
        for copy in copies {
            recorder.see(
                TestPackets.segment(Array(copy[middle]), to: 443, sequence: 1_010))
        }
        recorder.see(TestPackets.segment(Array(Self.stream.prefix(10)), to: 443))
        #expect(recorder.outcomes.last == .settled)
        #expect(recorder.counters.segmentsInConflict == 1)
        #expect(recorder.names.count == 1)
    }

    @Test("RFC 9293 3.4: sequence numbers wrap", arguments: [0, 1, 5, 100, 210, 1_400] as [UInt32])
    func wrapAround(before: UInt32) {
        let offsets = [1, 6, 100, 200, 1_300]
        let pieces = TestPackets.cut(
            Self.chrome, at: offsets, to: 443, sequence: 0 &- before)
        #expect(Recorder.names(pieces).first == Self.name)
        #expect(Recorder.names(pieces.reversed()) == [Self.name])
    }

    @Test(
        "a post-quantum hello in two segments of an MTU of 1500 and 1280",
        arguments: [1_448, 1_208])
    func postQuantum(segmentSize: Int) {
        #expect(Self.chrome.count > 1_780)
        let pieces = TestPackets.cut(Self.chrome, at: [segmentSize], to: 443)
        #expect(Recorder.names(pieces).first == Self.name)
        #expect(Recorder.names(pieces.reversed()) == [Self.name])
    }

    @Test("a GSO super-packet with a hello and early data behind it")
    func superPacket() {
        let payload = Self.chrome + Array(repeating: 0x17, count: 60_000)
        var recorder = Recorder()
        recorder.see(TestPackets.segment(payload, to: 443))
        #expect(recorder.names == [Self.name])
        #expect(recorder.outcomes == [.settled])
    }

    @Test(
        "RFC 8446 5.1: a hello in several records, cut at each offset",
        arguments: [1, 4, 50, 100, 211])
    func records(size: Int) {
        let stream = TestPackets.records(
            TestPackets.hello(Self.name, paddingBefore: 80), size: size)
        for offset in 1..<stream.count {
            let pieces = TestPackets.cut(stream, at: [offset], to: 443)
            #expect(Recorder.names(pieces).first == Self.name, "cut at \(offset)")
        }
    }

    @Test("a hello of 16 KiB with the name at its end, in any order of its segments")
    func longHello() {
        let message = TestPackets.hello(Self.name, paddingBefore: 16_250)
        #expect((16_300...16_384).contains(message.count))
        let stream = TestPackets.records(message)
        let pieces = TestPackets.cut(
            stream, at: Array(stride(from: 1_448, to: stream.count, by: 1_448)), to: 443)
        #expect(Recorder.names(pieces) == [Self.name])
        #expect(Recorder.names(pieces.reversed()) == [Self.name])
        for seed in 1...10 as ClosedRange<UInt64> {
            var random = SplitMix64(state: seed)
            #expect(Recorder.names(pieces.shuffled(using: &random)) == [Self.name])
        }
    }

    @Test("a hello longer than the buffer is given up and counted")
    func tooLong() {
        let stream = TestPackets.records(TestPackets.hello(Self.name, paddingBefore: 40_000))
        let pieces = TestPackets.cut(
            stream, at: Array(stride(from: 1_448, to: stream.count, by: 1_448)), to: 443)
        var recorder = Recorder()
        var seen = 0
        for piece in pieces where recorder.outcomes.last != .settled {
            recorder.see(piece)
            seen += 1
        }
        #expect(recorder.outcomes.last == .settled)
        #expect(seen == 13, "17 KiB are 12 segments of 1,448 bytes and a bit")
        #expect(recorder.counters.hellosTooLong == 1)
        #expect(recorder.counters.bytesKept == 0)
    }

    @Test("what is not TLS is settled once no hello can come before it")
    func notTLS() {
        var recorder = Recorder()
        let banner = Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)
        recorder.see(TestPackets.segment(banner, to: 443))
        #expect(recorder.outcomes == [.open], "an earlier segment may still come")
        let noise = Array(repeating: UInt8(0x5a), count: 1_448)
        for index in 0..<13 {
            let offset = banner.count + index * noise.count
            recorder.see(TestPackets.segment(noise, to: 443, sequence: 1_000 + UInt32(offset)))
        }
        #expect(recorder.outcomes.last == .settled)
        #expect(recorder.counters.bytesKept == 0)
    }

    @Test("RFC 7413: data with the SYN is the stream's beginning, so it tells at once")
    func fastOpen() {
        func open(_ payload: [UInt8]) -> [UInt8] {
            TestPackets.ipv4(
                protocolNumber: 6, TestPackets.tcp(payload, to: 443, sequence: 999, flags: 0x02))
        }
        var other = Recorder()
        other.see(open(Array("SSH-2.0\r\n".utf8)))
        #expect(other.outcomes == [.settled])
        // The SYN takes number 999, so the hello goes on at 1,100.
        var recorder = Recorder()
        recorder.see(open(Array(Self.stream.prefix(100))))
        recorder.see(
            TestPackets.segment(Array(Self.stream.dropFirst(100)), to: 443, sequence: 1_100))
        #expect(recorder.names == [Self.name])
    }

    @Test("lengths that contradict each other are malformed")
    func malformed() {
        let good = TestPackets.records(TestPackets.hello(Self.name))
        // Offsets: record 0...4, handshake 5...8, version and random 9...42, session id length 43,
        // suites length 44...45, suites 46...49, methods 50...51, extensions length 52...53, one
        // empty extension 54...57, server_name 58...59, its length 60...61, list length 62...63,
        // type 64, name length 65...66.
        for (offset, value) in [
            (8, 1), (43, 33), (44, 0xff), (50, 0xff), (53, 0), (60, 0xff), (62, 0xff), (65, 0xff),
        ] as [(Int, UInt8)] {
            var bad = good
            bad[offset] = value
            var recorder = Recorder()
            recorder.see(TestPackets.segment(bad, to: 443))
            #expect(recorder.outcomes == [.malformed], "octet \(offset)")
            #expect(recorder.names.isEmpty, "octet \(offset)")
            #expect(recorder.counters.malformed == 1)
        }
    }

    @Test("the root alone is no name")
    func root() {
        var recorder = Recorder()
        recorder.see(TestPackets.segment(TestPackets.records(TestPackets.hello(".")), to: 443))
        #expect(recorder.names.isEmpty)
        #expect(recorder.outcomes == [.malformed])
    }

    @Test("a new connection on the ports of an unfinished one is read")
    func portReuse() {
        var recorder = Recorder()
        recorder.see(TestPackets.segment(Array(Self.stream.prefix(50)), to: 443))
        let pieces = TestPackets.cut(Self.stream, at: [60], to: 443, sequence: 0x8000_0000)
        recorder.see(pieces)
        #expect(recorder.names == [Self.name])
        #expect(recorder.counters.segmentsOutOfWindow == 1)
    }
}
