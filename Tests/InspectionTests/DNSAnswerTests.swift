import Inspection
import Testing
import Wire

/// What an answer said, written down.
private struct Said: Equatable {
    var lines: [String] = []
    var reading: AnswerReading?

    init(_ packet: [UInt8]) {
        var lines: [String] = []
        reading = AnswerPacket.read(packet.span, link: .ip) { name, piece in
            let text =
                switch piece {
                case .question(let type): "question \(type)"
                case .alias: "alias"
                case .address(let address, let seconds): "address \(address) \(seconds)"
                case .service(let hasECH): "service ech=\(hasECH)"
                }
            lines.append("\(name) \(text)")
        }
        self.lines = lines
    }
}

@Suite("DNS answers")
struct DNSAnswerTests {
    private static let a = 1
    private static let cname = 5
    private static let aaaa = 28
    private static let https = 65

    /// RFC 1035 section 4.1.3.
    private static func record(
        _ owner: [UInt8], _ type: Int, _ data: [UInt8], seconds: UInt32 = 300, kind: Int = 1
    ) -> [UInt8] {
        owner + TestPackets.big16(type) + TestPackets.big16(kind) + TestPackets.big32(seconds)
            + TestPackets.big16(data.count) + data
    }

    private static func answer(
        _ name: String, type: Int = 1, records: [[UInt8]], code: UInt8 = 0, count: Int? = nil
    ) -> [UInt8] {
        [0x12, 0x34, 0x81, 0x80 | code, 0, 1] + TestPackets.big16(count ?? records.count)
            + [0, 0, 0, 0] + TestPackets.wireName(name) + TestPackets.big16(type) + [0, 1]
            + records.flatMap { $0 }
    }

    private static func datagram(_ message: [UInt8]) -> [UInt8] {
        TestPackets.ipv4(protocolNumber: 17, TestPackets.udp(message, from: 53, to: 5353))
    }

    /// The question's name, by a pointer.
    private static let same: [UInt8] = [0xc0, 12]

    @Test("addresses of both families, each with its time")
    func addresses() {
        let six: [UInt8] = [0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [7]
        let message = Self.answer(
            "I.Mi.com",
            records: [
                Self.record(Self.same, Self.a, [203, 0, 113, 7]),
                Self.record(Self.same, Self.a, [203, 0, 113, 8], seconds: 0x8000_0001),
                Self.record(TestPackets.wireName("i.mi.com"), Self.aaaa, six, seconds: 60),
            ])
        let expected = [
            "i.mi.com question 1", "i.mi.com address 203.0.113.7 300",
            "i.mi.com address 203.0.113.8 0", "i.mi.com address 2001:db8::7 60",
        ]
        #expect(Said(Self.datagram(message)).lines == expected)
        let stream = TestPackets.ipv4(
            protocolNumber: 6,
            TestPackets.tcp(TestPackets.framed(message) + TestPackets.framed(message), to: 40_000))
        #expect(Said(stream).lines == expected + expected)
        let cut = TestPackets.ipv4(
            protocolNumber: 6,
            TestPackets.tcp(Array(TestPackets.framed(message).dropLast()), to: 40_000))
        #expect(Said(cut) == Said(lines: [], reading: .incomplete))
    }

    @Test("RFC 1034 4.3.2: the chain is followed, and nothing beside it")
    func chain() {
        let message = Self.answer(
            "a.test",
            records: [
                Self.record(Self.same, Self.cname, TestPackets.wireName("b.example")),
                Self.record(TestPackets.wireName("other.example"), Self.a, [192, 0, 2, 1]),
                Self.record(
                    TestPackets.wireName("b.example"), Self.cname, TestPackets.wireName("c.test")),
                Self.record(TestPackets.wireName("b.example"), Self.a, [192, 0, 2, 2]),
                Self.record(TestPackets.wireName("C.test"), Self.a, [192, 0, 2, 3]),
                Self.record(TestPackets.wireName("c.test"), Self.a, [192, 0, 2, 4], kind: 3),
            ])
        #expect(
            Said(Self.datagram(message)).lines == [
                "a.test question 1", "b.example alias", "c.test alias",
                "c.test address 192.0.2.3 300",
            ])
    }

