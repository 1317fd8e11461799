import Inspection
import Testing
import Wire

@Suite("Packet headers")
struct PacketHeadersTests {
    private static let question = TestPackets.udp(TestPackets.query(["a.test"]))
    private static let frame: [UInt8] = [
        0x02, 0, 0, 0, 0, 1,  // destination
        0x02, 0, 0, 0, 0, 2,  // source
    ]

    @Test("Ethernet: none, one or two tags; more, ARP and short frames are not read")
    func ethernet() {
        let v4 = TestPackets.ipv4(protocolNumber: 17, Self.question)
        let v6 = TestPackets.ipv6(nextHeader: 17, Self.question)
        let tag: [UInt8] = [0x81, 0x00, 0x00, 0x0a]
        let outer: [UInt8] = [0x88, 0xa8, 0x00, 0x14]
        let cases: [(frame: [UInt8], names: [String], outcome: InspectionOutcome)] = [
            (Self.frame + [0x08, 0x00] + v4, ["a.test"], .open),
            (Self.frame + [0x86, 0xdd] + v6, ["a.test"], .open),
            (Self.frame + tag + [0x08, 0x00] + v4, ["a.test"], .open),
            (Self.frame + outer + tag + [0x08, 0x00] + v4, ["a.test"], .open),
            (Self.frame + outer + tag + tag + [0x08, 0x00] + v4, [], .open),
            (Self.frame + [0x08, 0x06] + v4, [], .open),
            // Padding behind the packet is the frame's, not the packet's.
            (Self.frame + [0x08, 0x00] + v4 + [0, 0, 0, 0, 0, 0], ["a.test"], .open),
            (Array(Self.frame.prefix(9)), [], .malformed),
            (Self.frame + [0x08, 0x00], [], .malformed),
            ([], [], .malformed),
        ]
        for (index, example) in cases.enumerated() {
            var recorder = Recorder()
            recorder.see(example.frame, link: .ethernet)
            #expect(recorder.names == example.names, "case \(index)")
            #expect(recorder.outcomes == [example.outcome], "case \(index)")
        }
    }

    @Test("IPv4 (RFC 791 3.1): options, total length, and the lengths that contradict")
    func ipv4() {
        let options: [UInt8] = [0x94, 0x04, 0, 0]  // router alert, RFC 2113
        let plain = TestPackets.ipv4(protocolNumber: 17, Self.question)
        var shortHeader = plain
        shortHeader[0] = 0x44
        var version5 = plain
        version5[0] = 0x55
        let cases: [(packet: [UInt8], names: [String], outcome: InspectionOutcome)] = [
            (plain, ["a.test"], .open),
            (
                TestPackets.ipv4(protocolNumber: 17, Self.question, options: options), ["a.test"],
                .open
            ),
            // A super-packet of more than 64 KiB says 0.
            (
                TestPackets.ipv4(protocolNumber: 17, Self.question, totalLength: 0), ["a.test"],
                .open
            ),
            (Array(plain.dropLast()), [], .malformed),
            (TestPackets.ipv4(protocolNumber: 17, Self.question, totalLength: 19), [], .malformed),
            (TestPackets.ipv4(protocolNumber: 17, Self.question, totalLength: 24), [], .malformed),
            (shortHeader, [], .malformed),
            (version5, [], .malformed),
            (Array(plain.prefix(19)), [], .malformed),
            (TestPackets.ipv4(protocolNumber: 1, Self.question), [], .open),
        ]
        for (index, example) in cases.enumerated() {
            var recorder = Recorder()
            recorder.see(example.packet)
            #expect(recorder.names == example.names, "case \(index)")
            #expect(recorder.outcomes == [example.outcome], "case \(index)")
        }
    }

    @Test("IPv6 (RFC 8200 4): each extension header is stepped over")
    func ipv6Extensions() {
        let padding: [UInt8] = [1, 4, 0, 0, 0, 0]  // PadN
        func chain(_ next: UInt8) -> [UInt8] { [next, 0] + padding }
        let authentication: [UInt8] = [17, 4] + Array(repeating: 0, count: 22)  // RFC 4302, 24 B
        let atomic: [UInt8] = [17, 0, 0, 0, 0, 0, 0, 1]  // RFC 6946: offset 0, no more
        let jumbo: [UInt8] = [17, 0, 0xc2, 4, 0, 0, 0, 0]  // RFC 2675
        let question = Self.question
        let cases: [(packet: [UInt8], names: [String], outcome: InspectionOutcome)] = [
            (TestPackets.ipv6(nextHeader: 17, question), ["a.test"], .open),
            (TestPackets.ipv6(nextHeader: 0, chain(17) + question), ["a.test"], .open),
            (
                TestPackets.ipv6(
                    nextHeader: 0, chain(43) + chain(60) + chain(51) + authentication + question),
                ["a.test"], .open
            ),
            (TestPackets.ipv6(nextHeader: 44, atomic + question), ["a.test"], .open),
            (
                TestPackets.ipv6(nextHeader: 0, jumbo + question, payloadLength: 0), ["a.test"],
                .open
            ),
            (
                TestPackets.ipv6(
                    nextHeader: 60, (0..<7).flatMap { _ in chain(60) } + chain(17) + question),
                ["a.test"], .open
            ),
            // As many as a packet of the least size holds: a receiver takes them, so do we.
            (
                TestPackets.ipv6(
                    nextHeader: 60, (0..<140).flatMap { _ in chain(60) } + chain(17) + question),
                ["a.test"], .open
            ),
            // An extension header longer than the packet, and one cut short.
            (TestPackets.ipv6(nextHeader: 0, [17, 200] + padding), [], .malformed),
            (TestPackets.ipv6(nextHeader: 0, [17, 0, 0, 0]), [], .malformed),
            (TestPackets.ipv6(nextHeader: 17, question, payloadLength: 0), [], .malformed),
            (TestPackets.ipv6(nextHeader: 17, question, payloadLength: 500), [], .malformed),
            (TestPackets.ipv6(nextHeader: 58, question), [], .open),  // ICMPv6
            (TestPackets.ipv6(nextHeader: 59, question), [], .open),  // no next header
        ]
        for (index, example) in cases.enumerated() {
            var recorder = Recorder()
            recorder.see(example.packet)
            #expect(recorder.names == example.names, "case \(index)")
            #expect(recorder.outcomes == [example.outcome], "case \(index)")
        }
    }

