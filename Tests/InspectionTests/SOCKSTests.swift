import Inspection
import Testing
import Wire

/// What a device says to a SOCKS proxy, and the stream behind it, on whatever port.
@Suite("SOCKS")
struct SOCKSTests {
    private static let name = "account.xiaomi.com"
    private static let hello = TestPackets.records(TestPackets.hello(name, paddingAfter: 40))
    private static let address: [UInt8] = [203, 0, 113, 7]

    private static func named(_ name: String) -> [UInt8] { [UInt8(name.utf8.count)] + name.utf8 }

    /// RFC 1929 section 2.
    private static let password: [UInt8] = [1] + named("maria") + named("a secret")

    /// RFC 1928 section 4: CONNECT to port 443.
    private static func request(_ address: [UInt8]) -> [UInt8] { [5, 1, 0] + address + [1, 187] }

    /// A way to ask a proxy: the messages, each of which the proxy answers before the next.
    struct Form: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let messages: [[UInt8]]
        /// The name in the request.
        var name: String?
    }

    static let proxied = "www.example.org"
    static let forms = [
        Form(
            testDescription: "SOCKS 5, a name",
            messages: [[5, 1, 0], request([3] + named(proxied))],
            name: proxied),
        // As curl greets: none, GSSAPI.
        Form(
            testDescription: "SOCKS 5, an IPv4 address",
            messages: [[5, 2, 0, 1], request([1] + address)]),
        Form(
            testDescription: "SOCKS 5, an IPv6 address",
            messages: [[5, 3, 0, 1, 2], request([4, 0x20, 1] + Array(repeating: 7, count: 14))]),
        Form(
            testDescription: "SOCKS 5, password and name",
            messages: [[5, 1, 2], password, request([3] + named(proxied))], name: proxied),
        Form(
            testDescription: "SOCKS 4",
            messages: [[4, 1, 1, 187] + address + Array("maria".utf8) + [0]]),
        Form(testDescription: "SOCKS 4, no user", messages: [[4, 1, 1, 187] + address + [0]]),
        Form(
            testDescription: "SOCKS 4a",
            messages: [
                [4, 1, 1, 187, 0, 0, 0, 1] + Array("maria".utf8) + [0] + proxied.utf8 + [0]
            ],
            name: proxied),
        // Through one proxy to another.
        Form(
            testDescription: "SOCKS 5 in SOCKS 4",
            messages: [
                [4, 1, 1, 187] + address + [0], [5, 1, 0], request([3] + named(proxied)),
            ], name: proxied),
    ]

    /// Names each once: one may be shown again.
    private static func names(_ recorder: borrowing Recorder) -> [String] {
        recorder.names.reduce(into: []) { names, name in
            if !names.contains(name) { names.append(name) }
        }
    }

    @Test(
        "the request's name, and the hello behind it, whether the client waits or not",
        arguments: forms)
    func tunnel(_ form: Form) {
        let expected = (form.name.map { [$0] } ?? []) + [Self.name]
        for port in [1_080, 9_050, 443] {
            var waiting = Recorder()
            var sequence: UInt32 = 1_000
            for (turn, message) in (form.messages + [Self.hello]).enumerated() {
                waiting.see(
                    TestPackets.segment(
                        message, to: port, sequence: sequence,
                        acknowledgment: 1 + UInt32(turn) * 9))
                sequence += UInt32(message.count)
            }
            #expect(waiting.names == expected)
            #expect(waiting.vectors == (form.name == nil ? [.tls] : [.socks, .tls]))
            #expect(
                waiting.outcomes
                    == Array(repeating: .open, count: form.messages.count) + [.settled])
            #expect(waiting.counters.flowsOpen == 0 && waiting.counters.bytesKept == 0)

            var together = Recorder()
            together.see(
                TestPackets.segment(form.messages.flatMap(\.self) + Self.hello, to: port))
            #expect(together.names == expected && together.outcomes == [.settled])
        }
    }

    @Test("cut at each offset, in either order, and answered after each segment", arguments: forms)
    func cut(_ form: Form) {
        let stream = form.messages.flatMap(\.self) + Self.hello
        let expected = (form.name.map { [$0] } ?? []) + [Self.name]
        for cut in 1..<stream.count {
            let pieces = TestPackets.cut(stream, at: [cut], to: 1_080)
            for order in [pieces, pieces.reversed()] {
                var recorder = Recorder()
                recorder.see(order)
                #expect(Self.names(recorder).sorted() == expected.sorted(), "cut at \(cut)")
                #expect(recorder.outcomes.contains(.settled), "cut at \(cut)")
            }
            var answered = Recorder()
            answered.see(pieces[0])
            answered.see(
                TestPackets.segment(
                    Array(stream[cut...]), to: 1_080, sequence: 1_000 + UInt32(cut),
                    acknowledgment: 77))
            #expect(answered.names == expected, "cut at \(cut)")
        }
        // In single octets, each of which the other side acknowledges with one of its own.
        var octets = Recorder()
        for (place, octet) in stream.enumerated() {
            octets.see(
                TestPackets.segment(
                    [octet], to: 1_080, sequence: 1_000 + UInt32(place),
                    acknowledgment: 1 + UInt32(place)))
        }
        #expect(octets.names == expected)
        // All but what comes behind the name was looked into.
        #expect(octets.outcomes.firstIndex(of: .settled) ?? 0 > stream.count - 60)
    }

    @Test("a name is handed out with its last octet, and only the whole of it")
    func wholeName() {
        for name in [Self.name, "notaccount.xiaomi.com", "account.xiaomi.com.example"] {
            let request = Self.request([3] + Self.named(name))
            var recorder = Recorder()
            recorder.see(TestPackets.segment([5, 1, 0], to: 1_080))
            for length in 1..<request.count {
                recorder.see(
                    TestPackets.segment(
                        [request[length - 1]], to: 1_080, sequence: 1_002 + UInt32(length)))
                #expect(recorder.names == (length < request.count - 2 ? [] : [name]), "\(length)")
            }
        }
        // Upper case, the root's dot; a zero length; an address as text is a name like any other.
        for (text, shown) in [("Account.XIAOMI.com.", [Self.name]), ("", [])] {
            let request = Self.request([3] + Self.named(text))
            #expect(Recorder.names([TestPackets.segment([5, 1, 0] + request, to: 1)]) == shown)
        }
    }

    @Test("HTTP behind the proxy is HTTP, and every request of it is read")
    func http() {
        for form in Self.forms {
            let prelude = form.messages.flatMap(\.self)
            let request = Array("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n".utf8)
            for cut in [prelude.count, prelude.count + 3, prelude.count - 2] {
                var recorder = Recorder()
                recorder.see(
                    TestPackets.cut(prelude + request, at: [cut], to: 1_080))
                #expect(recorder.names.last == "a.test" && recorder.outcomes.last == .http)
                recorder.see(
                    TestPackets.segment(
                        Array("GET /b HTTP/1.1\r\nHost: b.test\r\n\r\n".utf8), to: 1_080,
                        sequence: 1_000 + UInt32(prelude.count + request.count),
                        acknowledgment: 900), originalPort: 80)
                #expect(recorder.names.last == "b.test")
            }
        }
    }

    @Test("a proxy slower than flows are remembered", arguments: forms)
    func slow(_ form: Form) {
        var recorder = Recorder()
        var sequence: UInt32 = 1_000
        for (turn, message) in (form.messages + [Self.hello]).enumerated() {
            recorder.see(
                TestPackets.segment(
                    message, to: 1_080, sequence: sequence, acknowledgment: 1 + UInt32(turn) * 9),
                at: UInt64(turn) * 60_000_000_000)
            sequence += UInt32(message.count)
        }
        #expect(recorder.names == (form.name.map { [$0] } ?? []) + [Self.name])
    }

    @Test("what another protocol says behind a proxy, or with the same first octet, is let by")
    func foreign() {
        let ssh = ["SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "\0\0\u{05}\u{14}rest of KEXINIT"]
        let sessions: [(say: [[UInt8]], looks: Int)] = [
            ([[5, 1, 0], Self.request([1] + Self.address)] + ssh.map { Array($0.utf8) }, 3),
            ([[4, 1, 0, 22] + Self.address + [0]] + ssh.map { Array($0.utf8) }, 2),
            // DCE/RPC (version 5, minor 0), and binary noise.
            ([[5, 0, 11, 3, 16, 0, 0, 0], [5, 0, 0, 3, 16, 0, 0, 0]], 2),
            ([[5, 2, 7, 7], [9, 9, 9]], 2), ([[5, 2, 7, 7, 9], [9, 9, 9]], 2),
            ([[4, 2, 0, 80, 1, 2, 3, 4, 0], [9, 9, 9]], 2),
            ([[1, 0, 0, 0, 44, 7], [1, 0, 0, 0, 45, 8]], 2),
            ([[4] + Array(repeating: 1, count: 300), [9]], 2),
        ]
        for (say, looks) in sessions {
            var recorder = Recorder()
            var sequence: UInt32 = 1_000
            for (turn, bytes) in say.enumerated() {
                recorder.see(
                    TestPackets.segment(
                        bytes, to: 7_000, sequence: sequence,
                        acknowledgment: 500 + UInt32(turn) * 40))
                sequence += UInt32(bytes.count)
            }
            let settled = recorder.outcomes.firstIndex(of: .settled)
            #expect(settled.map { $0 < say.count && $0 <= looks } ?? false, "\(say[0])")
            #expect(recorder.names == [], "\(say[0])")
            #expect(recorder.counters.flowsOpen <= 1)
        }
    }

    /// In a hello whose pieces came in the wrong order the later one may begin like a message to a
    /// proxy: nothing of it may be taken away.
    @Test("octets that look like SOCKS in the middle of a hello")
    func inTheMiddle() {
        for form in Self.forms {
            for message in form.messages where message[0] != 1 {
                let extra = [0x7a, 0x7a] + TestPackets.big16(message.count) + message
                for isBefore in [true, false] {
                    let hello = TestPackets.records(
                        TestPackets.hello(
                            Self.name, extensionsBefore: isBefore ? extra : [],
                            extensionsAfter: isBefore ? [] : extra))
                    guard let place = Self.place(of: message, in: hello) else {
                        Issue.record("the message is not there")
                        continue
                    }
                    for cut in [place, place - 1, place + 1] {
                        let pieces = TestPackets.cut(hello, at: [cut], to: 443)
                        #expect(
                            Recorder.names(pieces.reversed()).contains(Self.name),
                            "\(form.testDescription), cut at \(cut)")
                    }
                }
            }
        }
    }

    private static func place(of message: [UInt8], in stream: [UInt8]) -> Int? {
        (0...stream.count - message.count).first {
            Array(stream[$0..<$0 + message.count]) == message
        }
    }

    @Test("a name longer than any, a user without end: within the limits, and no name")
    func limits() {
        let long = String(repeating: "a", count: 255)
        var recorder = Recorder()
        recorder.see(
            TestPackets.segment([5, 1, 0] + Self.request([3] + Self.named(long)), to: 1_080))
        #expect(recorder.names.allSatisfy { $0 == long })
        let user = [4, 1, 0, 80, 0, 0, 0, 9] + Array(repeating: UInt8(0x61), count: 255)
        recorder.see(TestPackets.segment(user + [0, 0x62, 0], to: 1_080, from: 2))
        #expect(recorder.names.last == "b")
        recorder.see(TestPackets.segment(user + [0x61, 0, 0x63, 0], to: 1_080, from: 3))
        #expect(recorder.names.last == "b")
        // Preludes without end are let by like an upload without end.
        var endless = Recorder()
        for index in 0..<40 {
            let octets = Array(
                repeating: [5, 1, 0, 5, 1, 0, 1, 1, 2, 3, 4, 0, 80] as [UInt8], count: 100
            )
            .flatMap(\.self)
            endless.see(
                TestPackets.segment(octets, to: 1_080, sequence: UInt32(index * octets.count)))
            #expect(endless.counters.bytesKept <= 19 * 1_024)
        }
        #expect(endless.outcomes.contains(.settled))
        var many = Recorder()
        let limits = InspectionLimits.standard
        for port in 1_000..<60_000 {
            many.see(TestPackets.segment([5, 1, 0], to: 1_080, from: port))
            let counters = many.counters
            guard counters.bytesKept <= limits.bytesInTotal, counters.flowsOpen <= limits.flows
            else {
                Issue.record("over the limit: \(counters)")
                return
            }
        }
    }
}
