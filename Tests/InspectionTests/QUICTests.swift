import InitialPackets
import Inspection
import Testing
import Wire

@Suite("QUIC Initials")
struct QUICTests {
    private static let name = "account.xiaomi.com"
    private static let hello = TestPackets.hello(name, paddingBefore: 40, paddingAfter: 60)
    /// A hello with an X25519MLKEM768 key share, which does not fit one datagram.
    private static let chrome = TestPackets.hello(name, paddingBefore: 300, paddingAfter: 1_400)
    /// The same size with the name at its end: its first datagram shows nothing.
    private static let late = TestPackets.hello(name, paddingBefore: 1_700)
    private static let versions = [Initial.version1, Initial.version2]

    /// One datagram of 1,200 octets with these frames.
    private static func datagram(
        _ frames: [UInt8], version: UInt32 = Initial.version1, number: UInt32 = 0,
        from port: Int = 50_000
    ) -> [UInt8] {
        var initial = Initial(frames, version: version)
        initial.number = number
        return TestPackets.quic(initial.packet(paddedTo: 1_200), from: port)
    }

    /// The message cut at the places, a datagram for each piece.
    private static func cut(
        _ message: [UInt8], at places: [Int], version: UInt32 = Initial.version1
    ) -> [[UInt8]] {
        let edges = [0] + places + [message.count]
        return zip(edges, edges.dropFirst()).enumerated().map { number, edge in
            datagram(
                Initial.crypto(message, edge.0..<edge.1), version: version,
                number: UInt32(number))
        }
    }

    @Test("RFC 9001 4.1.3: one datagram names the server and settles the flow", arguments: versions)
    func oneDatagram(version: UInt32) {
        var recorder = Recorder()
        recorder.see(
            Self.datagram(Initial.crypto(Self.hello, 0..<Self.hello.count), version: version))
        #expect(recorder.names == [Self.name])
        #expect(recorder.vectors == [.quic])
        #expect(recorder.outcomes == [.settled])
        #expect(recorder.counters.bytesKept == 0)
        #expect(recorder.counters.flowsOpen == 0)
    }

    @Test("over IPv6, and with a packet number of each length", arguments: 1...4)
    func numberLengths(length: Int) {
        var initial = Initial(Initial.crypto(Self.hello, 0..<Self.hello.count))
        initial.number = 0x7b
        initial.numberLength = length
        let packet = TestPackets.ipv6(
            nextHeader: 17,
            TestPackets.udp(initial.packet(paddedTo: 1_200), from: 50_000, to: 443))
        #expect(Recorder.names([packet]) == [Self.name])
    }

    @Test("names that only look like the endpoint are shown as they are")
    func otherNames() {
        for name in ["notaccount.xiaomi.com", "account.xiaomi.com.evil.example"] {
            let hello = TestPackets.hello(name, paddingBefore: 40)
            #expect(Recorder.names(Self.cut(hello, at: [])) == [name])
            #expect(Recorder.names(Self.cut(hello, at: [60]).reversed()) == [name])
        }
    }

    @Test("two datagrams, cut at each offset, in either order", arguments: versions)
    func cutAnywhere(version: UInt32) {
        for offset in 1..<Self.hello.count {
            let pieces = Self.cut(Self.hello, at: [offset], version: version)
            #expect(Recorder.names(pieces).first == Self.name, "forwards at \(offset)")
            var backwards = Recorder()
            backwards.see(pieces.reversed())
            #expect(backwards.names == [Self.name], "backwards at \(offset)")
            #expect(backwards.outcomes == [.open, .settled], "backwards at \(offset)")
            #expect(backwards.counters.bytesKept == 0)
        }
    }