    @Test("RFC 9460: hints, the target and the ECH key of a service binding")
    func bindings() {
        let parameters: [UInt8] =
            [0, 1, 0, 3, 2, 0x68, 0x32] + [0, 4, 0, 8, 192, 0, 2, 1, 192, 0, 2, 2]
            + [0, 5, 0, 2, 0xfe, 0x0d]
            + [0, 6, 0, 16, 0x20, 0x01, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [9]
        let message = Self.answer(
            "a.test", type: Self.https,
            records: [
                Self.record(Self.same, Self.https, [0, 1, 0] + parameters),
                Self.record(Self.same, 64, [0, 2] + TestPackets.wireName("svc.example")),
            ])
        #expect(
            Said(Self.datagram(message)).lines == [
                "a.test question 65", "a.test address 192.0.2.1 300",
                "a.test address 192.0.2.2 300", "a.test address 2001:db8::9 300",
                "a.test service ech=true", "svc.example alias", "a.test service ech=false",
            ])
        for length in 0..<parameters.count + 3 where ![3, 10, 22, 28].contains(length) {
            let short = Self.answer(
                "a.test", type: Self.https,
                records: [
                    Self.record(
                        Self.same, Self.https, Array(([0, 1, 0] + parameters).prefix(length)))
                ])
            #expect(Said(Self.datagram(short)).reading == .malformed, "\(length) octets")
        }
    }

