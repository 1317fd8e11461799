import Testing

/// A way to try to activate.
struct TriggerCase: CustomTestStringConvertible, Sendable {
    enum Client: String, CaseIterable {
        case digForeign = "dig to a foreign resolver"
        case digForeignTCP = "dig +tcp to a foreign resolver"
        case digGateway = "dig to the gateway"
        case digGatewayTCP = "dig +tcp to the gateway"
        case https = "curl https, a name never asked in DNS"
        case http = "curl http"
        case largeHello = "openssl, a hello larger than one segment"
        case splitHello = "a hello in three segments, the name in the last"
        case quic = "gtlsclient, HTTP/3"
        case quicShuffled = "QUIC v2, the hello in shuffled pieces"
        case quicSplit = "QUIC, a hello in two datagrams, the name in the second"
    }

    let client: Client
    let family: Lab.Family

    var testDescription: String { "\(client.rawValue), \(family.testDescription)" }

    static let all = Client.allCases.flatMap { client in
        Lab.Family.allCases.map { TriggerCase(client: client, family: $0) }
    }

    /// The vector the event must name.
    var vector: String {
        switch client {
        case .digForeign, .digGateway: "dns"
        case .digForeignTCP, .digGatewayTCP: "dns-tcp"
        case .https, .largeHello, .splitHello: "tls"
        case .quic, .quicShuffled, .quicSplit: "quic"
        case .http: "http"
        }
    }

    func command(in lab: Lab) throws -> [String] {
        let name = Gateway.trigger
        let web = try lab.address("web", family)
        let host = family == .v4 ? web : "[\(web)]"
        let dig = ["dig", "+tries=1", "+time=1", "A", name]
        switch client {
        case .digForeign: return dig + ["@\(try lab.address("resolver", family))"]
        case .digForeignTCP: return dig + ["+tcp", "@\(try lab.address("resolver", family))"]
        case .digGateway: return dig + ["@\(try lab.address("gw", family))"]
        case .digGatewayTCP: return dig + ["+tcp", "@\(try lab.address("gw", family))"]
        case .https, .http:
            let port = client == .https ? 443 : 80
            let scheme = client == .https ? "https" : "http"
            return [
                "curl", "-sS", "-m", "2", "--cacert", lab.path("ca.pem"), "--resolve",
                "\(name):\(port):\(host)", "\(scheme)://\(name)/",
            ]
        case .largeHello:
            // 400 protocols of 7 octets: an ALPN extension of 3,200 (RFC 7301).
            let protocols = (1000..<1400).map { "lab\($0)" }.joined(separator: ",")
            return [
                "timeout", "2", "openssl", "s_client", "-connect", "\(host):443", "-servername",
                name, "-alpn", protocols,
            ]
        case .splitHello:
            return [
                Place.program("LabPeer"), "hello", "--to", web, "--name", name, "--size", "3000",
                "--segments", "3",
            ]
        case .quic: return try lab.quicClient(to: web, name: name)
        case .quicShuffled, .quicSplit:
            let (datagrams, version) = client == .quicSplit ? ("2", "1") : ("1", "2")
            return [
                Place.program("LabPeer"), "quic", "--to", web, "--name", name, "--datagrams",
                datagrams, "--version", version,
            ]
        }
    }
}

extension KernelSuite {
    /// Whatever way the phone takes, the trigger does not reach the internet, and nothing of the
    /// phone does after the verdict, while the phone sends 20,000 packets a second beside it.
    @Suite(.serialized)
    struct TriggerTests {
        private static let rate = 20_000

        private struct FloodReport: Decodable {
            let sent: Int
            let startedUs: Int
            let endedUs: Int
        }

        @Test(arguments: TriggerCase.all)
        func isHeldBackUnderAFlood(_ trigger: TriggerCase) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let what = trigger.testDescription
            try #require(try lab.reaches(.phone, trigger.family), "\(what): the phone is not free")
            let before = try gateway.lastEvent
            let witness = try Witness(in: lab)
            let flood = try lab.start(
                .phone,
                words: [
                    Place.program("LabPeer"), "flood", "--to",
                    try lab.address("web", trigger.family), "--rate", "\(Self.rate)", "--seconds",
                    "2",
                ])
            letPass(milliseconds: 500)
            let client = try lab.run(.phone, words: trigger.command(in: lab))
            let event = try gateway.awaitEvent("block.created", after: before)
            let sent = try report(FloodReport.self, of: flood.finish())
            try witness.close()

            // A server may acknowledge the first of two datagrams, in which there is no name yet.
            #expect(
                client.status != 0 || trigger.client == .quicSplit,
                "\(what): the client was served: \(client.text)")
            #expect(event.device == (try lab.value("phone_mac")), "\(what)")
            #expect(event.endpoint == Gateway.trigger, "\(what)")
            #expect(event.vector == trigger.vector, "\(what)")
            #expect(event.region == "CU" && event.site == "havana-shop", "\(what)")
            #expect(event.policy == "xiaomi-2021", "\(what)")

            let verdict = event.inForceMicroseconds
            let wire = try witness.report(
                sources: lab.phoneSources(), name: Gateway.trigger, from: event.timeUs,
                to: verdict + wireToleranceMicroseconds)
            #expect(wire.named == 0, "\(what): the trigger was seen on the wire")
            #expect(wire.after == 0, "\(what): packets of the phone after the verdict")
            // The flood was there before, and went on after.
            #expect(wire.before > Self.rate / 5, "\(what): \(wire.before) packets before")
            #expect(sent.endedUs - verdict > 300_000, "\(what): the flood ended too early")
            print(
                "  \(what): cut in \(event.latencyUs ?? -1) µs;",
                "\(wire.within) packets of other flows between arrival and verdict,",
                "\(wire.after) of \(sent.sent - wire.before - wire.within) after it")
        }
    }
}
