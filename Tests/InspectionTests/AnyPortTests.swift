import InitialPackets
import Inspection
import Testing
import Wire

/// What a flow is, on whatever port, is told by its first bytes; then it is let by, or read on.
@Suite("Any port")
struct AnyPortTests {
    private static let name = "account.xiaomi.com"
    private static let hello = TestPackets.records(TestPackets.hello(name, paddingAfter: 300))
    private static let ports = [443, 8_443, 5_228, 25, 1]

    private static func request(_ line: String, host: String) -> [UInt8] {
        Array("\(line)\r\nHost: \(host)\r\n\r\n".utf8)
    }

    @Test("TLS: named and settled with one segment, and cut in two in either order")
    func tls() {
        for port in Self.ports {
            var recorder = Recorder()
            recorder.see(TestPackets.segment(Self.hello, to: port))
            #expect(recorder.outcomes == [.settled])
            #expect(recorder.vectors == [.tls])
            for cut in stride(from: 1, to: Self.hello.count, by: 7) {
                let pieces = TestPackets.cut(Self.hello, at: [cut], to: port)
                #expect(Recorder.names(pieces) == [Self.name], "\(port), cut at \(cut)")
                #expect(Recorder.names(pieces.reversed()) == [Self.name], "\(port), \(cut)")
            }
        }
    }

    @Test("QUIC: named and settled on any port")
    func quic() {
        let message = TestPackets.hello(Self.name)
        let packet = Initial(Initial.crypto(message, 0..<message.count)).packet(paddedTo: 1_200)
        for port in [443, 8_443, 50_000, 1] {
            var recorder = Recorder()
            recorder.see(TestPackets.quic(packet, to: port))
            #expect(recorder.names == [Self.name] && recorder.vectors == [.quic])
            #expect(recorder.outcomes == [.settled])
        }
    }