    @Test("three datagrams of a post-quantum hello, in each order")
    func threeDatagrams() {
        let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]]
        for first in stride(from: 50, to: 1_000, by: 97) {
            let pieces = Self.cut(Self.chrome, at: [first, first + 700])
            for order in orders {
                let names = Recorder.names(order.map { pieces[$0] })
                #expect(names.first == Self.name, "cut at \(first), order \(order)")
            }
        }
    }

    @Test("frames in any order, with PING and PADDING between, in one datagram and in two")
    func shuffledFrames() {
        for seed in 1...200 as ClosedRange<UInt64> {
            var random = SplitMix64(state: seed)
            let size = Int.random(in: 1...60, using: &random)
            var frames = Initial.frames(Self.hello, size: size).shuffled(using: &random)
            let noise: [[UInt8]] = [
                [1], [0, 0, 0], [2, 5, 0, 1, 0, 1, 1], [3, 9, 0, 0, 4, 1, 1, 1],
            ]
            for piece in noise {
                frames.insert(piece, at: Int.random(in: 0...frames.count, using: &random))
            }
            let half = Int.random(in: 0...frames.count, using: &random)
            #expect(Recorder.names([Self.datagram(frames.flatMap(\.self))]) == [Self.name])
            let two = [frames[..<half], frames[half...]].map { Self.datagram($0.flatMap(\.self)) }
            #expect(Recorder.names(two).first == Self.name, "seed \(seed)")
        }
    }

    @Test("overlapping and repeated pieces")
    func overlapping() {
        var frames: [[UInt8]] = []
        for start in stride(from: 0, to: Self.hello.count, by: 10) {
            frames.append(
                Initial.crypto(Self.hello, max(0, start - 7)..<min(Self.hello.count, start + 15)))
        }
        frames.reverse()
        #expect(Recorder.names([Self.datagram(frames.flatMap(\.self))]) == [Self.name])
        #expect(
            Recorder.names(frames.flatMap { [Self.datagram($0), Self.datagram($0)] }).first
                == Self.name)
    }

    @Test("a lost datagram that is sent again, with another packet number")
    func lostAndSentAgain() {
        let pieces = Self.cut(Self.late, at: [1_000])
        let again = Self.datagram(Initial.crypto(Self.late, 0..<1_000), number: 9)
        var recorder = Recorder()
        recorder.see([pieces[1], pieces[1], again])
        #expect(recorder.names == [Self.name])
        #expect(recorder.outcomes == [.open, .open, .settled])
    }

    @Test("RFC 9000 12.2: coalesced with early data before and behind, and with another Initial")
    func coalesced() {
        let early = Initial([]).earlyData(300)
        let whole = Initial(Initial.crypto(Self.hello, 0..<Self.hello.count)).packet()
        #expect(Recorder.names([TestPackets.quic(early + whole)]) == [Self.name])
        #expect(Recorder.names([TestPackets.quic(whole + early)]) == [Self.name])
        let halves = [0..<100, 100..<Self.hello.count].map {
            Initial(Initial.crypto(Self.hello, $0)).packet()
        }
        #expect(Recorder.names([TestPackets.quic(halves[1] + early + halves[0])]) == [Self.name])
        // Early data that overtakes the Initials in datagrams of its own.
        var recorder = Recorder()
        recorder.see([
            TestPackets.quic(early), TestPackets.quic(halves[1]), TestPackets.quic(early),
            TestPackets.quic(halves[0]),
        ])
        #expect(recorder.names == [Self.name])
        #expect(recorder.outcomes == [.open, .open, .open, .settled])
    }

    @Test("a super-packet that holds several datagrams")
    func superPacket() {
        let pieces = Initial.frames(Self.chrome, size: 700).map {
            Initial($0).packet(paddedTo: 1_200)
        }
        #expect(pieces.count == 3)
        #expect(Recorder.names([TestPackets.quic(pieces.flatMap(\.self))]) == [Self.name])
    }

    @Test("RFC 9001 5.2: after a Retry the keys come from the new id, with its token before")
    func retry() {
        let first = Self.datagram(Initial.crypto(Self.late, 0..<900))
        var second = Initial(
            Initial.crypto(Self.late, 0..<900), connectionID: [9, 8, 7, 6, 5, 4, 3, 2, 1])
        second.token = (0..<120).map { UInt8($0) }
        second.number = 1
        var third = second
        third.frames = Initial.crypto(Self.late, 900..<Self.late.count)
        var recorder = Recorder()
        recorder.see(
            [first] + [second, third].map { TestPackets.quic($0.packet(paddedTo: 1_200)) })
        #expect(recorder.names == [Self.name])
        #expect(recorder.counters.quicPacketsSealed == 0)
    }

    @Test("RFC 9001 5.2: the id changes to the server's, the keys do not")
    func serverChosenID() {
        let first = Self.datagram(Initial.crypto(Self.late, 0..<900))
        var second = Initial(Initial.crypto(Self.late, 900..<Self.late.count))
        second.keysID = second.connectionID
        second.connectionID = [1, 2, 3, 4]
        var recorder = Recorder()
        recorder.see([first, TestPackets.quic(second.packet(paddedTo: 1_200))])
        #expect(recorder.names == [Self.name])
        #expect(recorder.counters.quicPacketsSealed == 0)
    }

    @Test("another connection on the ports of an unfinished one is read")
    func portReuse() {
        let other = TestPackets.hello("www.example.org", paddingBefore: 500, paddingAfter: 900)
        let stale = Self.datagram(Initial.crypto(other, 0..<1_000))
        var fresh = Initial(Initial.crypto(Self.hello, 0..<Self.hello.count))
        fresh.connectionID = [1, 1, 2, 3, 5, 8, 13, 21]
        var recorder = Recorder()
        recorder.see(stale)
        recorder.see(TestPackets.quic(fresh.packet(paddedTo: 1_200)))
        #expect(recorder.names.last == Self.name)
        #expect(recorder.outcomes.last == .settled)
    }

    @Test("a packet whose tag is wrong is dropped and counted, and the next is read")
    func wrongTag() {
        var bad = Self.datagram(Initial.crypto(Self.hello, 0..<Self.hello.count))
        bad[bad.count - 1] ^= 1
        var recorder = Recorder()
        recorder.see(bad)
        #expect(recorder.names.isEmpty)
        #expect(recorder.outcomes == [.open])
        #expect(recorder.counters.quicPacketsSealed == 1)
        #expect(recorder.counters.bytesKept == 0)
        recorder.see(Self.datagram(Initial.crypto(Self.hello, 0..<Self.hello.count)))
        #expect(recorder.names == [Self.name])
    }

    @Test("RFC 9000 15: other versions are counted, and left to go on")
    func otherVersions() {
        var recorder = Recorder()
        var draft = Initial(Initial.crypto(Self.hello, 0..<Self.hello.count))
            .packet(paddedTo: 1_200)
        draft[1...4] = [0xff, 0, 0, 29]
        recorder.see(TestPackets.quic(draft))
        #expect(recorder.counters.quicVersionsUnknown == 1)
        #expect(recorder.outcomes == [.open])
        recorder.see(Self.datagram(Initial.crypto(Self.hello, 0..<Self.hello.count)))
        #expect(recorder.names == [Self.name], "the version that was negotiated")
    }

    @Test("a hello that names nobody settles the flow and is counted")
    func nameless() {
        var recorder = Recorder()
        recorder.see(Self.cut(TestPackets.hello(nil), at: []))
        #expect(recorder.outcomes == [.settled])
        #expect(recorder.counters.hellosWithoutName == 1)
    }

    @Test("frames that no Initial may have, and lengths past the end, are malformed")
    func malformed() {
        let good = Initial.crypto(Self.hello, 0..<Self.hello.count)
        let bad: [[UInt8]] = [
            [0x08, 0, 1, 2], [6, 0, 0x7f, 0xff, 1], [6], [2, 0, 0, 0x40], [0x1c, 1, 6, 9],
            [2, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], [6, 0, 2, 2, 0],
        ]
        for frames in bad {
            var recorder = Recorder()
            recorder.see(TestPackets.quic(Initial(frames).packet()))
            #expect(recorder.outcomes == [.malformed], "\(frames)")
            #expect(recorder.counters.malformed == 1)
            recorder.see(Self.datagram(good))
            #expect(recorder.names == [Self.name], "\(frames)")
        }
        // The lengths of both ids, of the token and of the packet (offsets 5, 14, 17 and 18).
        for offset in [5, 14, 17, 18] {
            var packet = Initial(good).packet()
            packet[offset] = 0x7f
            var recorder = Recorder()
            recorder.see(TestPackets.quic(packet))
            #expect(recorder.outcomes == [.malformed], "octet \(offset)")
        }
    }

    @Test("RFC 9000 14.1: what begins with no long header is let by at once, on any port")
    func notQUIC() {
        let others: [[UInt8]] = [
            [0x40, 1, 2, 3, 4, 5, 6, 7, 8], [], [0xc0], [0xc0, 0, 0, 0, 0, 0, 0, 0],
            // RTP (RFC 3550 section 5.1) sets the first bit as well.
            [0x80, 0x60] + Array(repeating: 7, count: 1_300),
        ]
        for other in others {
            for port in [443, 8_443, 51_820] {
                var recorder = Recorder()
                recorder.see(TestPackets.quic(other, to: port))
                #expect(recorder.outcomes == [.settled], "\(other.prefix(8))")
                #expect(recorder.counters.flowsForeign == 1)
                #expect(recorder.counters.flowsOpen == 0)
            }
        }
        // What is half open is not given up for a stray datagram.
        var recorder = Recorder()
        recorder.see(Self.datagram(Initial.crypto(Self.hello, 0..<40)))
        recorder.see(TestPackets.quic(others[0]))
        #expect(recorder.outcomes == [.open, .open])
        recorder.see(Self.datagram(Initial.crypto(Self.hello, 40..<Self.hello.count)))
        #expect(recorder.names == [Self.name])
    }

    @Test("a flow that shows no hello is let by after a named number of datagrams")
    func noHello() {
        var recorder = Recorder()
        let limit = InspectionLimits.standard.datagramsPerFlow
        let handshake: [UInt8] = [0xe0, 0, 0, 0, 1, 1, 9, 1, 9, 2, 0, 0]
        for _ in 0..<limit { recorder.see(TestPackets.quic(handshake)) }
        #expect(recorder.outcomes.dropLast().allSatisfy { $0 == .open })
        #expect(recorder.outcomes.last == .settled)
        #expect(recorder.counters.flowsOpen == 0)
        #expect(recorder.counters.malformed == 0)
    }

    @Test("a hello of 16 KiB, in any order; one that is longer is given up and counted")
    func longHellos() {
        let long = TestPackets.hello(Self.name, paddingBefore: 16_000)
        let pieces = Initial.frames(long, size: 1_100).map { Self.datagram($0) }
        #expect(Recorder.names(pieces) == [Self.name])
        #expect(Recorder.names(pieces.reversed()) == [Self.name])
        var recorder = Recorder()
        let longer = TestPackets.hello(Self.name, paddingBefore: 40_000)
        for frame in Initial.frames(longer, size: 1_100) where recorder.outcomes.last != .settled {
            recorder.see(Self.datagram(frame))
        }
        #expect(recorder.outcomes.last == .settled)
        #expect(recorder.outcomes.count == 16, "17 KiB are 15 pieces of 1,100 bytes and a bit")
        #expect(recorder.counters.hellosTooLong == 1)
        #expect(recorder.counters.bytesKept == 0)
    }

    @Test("50,000 half-open hellos stay within flows and bytes; a new one is still read")
    func halfOpenHellos() {
        var recorder = Recorder()
        let limits = InspectionLimits.standard
        let first = Initial(Initial.crypto(Self.late, 0..<1_100)).packet(paddedTo: 1_200)
        let second = Initial(Initial.crypto(Self.late, 1_100..<Self.late.count))
            .packet(paddedTo: 1_200)
        for port in 10_000..<60_000 {
            recorder.see(TestPackets.quic(first, from: port))
            let counters = recorder.counters
            guard counters.bytesKept <= limits.bytesInTotal, counters.flowsOpen <= limits.flows
            else {
                Issue.record("over the limit: \(counters)")
                return
            }
        }
        let counters = recorder.counters
        #expect(counters.flowsEvicted + UInt64(counters.flowsOpen) == 50_000)
        #expect(counters.flowsOpen > 4_000, "the limits hold thousands of hellos")
        recorder.see(TestPackets.quic(second, from: 59_999))
        #expect(recorder.names == [Self.name])
        recorder.see(TestPackets.quic(second, from: 10_000))
        #expect(recorder.names.count == 1, "the first of all was evicted long ago")
    }

    @Test("a half-open hello is forgotten after ten seconds of silence")
    func timeout() {
        let pieces = Self.cut(Self.late, at: [1_000])
        var recorder = Recorder()
        recorder.see(pieces[0], at: 0)
        recorder.see(pieces[1], at: 11_000_000_000)
        #expect(recorder.names.isEmpty)
        #expect(recorder.counters.flowsExpired == 1)
    }
}
