import Foundation
import Testing

extension KernelSuite {
    /// What reaches the internet in the name of a program on the gateway never passes the forward
    /// hook: it comes in by the input hook and goes back by the output hook.
    @Suite(.serialized)
    struct ProxyTests {
        private static let page = "Hello from the internet.\n"

        @Test(arguments: Detour.Kind.allCases)
        func aCutPhoneGetsNothing(kind: Detour.Kind) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let detour = try Detour(kind, in: lab)
            let admin = try lab.run(.gw, "nft", "list", "ruleset").text.contains("detour")
            #expect(admin == (kind != .proxy))
            for family in Lab.Family.allCases {
                for scheme in ["http", "https"] {
                    let said = try detour.fetch(from: .phone, over: scheme, family)
                    try #require(said.text == Self.page, "the control, \(scheme): \(said.errors)")
                }
            }
            try gateway.cutByHand()
            for family in Lab.Family.allCases {
                let what = "\(kind.rawValue), \(family.testDescription)"
                let witness = try Witness(in: lab)
                for scheme in ["http", "https"] {
                    let said = try detour.fetch(from: .phone, over: scheme, family)
                    #expect(said.status != 0 && said.text.isEmpty, "\(what), \(scheme)")
                }
                #expect(!(try lab.reaches(.phone, family)), "\(what)")
                try witness.close()
                // Nobody else is on the way to these addresses now: a packet is the proxy's.
                let hosts = try ["web", "resolver"].map {
                    "dst host \(try lab.address($0, family))"
                }
                let leaked = try witness.times(of: hosts.joined(separator: " or ")).count
                #expect(leaked == 0, "\(what)")
                print("  \(what): \(leaked) packets of the gateway on behalf of the cut phone")
                for scheme in ["http", "https"] {
                    let said = try detour.fetch(from: .laptop, over: scheme, family)
                    #expect(said.text == Self.page, "\(what), the laptop: \(said.errors)")
                }
            }
        }

        /// The trigger is on its way to a program of the gateway, its original port in conntrack
        /// or in its header.
        @Test(arguments: [Detour.Kind.redirect, .tproxy])
        func aTriggerOnADetourStaysHere(kind: Detour.Kind) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let detour = try Detour(kind, in: lab)
            // Where a refusal does not get back, the phone's kernel sends a client's request again
            // and again after the client has ended: after a release that is one attempt more.
            _ = try lab.run(.phone, "sysctl", "-qw", "net.ipv4.tcp_orphan_retries=1")
            let clients: [TriggerCase.Client] = [
                .http, .https, .splitHello, .digForeign, .digForeignTCP,
            ]
            for client in clients {
                for family in Lab.Family.allCases {
                    let trigger = TriggerCase(client: client, family: family)
                    let what = "\(kind.rawValue), \(trigger.testDescription)"
                    let control = try detour.fetch(from: .phone, over: "https", family)
                    try #require(control.text == Self.page, "\(what): \(control.errors)")
                    let before = try gateway.lastEvent
                    let witness = try Witness(in: lab)
                    let said = try lab.run(.phone, words: trigger.command(in: lab))
                    try witness.close()
                    #expect(said.status != 0, "\(what): the client was served: \(said.text)")
                    let wire = try witness.report(
                        sources: lab.phoneSources(), name: Gateway.trigger, from: 0, to: 0)
                    #expect(wire.named == 0, "\(what): the trigger left by the detour")
                    let event = try gateway.awaitEvent("block.created", after: before)
                    #expect(event.vector == trigger.vector, "\(what)")
                    try gateway.release(event.block)
                }
            }
        }

        private struct EchoReport: Decodable {
            let received: Int
            let broken: String
            let brokenUs: Int
        }

        private struct PushReport: Decodable {
            let arrivalsUs: [Int]
        }

        /// What runs through the program ends, in both directions: a conversation, a page that
        /// never ends, and a downlink of datagrams that the gateway itself goes on sending.
        @Test(arguments: [Detour.Kind.redirect, .tproxy], Lab.Family.allCases)
        func whatRunsEnds(kind: Detour.Kind, family: Lab.Family) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            // Where br_netfilter is on, the kernel sends a reset straight back through the bridge,
            // without undoing the redirection (nf_send_reset): the phone hears no answer then.
            try lab.setBridgeNetfilter(false)
            let detour = try Detour(kind, in: lab)
            let what = "\(kind.rawValue), \(family.testDescription)"
            let web = try lab.address("web", family)
            let witness = try Witness(in: lab, at: .phone)
            let echo = try lab.startPeer(.phone, "echo", "--to", web, "--seconds", "30")
            let push =
                kind == .redirect
                ? try lab.startPeer(
                    .phone, "push", "--to", web, "--rate", "200", "--seconds", "30") : nil
            var words = try detour.fetching("/stream", over: "http", family)
            words.replaceSubrange(3...4, with: ["-N", "-m", "30"])
            let stream = try lab.start(.phone, words: words)
            letPass(milliseconds: 700)
            let block = try gateway.cutByHand().timeUs
            letPass(milliseconds: 1500)
            let echoed = try report(EchoReport.self, of: echo.stop())
            #expect(echoed.received > 5, "\(what): the control")
            #expect(echoed.broken == "ECONNRESET", "\(what)")
            #expect(echoed.brokenUs - block <= promptMicroseconds, "\(what)")
            let pushed = try push.map { try report(PushReport.self, of: $0.stop()).arrivalsUs }
            if let pushed {
                #expect(pushed.count { $0 < block } > 20, "\(what): the control")
                #expect(pushed.count { $0 > block + promptMicroseconds } == 0, "\(what)")
            }
            try witness.close()
            #expect(stream.text.contains("line 20 of"), "\(what): the control")
            // Segments without payload (our resets) may go down, the page may not, from whatever
            // port it comes once its entry in conntrack is gone.
            let payload = family == .v4 ? "ip[2:2] > 80" : "ip6[4:2] > 60"
            let late = try witness.times(
                of: "tcp and \(payload)", after: block + promptMicroseconds)
            #expect(late.count == 0, "\(what): \(late.count) segments of the page still came")
            print(
                "  \(what): echo \(echoed.broken) after \(echoed.brokenUs - block) µs,",
                "\(pushed?.count { $0 > block } ?? 0) datagrams after the block,",
                "\(late.count) segments after 200 ms")
        }
    }
}

extension Gateway {
    /// Cuts the phone off without any packet of its own.
    @discardableResult
    func cutByHand() throws -> EventLine {
        let before = try lastEvent
        try succeed(
            "block", try lab.value("phone_mac"), "--for", "1h", "--reason", "kernel test")
        return try awaitEvent("block.created", after: before)
    }
}
