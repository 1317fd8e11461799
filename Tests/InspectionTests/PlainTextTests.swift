import Inspection
import Testing
import Wire

/// What clients say before they ask for TLS, and the hello behind it.
@Suite("Plain text before TLS")
struct PlainTextTests {
    private static let name = "account.xiaomi.com"
    private static let hello = TestPackets.records(TestPackets.hello(name, paddingAfter: 40))

    static let sessions: [[String]] = [
        ["EHLO phone.test\r\n", "STARTTLS\r\n"], ["ehlo [10.20.0.31]\r\n", "starttls\n"],
        ["LHLO phone.test\r\n", "STARTTLS\r\n"], ["HELO a\r\n", "EHLO a\r\n", "STARTTLS\r\n"],
        ["a001 CAPABILITY\r\n", "a002 ID (\"name\" \"phone\")\r\n", "a003 STARTTLS\r\n"],
        [". STARTTLS\r\n"], ["CAPA\r\n", "STLS\r\n"], ["FEAT\r\n", "AUTH TLS\r\n"],
        ["AUTH SSL\r\n"], ["CAPABILITIES\r\n", "MODE READER\r\n", "STARTTLS\r\n"],
        [
            "<?xml version='1.0'?>\n<stream:stream to='im.test' xmlns='jabber:client'>\n",
            "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        ],
        ["<stream:stream to='im.test'>", "<starttls/>\r\n"],
    ]

    @Test("the hello is read behind each, answered or not, cut at each offset", arguments: sessions)
    func startTLS(_ session: [String]) {
        var waiting = Recorder()
        var sequence: UInt32 = 1_000
        let messages = session.map { Array($0.utf8) } + [Self.hello]
        for (turn, message) in messages.enumerated() {
            waiting.see(
                TestPackets.segment(
                    message, to: 25, sequence: sequence, acknowledgment: 90 + UInt32(turn) * 9))
            sequence += UInt32(message.count)
        }
        #expect(waiting.names == [Self.name] && waiting.vectors == [.tls])
        #expect(
            waiting.outcomes == Array(repeating: .open, count: session.count) + [.settled])
        #expect(waiting.counters.flowsOpen == 0)

        let stream = messages.flatMap(\.self)
        for cut in 1..<stream.count {
            let pieces = TestPackets.cut(stream, at: [cut], to: 143)
            #expect(Recorder.names(pieces) == [Self.name], "cut at \(cut)")
            #expect(Recorder.names(pieces.reversed()) == [Self.name], "cut at \(cut)")
        }
        var octets = Recorder()
        for (place, octet) in stream.enumerated() {
            octets.see(
                TestPackets.segment(
                    [octet], to: 143, sequence: 1_000 + UInt32(place),
                    acknowledgment: 1 + UInt32(place)))
        }
        #expect(octets.names == [Self.name])
    }

    @Test(
        "a session without TLS is let by with its first command that needs none",
        arguments: [
            ["EHLO phone.test\r\n", "MAIL FROM:<a@b.test>\r\n"],
            ["a1 LOGIN maria secret\r\n", "a2 SELECT INBOX\r\n"],
            ["USER maria\r\n", "PASS secret\r\n"], ["AUTH PLAIN AGEAYg==\r\n", "QUIT\r\n"],
            ["NICK maria\r\n", "USER maria 0 * :M\r\n"],
            ["<html>\r\n", "<body>\r\n"], ["{\"id\":1}", "{\"id\":2}"],
            ["EHLO \u{1}\u{2}\r\n", "STARTTLS\r\n"],
            [String(repeating: "x", count: 1_400), "y"],
            ["<stream:stream " + String(repeating: "x", count: 1_200), "y"],
        ])
    func withoutTLS(_ session: [String]) {
        var recorder = Recorder()
        var sequence: UInt32 = 1_000
        for (turn, text) in session.enumerated() {
            recorder.see(
                TestPackets.segment(
                    Array(text.utf8), to: 25, sequence: sequence,
                    acknowledgment: 90 + UInt32(turn) * 9))
            sequence += UInt32(text.utf8.count)
        }
        #expect(recorder.outcomes == [.open, .settled], "\(session)")
        #expect(recorder.names == [] && recorder.counters.flowsOpen == 0)
    }

    @Test("a session of nothing but such lines is let by, behind sixteen of them")
    func endless() {
        for line in ["get id\r\n", "EHLO a\r\n", "\u{5}\u{1}\0\u{5}\u{1}\0\u{1}aaaabb"] {
            var recorder = Recorder()
            for turn in 0..<20 {
                recorder.see(
                    TestPackets.segment(
                        Array(line.utf8), to: 11_211, sequence: UInt32(turn * line.utf8.count),
                        acknowledgment: 90 + UInt32(turn) * 9))
            }
            let looks = recorder.outcomes.firstIndex(of: .settled)
            #expect(looks == (line.utf8.first == 5 ? 8 : 16), "\(line)")
        }
    }

    @Test("a mail that quotes a hello or a request shows nothing")
    func quotation() {
        let quoted = Array("GET / HTTP/1.1\r\nHost: \(Self.name)\r\n\r\n".utf8)
        var recorder = Recorder()
        let mail = Array("EHLO a\r\nMAIL FROM:<a@b>\r\nDATA\r\n".utf8) + quoted + Self.hello
        recorder.see(TestPackets.segment(mail, to: 25))
        #expect(recorder.names == [])
    }
}