    @Test("HTTP: every request of a connection, which is HTTP from its first request line on")
    func http() {
        var recorder = Recorder()
        let first = Self.request("GET / HTTP/1.1", host: "a.test")
        recorder.see(TestPackets.segment(first, to: 8_080))
        #expect(recorder.outcomes == [.http] && recorder.vectors == [.http])
        // The caller has remembered it.
        let body = Array(repeating: UInt8(0x16), count: 3_000)
        var sequence = 1_000 + UInt32(first.count)
        for number in 0..<20 {
            let line = "POST /\(number) HTTP/1.1\r\nHost: h\(number).test"
            let post = Array("\(line)\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
            for piece in [post, body] {
                let segment = TestPackets.segment(
                    piece, to: 8_080, sequence: sequence, acknowledgment: UInt32(number * 2))
                recorder.see(segment, originalPort: 80)
                sequence += UInt32(piece.count)
            }
        }
        // Where a body's end is not known, a name may be shown again.
        #expect(Set(recorder.names) == Set(["a.test"] + (0..<20).map { "h\($0).test" }))
        #expect(!recorder.outcomes.contains(.settled))
    }

    @Test("HTTP: a request head cut at each offset, in either order")
    func httpCut() {
        let stream =
            Self.request("GET / HTTP/1.1", host: "a.test")
            + Self.request("GET http://b.test:81/x HTTP/1.1", host: "b.test")
        for cut in 1..<stream.count {
            let pieces = TestPackets.cut(stream, at: [cut], to: 8_080)
            for order in [pieces, pieces.reversed()] {
                var recorder = Recorder()
                recorder.see(order)
                #expect(Set(recorder.names) == ["a.test", "b.test"], "cut at \(cut)")
                #expect(recorder.outcomes.contains(.http), "cut at \(cut)")
            }
        }
    }

    @Test("RFC 9110 9.3.6: CONNECT names its target, and the tunnel behind it is another stream")
    func connect() {
        let connect = Self.request("CONNECT \(Self.name):443 HTTP/1.1", host: "\(Self.name):443")
        var named = Recorder()
        named.see(TestPackets.segment(connect, to: 3_128))
        #expect(Set(named.names) == [Self.name] && Set(named.vectors) == [.http])
        #expect(named.outcomes == [.open])

        // The target is an address: the name is in the tunnel.
        let blind = Self.request("CONNECT 203.0.113.7:443 HTTP/1.1", host: "203.0.113.7:443")
        for port in [3_128, 80] {
            var recorder = Recorder()
            recorder.see(TestPackets.segment(blind, to: port))
            let start = 1_000 + UInt32(blind.count)
            for piece in TestPackets.cut(Self.hello, at: [50], to: port, sequence: start) {
                recorder.see(piece)
            }
            #expect(recorder.names.last == Self.name, "port \(port)")
            #expect(recorder.vectors.last == .tls)
            // Port 80 is HTTP whatever it carries.
            #expect(recorder.outcomes.last == (port == 80 ? .open : .settled))
        }

        // Refused: the proxy's next request is read like the first.
        var refused = Recorder()
        refused.see(TestPackets.segment(blind, to: 3_128))
        refused.see(
            TestPackets.segment(
                connect, to: 3_128, sequence: 1_000 + UInt32(blind.count), acknowledgment: 99))
        #expect(refused.names.last == Self.name)

        // All in one segment.
        var together = Recorder()
        together.see(TestPackets.segment(blind + Self.hello, to: 3_128))
        #expect(together.names.last == Self.name && together.outcomes == [.settled])
    }

    @Test("the server speaks first: the second look settles the flow")
    func serverFirst() {
        let sessions: [[String]] = [
            ["SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "\0\0\u{05}\u{14}rest of KEXINIT"],
            ["EHLO phone.test\r\n", "MAIL FROM:<a@phone.test>\r\n"],
            ["\u{10}\u{16}\0\u{04}MQTT", "\u{C0}\0"],
        ]
        for session in sessions {
            for port in Self.ports {
                var recorder = Recorder()
                var sequence: UInt32 = 1_000
                for (turn, text) in session.enumerated() {
                    let bytes = Array(text.utf8)
                    recorder.see(
                        TestPackets.segment(
                            bytes, to: port, sequence: sequence,
                            acknowledgment: 500 + UInt32(turn) * 40))
                    sequence += UInt32(bytes.count)
                }
                #expect(recorder.outcomes == [.open, .settled], "\(session[0]) to port \(port)")
                #expect(recorder.names == [])
                #expect(recorder.counters.flowsForeign == 1)
                #expect(recorder.counters.flowsOpen == 0)
            }
        }
    }

    @Test("an upload that nobody answers is settled at the named limit")
    func upload() {
        var recorder = Recorder()
        let noise = Array(repeating: UInt8(0x5a), count: 1_448)
        for index in 0..<13 {
            recorder.see(
                TestPackets.segment(noise, to: 9_000, sequence: UInt32(index * noise.count)))
        }
        #expect(recorder.outcomes.last == .settled)
        var large = Recorder()
        large.see(TestPackets.segment(Array(repeating: 0x5a, count: 40_000), to: 9_000))
        #expect(large.outcomes == [.settled])
    }

    @Test("what only quotes a request or a hello in its middle shows nothing")
    func quotation() {
        let quoted = Self.request("GET / HTTP/1.1", host: Self.name)
        var recorder = Recorder()
        recorder.see(TestPackets.segment([1, 2, 3] + quoted + Self.hello, to: 9_000))
        recorder.see(TestPackets.segment([0x7b] + quoted, to: 9_001))
        #expect(recorder.names == [])
    }

    @Test("RFC 9849 5: a hello with ECH shows its outer name and that there may be another")
    func ech() {
        // encrypted_client_hello of type outer; what is in it nobody here can read.
        let body: [UInt8] = [0, 0, 1, 0, 1, 7, 0, 0, 0, 4, 1, 2, 3, 4]
        let extra = [0xfe, 0x0d] + TestPackets.big16(body.count) + body
        let before = TestPackets.hello(Self.name, paddingAfter: 100, extensionsBefore: extra)
        let after = TestPackets.hello(Self.name, paddingAfter: 100, extensionsAfter: extra)
        for message in [before, after] {
            var recorder = Recorder()
            recorder.see(TestPackets.segment(TestPackets.records(message), to: 443))
            let packet = Initial(Initial.crypto(message, 0..<message.count)).packet()
            recorder.see(TestPackets.quic(packet))
            #expect(recorder.names == [Self.name, Self.name])
            #expect(recorder.areWithECH == [true, true])
            #expect(recorder.counters.hellosWithECH == 2)
        }
        var plain = Recorder()
        plain.see(TestPackets.segment(Self.hello, to: 443))
        #expect(plain.areWithECH == [false] && plain.counters.hellosWithECH == 0)
        // The name does not wait for what comes behind it.
        var cut = Recorder()
        let stream = TestPackets.records(after)
        cut.see(TestPackets.cut(stream, at: [stream.count - 100], to: 443))
        #expect(cut.names == [Self.name] && cut.areWithECH == [false])
    }

    @Test("50,000 flows of no known protocol stay within the limits")
    func foreignFlows() {
        var recorder = Recorder()
        let limits = InspectionLimits.standard
        let noise = Array(repeating: UInt8(0x5a), count: 1_000)
        for port in 10_000..<60_000 {
            recorder.see(TestPackets.segment(noise, to: 9_000, from: port))
            let counters = recorder.counters
            guard counters.bytesKept <= limits.bytesInTotal, counters.flowsOpen <= limits.flows
            else {
                Issue.record("over the limit: \(counters)")
                return
            }
        }
        recorder.see(TestPackets.segment(Self.hello, to: 8_443, from: 60_001))
        #expect(recorder.names == [Self.name])
    }
}
