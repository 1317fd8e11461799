import Inspection
import Testing
import Wire

@Suite("HTTP/1 requests")
struct HTTPRequestTests {
    private static func names(_ text: String) -> [String] {
        Recorder.names([TestPackets.segment(Array(text.utf8), to: 80)])
    }

    private static func get(_ host: String) -> String {
        "GET /path HTTP/1.1\r\nAccept: */*\r\nHost: \(host)\r\nX: y\r\n\r\n"
    }

    @Test(
        "RFC 9112 3.2: Host and target give the name",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: A.Test\r\n\r\n", ["a.test"]),
            ("GET / HTTP/1.1\r\nHost: a.test:8080\r\n\r\n", ["a.test"]),
            ("GET / HTTP/1.1\r\nhOsT:a.test.\r\n\r\n", ["a.test"]),
            ("GET / HTTP/1.1\r\nHost : \t a.test \t\r\n\r\n", ["a.test"]),
            ("GET / HTTP/1.1\nHost: a.test\n\n", ["a.test"]),
            ("\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n", ["a.test"]),
            ("GET / HTTP/1.0\r\nHost: a.test\r\n\r\n", ["a.test"]),
            ("GET / HTTP/1.1\r\nX-Host: b.test\r\nHost: a.test\r\n\r\n", ["a.test"]),
            ("GET / HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n", ["a.test", "b.test"]),
            ("GET http://b.test/x HTTP/1.1\r\nHost: a.test\r\n\r\n", ["b.test", "a.test"]),
            ("GET HTTP://u:p@B.test:80?q HTTP/1.1\r\n\r\n", ["b.test"]),
            ("GET /?u=http://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", ["a.test"]),
            ("CONNECT b.test:443 HTTP/1.1\r\nHost: b.test:443\r\n\r\n", ["b.test", "b.test"]),
            ("OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", ["a.test"]),
            ("GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n", []),
            ("GET / HTTP/1.1\r\nHost:\r\n\r\n", []),
            ("GET / HTTP/1.1\r\nAccept: */*\r\n\r\n", []),
            ("GET /\r\n", []),
            ("HELO mail.test\r\nHost: a.test\r\n\r\n", []),
        ] as [(String, [String])])
    func heads(text: String, expected: [String]) {
        #expect(Self.names(text) == expected)
    }

    @Test("a request is always open, and its vector is http")
    func outcome() {
        var recorder = Recorder()
        recorder.see(TestPackets.segment(Array(Self.get("a.test").utf8), to: 80))
        #expect(recorder.outcomes == [.open])
        #expect(recorder.vectors == [.http])
        #expect(recorder.counters.flowsOpen == 0)
    }

    @Test("RFC 9112 9.3: every request of a connection, pipelined, cut at each offset")
    func pipelined() {
        let names = ["a.test", "account.xiaomi.com", "c.test"]
        let stream = Array(names.map(Self.get).joined().utf8)
        #expect(Recorder.names([TestPackets.segment(stream, to: 80)]) == names)
        for offset in 1..<stream.count {
            let pieces = TestPackets.cut(stream, at: [offset], to: 80)
            #expect(Recorder.names(pieces) == names, "cut at \(offset)")
        }
    }

    @Test("one byte per segment, in order and backwards, shows each name once or more")
    func byteByByte() {
        let stream = Array((Self.get("a.test") + Self.get("b.test")).utf8)
        let pieces = TestPackets.cut(stream, at: Array(1..<stream.count), to: 80)
        #expect(Recorder.names(pieces) == ["a.test", "b.test"])
        #expect(Set(Recorder.names(pieces.reversed())).isSuperset(of: ["a.test", "b.test"]))
        for seed in 1...20 as ClosedRange<UInt64> {
            var random = SplitMix64(state: seed)
            let seen = Set(Recorder.names(pieces.shuffled(using: &random)))
            #expect(seen.isSuperset(of: ["a.test", "b.test"]), "seed \(seed)")
        }
    }

    @Test("RFC 9112 9.3: keep-alive, one request per segment, some retransmitted")
    func keepAlive() {
        var recorder = Recorder()
        var sequence: UInt32 = 0xffff_ff00
        for index in 0..<20 {
            let request = Array(Self.get("h\(index).test").utf8)
            recorder.see(TestPackets.segment(request, to: 80, sequence: sequence))
            sequence &+= UInt32(request.count)
        }
        #expect(recorder.names == (0..<20).map { "h\($0).test" })
        #expect(recorder.counters.flowsOpen == 0)
    }

    @Test("RFC 9112 6.2: the body of a POST is no request, the request behind it is")
    func contentLength() {
        let body = "GET / HTTP/1.1\r\nHost: fake.test\r\n\r\n"
        let post =
            "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body
        let stream = Array((post + Self.get("b.test")).utf8)
        for offset in 1..<stream.count {
            let pieces = TestPackets.cut(stream, at: [offset], to: 80)
            #expect(Recorder.names(pieces) == ["a.test", "b.test"], "cut at \(offset)")
        }
    }

    @Test("a body of 200 kB in super-packets is skipped without keeping it")
    func longBody() {
        let length = 200_000
        let head = "PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: \(length)\r\n\r\n"
        let stream =
            Array(head.utf8) + Array(repeating: 0x41, count: length)
            + Array(Self.get("b.test").utf8)
        var recorder = Recorder()
        recorder.see(
            TestPackets.cut(
                stream, at: Array(stride(from: 60_000, to: stream.count, by: 60_000)), to: 80))
        #expect(recorder.names == ["a.test", "b.test"])
        #expect(recorder.counters.bytesKept == 0)
        #expect(recorder.counters.flowsOpen == 0)
    }

    @Test(
        "a request is found behind a body whose end is not certain",
        arguments: [
            // RFC 9112 7.1: chunks.
            "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "3\r\nabc\r\n0\r\n\r\n",
            // RFC 9112 6.3: both lengths.
            "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 999\r\nTransfer-Encoding: chunked"
                + "\r\n\r\n0\r\n\r\n",
            // Two lengths that differ, one that is none, one beyond belief.
            "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\nContent-Length: 999"
                + "\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3x\r\n\r\nabc",
            "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 99999999999999999999\r\n\r\nabc",
            // A GET whose body a server may not take as one, with and without a line end.
            "GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc",
            "GET / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 500\r\n\r\n",
            // RFC 9110 10.1.1: the body may never come.
            "POST / HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\n"
                + "Content-Length: 999\r\n\r\n",
        ])
    func uncertainBody(first: String) {
        let stream = Array((first + Self.get("b.test")).utf8)
        #expect(Recorder.names([TestPackets.segment(stream, to: 80)]) == ["a.test", "b.test"])
        for offset in 1..<stream.count {
            let pieces = TestPackets.cut(stream, at: [offset], to: 80)
            #expect(Recorder.names(pieces) == ["a.test", "b.test"], "cut at \(offset)")
        }
    }

    @Test("a long upload without a known end does not hide what follows, nor fill the memory")
    func chunkedUpload() {
        var recorder = Recorder()
        var sequence: UInt32 = 7
        func send(_ bytes: [UInt8], _ recorder: inout Recorder) {
            recorder.see(TestPackets.segment(bytes, to: 80, sequence: sequence))
            sequence &+= UInt32(bytes.count)
        }
        let head = "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        send(Array(head.utf8), &recorder)
        for _ in 0..<100 {
            send(
                Array("5a8\r\n".utf8) + Array(repeating: 0xee, count: 1_448) + [13, 10], &recorder)
            #expect(recorder.counters.bytesKept <= 20_000)
        }
        send(Array("0\r\n\r\n".utf8), &recorder)
        let request = Array(Self.get("b.test").utf8)
        send(Array(request.prefix(9)), &recorder)
        send(Array(request.dropFirst(9)), &recorder)
        #expect(recorder.names.contains("b.test"))
    }

    @Test("a head longer than the buffer still shows the Host it began with")
    func longHead() {
        let text = "GET / HTTP/1.1\r\nHost: a.test\r\nCookie: "
        let stream = Array(text.utf8) + Array(repeating: 0x63, count: 40_000) + [13, 10, 13, 10]
        let cuts = Array(stride(from: 1_448, to: stream.count, by: 1_448))
        #expect(Recorder.names(TestPackets.cut(stream, at: cuts, to: 80)) == ["a.test"])
        #expect(Recorder.names([TestPackets.segment(stream, to: 80)]) == ["a.test"])
    }

    @Test("where two copies of a segment differ, the names of both are shown")
    func conflictingCopies() {
        let head = Array("GET / HTTP/1.1\r\nHost: ".utf8)
        let place = 1_000 + UInt32(head.count)
        let names = Recorder.names([
            TestPackets.segment(head, to: 80),
            TestPackets.segment(Array("harmless.test\r\n".utf8), to: 80, sequence: place),
            TestPackets.segment(Array("account.test \r\n".utf8), to: 80, sequence: place),
        ])
        #expect(names == ["harmless.test", "account.test"])
    }

    @Test("a name with odd octets is shown as it is and can match nothing")
    func oddHost() {
        let text = "GET / HTTP/1.1\r\nHost: a\u{1}\\046b.test\r\n\r\n"
        #expect(Self.names(text) == ["a\\x01\\\\046b.test"])
        let long = String(repeating: "a", count: 300)
        #expect(Self.names("GET / HTTP/1.1\r\nHost: \(long).test\r\n\r\n") == [])
    }
}
