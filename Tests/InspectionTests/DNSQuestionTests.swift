import Inspection
import Testing
import Wire

@Suite("DNS questions")
struct DNSQuestionTests {
    private static let header: [UInt8] = [
        0x12, 0x34,  // ID
        0x01, 0x00,  // QR 0, OPCODE 0, RD
        0, 1, 0, 0, 0, 0, 0, 0,  // one question
    ]
    private static let typeAndClass: [UInt8] = [0, 1, 0, 1]

    private static func outcome(_ message: [UInt8]) -> (names: [String], InspectionOutcome?) {
        var recorder = Recorder()
        recorder.see(TestPackets.datagram(message))
        return (recorder.names, recorder.outcomes.first)
    }

    @Test("RFC 1035 4.1.2: any type is a question", arguments: [1, 5, 16, 28, 64, 65, 255, 65_535])
    func types(type: Int) {
        let names = Recorder.names([
            TestPackets.datagram(TestPackets.query(["i.mi.com"], type: type))
        ])
        #expect(names == ["i.mi.com"])
    }

    @Test("the vector and the flow go with the name")
    func sighting() {
        var recorder = Recorder()
        recorder.see(TestPackets.datagram(TestPackets.query(["A.Test"])))
        #expect(recorder.names == ["a.test"])
        #expect(recorder.vectors == [.dns])
        #expect(recorder.flows.map(\.description) == ["udp 10.20.0.31:5353 -> 203.0.113.2:53"])
        #expect(recorder.counters.sightings == 1)
    }

    @Test("RFC 6891 6.1.1: additional records do not matter")
    func edns() {
        var message = TestPackets.query(["a.test"])
        message[11] = 1
        message += [0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]
        #expect(Self.outcome(message) == (["a.test"], .open))
    }

    @Test("RFC 1035 4.1.1: replies and other operations ask nothing")
    func notQueries() {
        for flags: UInt8 in [0x80, 0x81, 0x28, 0x20, 0x10] {
            var message = TestPackets.query(["a.test"])
            message[2] = flags
            #expect(Self.outcome(message) == ([], .open), "flags \(flags)")
        }
        #expect(Self.outcome(TestPackets.query([])) == ([], .open))
        #expect(Self.outcome(Self.header + [0] + Self.typeAndClass) == ([], .open), "the root")
    }

    @Test("every question is read, up to the limit of sixteen")
    func questions() {
        let names = (0..<20).map { "n\($0).test" }
        #expect(Self.outcome(TestPackets.query(names)) == (Array(names.prefix(16)), .open))
    }

    @Test("RFC 1035 4.1.4: a pointer to a prior name")
    func compression() {
        // Question 1 at offset 12: 1 'a' 4 'test' 0; question 2: 1 'b', pointer to 14.
        let message: [UInt8] =
            [0, 0, 1, 0, 0, 2, 0, 0, 0, 0, 0, 0]
            + [1, 0x61, 4, 0x74, 0x65, 0x73, 0x74, 0] + Self.typeAndClass
            + [1, 0x62, 0xc0, 14] + Self.typeAndClass
        #expect(Self.outcome(message) == (["a.test", "b.test"], .open))
    }