    @Test("what breaks the protocol, and what is no answer")
    func bad() {
        let loop = Self.record([0xc0, 31], Self.a, [1, 2, 3, 4])
        #expect(
            Said(Self.datagram(Self.answer("a.test", records: [loop]))).reading == .malformed)
        for (type, data) in [(Self.a, [1, 2, 3]), (Self.aaaa, [1]), (Self.cname, [1, 0x61])] {
            let message = Self.answer(
                "a.test", records: [Self.record(Self.same, type, data.map { UInt8($0) })])
            let reading = Said(Self.datagram(message)).reading
            #expect(reading == .malformed || reading == .incomplete, "type \(type)")
        }
        #expect(
            Said(Self.datagram(Self.answer("a.test", records: [], count: 1))).reading
                == .incomplete)
        #expect(Said(Self.datagram(TestPackets.query(["a.test"]))).reading == .foreign)
        #expect(Said(Self.datagram([1, 2, 3])).reading == .incomplete)
        #expect(Said([0x45]).reading == .malformed)
    }

    @Test("a stream of answers that turns into something else is broken, not foreign")
    func turncoat() {
        let answer = Self.answer(
            "a.test", records: [Self.record(Self.same, Self.a, [192, 0, 2, 1])])
        let query = TestPackets.query(["a.test"])
        let stream = { (messages: [[UInt8]]) in
            let stream = messages.flatMap { TestPackets.framed($0) }
            return Said(
                TestPackets.ipv4(protocolNumber: 6, TestPackets.tcp(stream, to: 40_000)))
        }
        #expect(stream([query]).reading == .foreign)
        #expect(stream([answer, answer]).reading == .read)
        let said = stream([answer, query])
        #expect(said.reading == .malformed && said.lines.count == 2)
    }

    @Test("work and what is shown are bounded")
    func bounds() {
        let ring = (0..<40).map { number in
            Self.record(
                TestPackets.wireName("n\(number).test"), Self.cname,
                TestPackets.wireName("n\(number + 1).test"))
        }
        let said = Said(Self.datagram(Self.answer("n0.test", records: ring)))
        #expect(said.reading == .malformed && said.lines.count == 17)
        let many = (0..<500).map { _ in Self.record(Self.same, Self.a, [1, 2, 3, 4]) }
        #expect(Said(Self.datagram(Self.answer("a.test", records: many))).lines.count == 129)
        let hints = Array(repeating: UInt8(9), count: 4_000)
        let one = Self.record(
            Self.same, Self.https, [0, 1, 0, 0, 4] + TestPackets.big16(4_000) + hints)
        #expect(Said(Self.datagram(Self.answer("a.test", records: [one]))).lines.count == 130)
    }

    @Test("any octet changed, any prefix: no trap")
    func mutations() {
        let message = Self.answer(
            "a.test",
            records: [
                Self.record(Self.same, Self.cname, [1, 0x62, 0xc0, 14]),
                Self.record([0xc0, 36], Self.a, [192, 0, 2, 3]),
                Self.record(Self.same, Self.https, [0, 1, 0, 0, 4, 0, 4, 1, 2, 3, 4]),
            ])
        var readings: Set<AnswerReading> = []
        for index in message.indices {
            readings.insert(Said(Self.datagram(Array(message.prefix(index)))).reading!)
            for value in UInt8.min...UInt8.max {
                var changed = message
                changed[index] = value
                let packet = Self.datagram(changed)
                readings.insert(Said(packet).reading!)
                _ = Self.refusing(packet, with: .nameError)
            }
        }
        #expect(readings == [.read, .foreign, .incomplete, .malformed])
    }

    // MARK: Refusals

    private static func refusing(_ packet: [UInt8], with refusal: AnswerRefusal) -> [UInt8]? {
        AnswerPacket.refusing(packet.span, with: refusal)
    }

    /// RFC 1071, by itself: the sum over data with its checksum in it is all ones.
    private static func isRight(_ octets: ArraySlice<UInt8>, plus start: Int = 0) -> Bool {
        var sum = start
        for (place, octet) in octets.enumerated() { sum += Int(octet) << (place % 2 == 0 ? 8 : 0) }
        while sum >> 16 != 0 { sum = sum & 0xffff + sum >> 16 }
        return sum == 0xffff
    }

    private static let records = [
        record(same, cname, TestPackets.wireName("b.example")),
        record(TestPackets.wireName("b.example"), a, [192, 0, 2, 3]),
    ]

    @Test("a datagram becomes shorter, with right lengths and sums", arguments: [4, 6])
    func refusedDatagram(version: Int) throws {
        let body = TestPackets.udp(Self.answer("a.test", records: Self.records), from: 53, to: 5353)
        let packet =
            version == 4
            ? TestPackets.ipv4(protocolNumber: 17, body) : TestPackets.ipv6(nextHeader: 17, body)
        let refused = try #require(Self.refusing(packet, with: .nameError))
        let header = version == 4 ? 20 : 40
        let message = Array(refused.dropFirst(header + 8))
        let asked = TestPackets.wireName("a.test") + [0, 1, 0, 1]
        #expect(message == [0x12, 0x34, 0x81, 0x83, 0, 1, 0, 0, 0, 0, 0, 0] + asked)
        let addresses = version == 4 ? refused[12..<20] : refused[8..<40]
        let pseudo = stride(from: addresses.startIndex, to: addresses.endIndex, by: 2).reduce(
            17 + refused.count - header
        ) { $0 + Int(addresses[$1]) << 8 + Int(addresses[$1 + 1]) }
        #expect(Self.isRight(refused[header...], plus: pseudo))
        if version == 4 { #expect(Self.isRight(refused[..<20])) }
        #expect(Said(refused) == Said(lines: ["a.test question 1"], reading: .read))
    }

    @Test("a segment keeps its length; padding takes the records' place")
    func refusedSegment() throws {
        let stream = TestPackets.framed(Self.answer("a.test", records: Self.records))
        let packet = TestPackets.ipv4(protocolNumber: 6, TestPackets.tcp(stream, to: 40_000))
        let refused = try #require(Self.refusing(packet, with: .noData))
        #expect(refused.count == packet.count)
        let message = Array(refused.dropFirst(42))
        #expect(message.prefix(12) == [0x12, 0x34, 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 1])
        // Behind the question: root, OPT; its data fills the message to the end.
        let option = Array(message.dropFirst(12 + 12))
        #expect(option.prefix(3) == [0, 0, 41])
        #expect(Int(option[9]) << 8 + Int(option[10]) == option.count - 11)
        let two = TestPackets.ipv4(
            protocolNumber: 6, TestPackets.tcp(stream + stream, to: 40_000))
        #expect(Self.refusing(two, with: .noData) == nil)
        let query = Self.datagram(TestPackets.query(["a.test"]))
        #expect(Self.refusing(query, with: .nameError) == nil)
    }
}

extension Said {
    init(lines: [String], reading: AnswerReading) {
        self.lines = lines
        self.reading = reading
    }
}