    @Test("fragments are counted; a first fragment is read as far as it goes")
    func fragments() {
        var recorder = Recorder()
        let moreFragments = 0x2000
        let whole = TestPackets.udp(TestPackets.query(["a.test"]), length: 600)
        recorder.see(TestPackets.ipv4(protocolNumber: 17, whole, fragment: moreFragments))
        #expect(recorder.names == ["a.test"])
        // Its question ends behind the fragment.
        recorder.see(
            TestPackets.ipv4(
                protocolNumber: 17, Array(whole.prefix(25)), fragment: moreFragments))
        // Not even its header is there (RFC 1858's tiny fragment).
        let tiny = Array(TestPackets.tcp([1], to: 443).prefix(8))
        recorder.see(TestPackets.ipv4(protocolNumber: 6, tiny, fragment: moreFragments))
        recorder.see(TestPackets.ipv4(protocolNumber: 17, whole, fragment: 64))
        recorder.see(
            TestPackets.ipv6(nextHeader: 44, [17, 0, 0x02, 0x00, 0, 0, 0, 1] + whole))
        #expect(recorder.outcomes == Array(repeating: .open, count: 5))
        #expect(recorder.names == ["a.test"])
        #expect(recorder.counters.fragments == 4)
        #expect(recorder.counters.malformed == 0)
    }

    @Test("UDP (RFC 768) and TCP (RFC 9293 3.1) lengths must fit the packet")
    func transportLengths() {
        let query = TestPackets.query(["a.test"])
        let hello = TestPackets.records(TestPackets.hello("a.test"))
        let timestamps: [UInt8] = [1, 1, 8, 10] + Array(repeating: 7, count: 8)
        var tooShort = TestPackets.tcp(hello, to: 443)
        tooShort[12] = 0x40
        var tooLong = TestPackets.tcp([], to: 443)
        tooLong[12] = 0xf0
        let cases: [(packet: [UInt8], names: [String], outcome: InspectionOutcome)] = [
            (
                TestPackets.ipv4(
                    protocolNumber: 6, TestPackets.tcp(hello, to: 443, options: timestamps)),
                ["a.test"], .settled
            ),
            (TestPackets.ipv4(protocolNumber: 6, tooShort), [], .malformed),
            (TestPackets.ipv4(protocolNumber: 6, tooLong), [], .malformed),
            (TestPackets.ipv4(protocolNumber: 6, Array(hello.prefix(12))), [], .malformed),
            (
                TestPackets.ipv4(
                    protocolNumber: 17, TestPackets.udp(query, length: 8 + query.count + 1)), [],
                .malformed
            ),
            (
                TestPackets.ipv4(protocolNumber: 17, TestPackets.udp(query, length: 7)), [],
                .malformed
            ),
            // A jumbogram's UDP length is 0, in IPv6 only (RFC 2675 4).
            (
                TestPackets.ipv6(nextHeader: 17, TestPackets.udp(query, length: 0)), ["a.test"],
                .open
            ),
            (
                TestPackets.ipv4(protocolNumber: 17, TestPackets.udp(query, length: 0)), [],
                .malformed
            ),
        ]
        for (index, example) in cases.enumerated() {
            var recorder = Recorder()
            recorder.see(example.packet)
            #expect(recorder.names == example.names, "case \(index)")
            #expect(recorder.outcomes == [example.outcome], "case \(index)")
        }
    }

    @Test("the five-tuple and the source come without inspection")
    func flowKey() {
        let v4 = TestPackets.segment([1], to: 443)
        let v6 = TestPackets.ipv6(nextHeader: 17, Self.question)
        #expect(Self.flow(v4)?.description == "tcp 10.20.0.31:41112 -> 203.0.113.2:443")
        #expect(Self.source(v4) == IPAddress("10.20.0.31"))
        #expect(Self.flow(v6)?.description == "udp [fd00::31]:5353 -> [2001:db8::2]:53")
        #expect(Self.source(v6) == IPAddress("fd00::31"))
        #expect(Self.flow([0x45, 0]) == nil)
        #expect(Self.source([]) == nil)
    }

    private static func flow(_ packet: [UInt8]) -> FlowKey? {
        PacketInspector.flow(of: packet.span, link: .ip)
    }

    private static func source(_ packet: [UInt8]) -> IPAddress? {
        PacketInspector.sourceAddress(of: packet.span, link: .ip)
    }

    @Test("what is no flow stays open")
    func noFlow() {
        var recorder = Recorder()
        recorder.see(TestPackets.ipv4(protocolNumber: 1, [3, 3, 0, 0]))
        recorder.see(TestPackets.segment([], to: 8_080))
        recorder.see(TestPackets.segment([], to: 443))
        #expect(recorder.outcomes == [.open, .open, .open])
        #expect(recorder.counters.otherProtocols == 1)
        #expect(recorder.counters.packets == 3)
    }
}