    @Test("RFC 1035 4.1.4: loops, forward pointers and other kinds of label are malformed")
    func badPointers() {
        let names: [[UInt8]] = [
            [0xc0, 12],  // to itself
            [0xc0, 14, 0xc0, 12],  // forward, then back
            [1, 0x61, 0xc0, 12],  // to its own beginning
            [0xff, 0xff],  // behind the message
            [0x40, 0x61, 0],  // RFC 2673 bit label
            [0x80, 0x61, 0],
        ]
        for name in names {
            #expect(
                Self.outcome(Self.header + name + Self.typeAndClass) == ([], .malformed), "\(name)")
        }
        // A pointer into the header cannot loop; what it reads is a name of some kind.
        let intoHeader = Self.outcome(Self.header + [0xc0, 4] + Self.typeAndClass)
        #expect(intoHeader.1 == .open)
    }

    @Test("RFC 1035 2.3.4: a name of 255 octets is read, one of 256 is not")
    func nameLength() {
        func name(lastLabel: Int) -> [UInt8] {
            (0..<3).flatMap { _ in [63] + Array(repeating: UInt8(0x61), count: 63) }
                + [UInt8(lastLabel)] + Array(repeating: 0x62, count: lastLabel) + [0]
        }
        // Three labels of 64 octets, one of 62, the root: 255.
        let longest = Self.outcome(Self.header + name(lastLabel: 61) + Self.typeAndClass)
        #expect(longest.names.first?.utf8.count == 253)
        #expect(longest.1 == .open)
        let tooLong = Self.outcome(Self.header + name(lastLabel: 62) + Self.typeAndClass)
        #expect(tooLong == ([], .malformed))
    }

    @Test("RFC 4343 2.1: a dot inside a label is escaped and makes no label boundary")
    func fakeBoundaries() {
        // One label "account.xiaomi.com", then the root.
        let dots: [UInt8] = [18] + Array("account.xiaomi.com".utf8) + [0]
        let escaped = Self.outcome(Self.header + dots + Self.typeAndClass)
        // `description` doubles the backslash that the buffer holds.
        #expect(escaped == (["account\\\\046xiaomi\\\\046com"], .open))
        let backslash: [UInt8] = [4] + Array("a\\b\u{7}".utf8) + [0]
        let odd = Self.outcome(Self.header + backslash + Self.typeAndClass)
        #expect(odd == (["a\\\\092b\\x07"], .open))
    }

    @Test("a message cut anywhere is malformed and shows nothing")
    func truncated() {
        let message = TestPackets.query(["account.xiaomi.com"])
        for count in 0..<message.count {
            let cut = Self.outcome(Array(message.prefix(count)))
            #expect(cut == ([], .malformed), "\(count) octets")
        }
    }

    @Test("RFC 1035 4.2.2: three messages over TCP, cut at each pair of neighbouring offsets")
    func streamSplitAnywhere() {
        let names = ["a.test", "account.xiaomi.com", "b.test"]
        let stream = names.flatMap { TestPackets.framed(TestPackets.query([$0])) }
        for offset in 1..<stream.count - 1 {
            for cuts in [[offset], [offset, offset + 1]] {
                var recorder = Recorder()
                recorder.see(TestPackets.cut(stream, at: cuts, to: 53))
                #expect(recorder.names == names, "\(cuts)")
                #expect(recorder.vectors == [.dnsTCP, .dnsTCP, .dnsTCP])
                #expect(recorder.outcomes.allSatisfy { $0 == .open })
                #expect(recorder.counters.flowsOpen == 0, "nothing waits: \(cuts)")
            }
        }
    }

    @Test("RFC 1035 4.2.2: one octet per segment, forwards and backwards")
    func streamOctetByOctet() {
        let stream = TestPackets.framed(TestPackets.query(["account.xiaomi.com"]))
        let pieces = TestPackets.cut(stream, at: Array(1..<stream.count), to: 53)
        #expect(Recorder.names(pieces) == ["account.xiaomi.com"])
        #expect(Recorder.names(pieces.reversed()).contains("account.xiaomi.com"))
    }

    @Test("a broken message over TCP does not hide the next, and a stream may be joined halfway")
    func streamGoesOn() {
        let broken = TestPackets.framed(Self.header + [0x40, 0x61, 0] + Self.typeAndClass)
        let good = TestPackets.framed(TestPackets.query(["a.test"]))
        #expect(Recorder.names([TestPackets.segment(broken + good, to: 53)]) == ["a.test"])
        // The tail of a message whose beginning was never seen, then a query.
        let tail: [UInt8] = [0x03, 0x63, 0x6f, 0x6d] + Array(repeating: 0xff, count: 20)
        let packets = [
            TestPackets.segment(tail, to: 53, sequence: 500),
            TestPackets.segment(good, to: 53, sequence: 500 + UInt32(tail.count)),
        ]
        #expect(Recorder.names(packets) == ["a.test"])
    }

    @Test("RFC 1035 4.1.1: over TCP too, flags that no client should set hide nothing")
    func oddFlagsInStream() {
        var message = TestPackets.query(["a.test"])
        message[3] = 0xff
        let stream = TestPackets.framed(message)
        #expect(Recorder.names([TestPackets.segment(stream, to: 53)]) == ["a.test"])
    }

    @Test("a long message over TCP is not kept once its questions are read")
    func longMessage() {
        let query = TestPackets.query(["a.test"]) + Array(repeating: 0, count: 60_000)
        let stream = TestPackets.framed(query) + TestPackets.framed(TestPackets.query(["b.test"]))
        var recorder = Recorder()
        recorder.see(
            TestPackets.cut(stream, at: [40, 1_400, 30_000, 60_010], to: 53).dropLast())
        #expect(recorder.names == ["a.test"])
        #expect(recorder.counters.bytesKept == 0)
        recorder.see(TestPackets.cut(stream, at: [60_010], to: 53).suffix(1).map { $0 })
        #expect(recorder.names == ["a.test", "b.test"])
    }
}
