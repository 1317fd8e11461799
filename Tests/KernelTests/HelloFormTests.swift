import Testing

extension KernelSuite {
    /// However the hello is cut, on a port that says nothing: the device is cut off before a server
    /// that answers at once has sent it an octet.
    @Suite(.serialized)
    struct HelloFormTests {
        private static let port = 8443
        /// Of the small hello the peer sends, whatever it names.
        private static let helloOctets = 260
        private static let streams = [
            "whole", "halves", "bytes", "reversed", "overlapping", "repeated", "records",
            "large-1280", "large-1500",
        ]
        private static let datagrams = ["quic", "coalesced", "lost", "quic-2", "quic-3"]
        private static let lookalikes = [
            "notaccount.xiaomi.com", "account.xiaomi.com.evil.example",
        ]

        private struct Reply: Decodable {
            let received: Int
        }

        @Test(arguments: Lab.Family.allCases)
        func isCutOffBeforeTheServersFirstOctet(family: Lab.Family) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let server = try startServer(in: lab)
            defer { server.signal(15) }
            let forms =
                Self.streams.map { ($0, 1, "tls") }
                + Self.datagrams.flatMap { [($0, 1, "quic"), ($0, 2, "quic")] }
            for (form, version, vector) in forms {
                let what = "\(form), version \(version), \(family.testDescription)"
                for name in Self.lookalikes {
                    let before = try gateway.lastEvent
                    let reply = try send(form, version, name, family, in: lab)
                    #expect(reply.received > 0, "\(what), the control \(name) was not served")
                    #expect(
                        try !gateway.events(after: before).contains { $0.type == "block.created" },
                        "\(what): \(name)")
                }
                let before = try gateway.lastEvent
                let reply = try send(form, version, Gateway.trigger, family, in: lab)
                let event = try gateway.awaitEvent("block.created", after: before)
                #expect(reply.received == 0, "\(what): the server was heard")
                #expect(event.endpoint == Gateway.trigger && event.vector == vector, "\(what)")
                print("  \(what): cut in \(event.latencyUs ?? -1) µs, 0 octets of the server")
                try gateway.release(event.block)
            }
        }

        /// In two, at each of the last 200 offsets, the name's own included.
        @Test(arguments: Lab.Family.allCases)
        func whereverItIsCut(family: Lab.Family) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let server = try startServer(in: lab)
            defer { server.signal(15) }
            var heard = 0
            for offset in (Self.helloOctets - 200)..<Self.helloOctets {
                let cut = ["--at", "\(offset)", "--wait-ms", "100"]
                // The controls: now and then a server's answer is waited for.
                if offset % 20 == 0 {
                    let reply = try send(
                        "halves", 1, Self.lookalikes[0], family, in: lab,
                        more: ["--at", "\(offset)"])
                    #expect(reply.received > 0, "cut at \(offset): the control was not served")
                    heard += 1
                }
                let before = try gateway.lastEvent
                let reply = try send("halves", 1, Gateway.trigger, family, in: lab, more: cut)
                let event = try gateway.awaitEvent("block.created", after: before)
                #expect(reply.received == 0 && event.vector == "tls", "cut at \(offset)")
                try gateway.release(event.block)
            }
            #expect(heard == 10)
        }

        /// The port of TLS itself, where the lab's web server stands.
        @Test(arguments: Lab.Family.allCases)
        func soItIsOnTheUsualPort(family: Lab.Family) throws {
            let gateway = try Gateway.up()
            for form in Self.streams {
                let before = try gateway.lastEvent
                let reply = try send(
                    form, 1, Gateway.trigger, family, in: gateway.lab, port: 443)
                let event = try gateway.awaitEvent("block.created", after: before)
                #expect(reply.received == 0 && event.vector == "tls", "\(form)")
                try gateway.release(event.block)
            }
        }

        /// A conversation in which the server speaks first goes by without the daemon after two
        /// looks, a UDP flow that is no QUIC after one.
        @Test func otherFlowsGoBy() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            for family in Lab.Family.allCases {
                let web = try lab.address("web", family)
                let echo = try lab.startPeer(.phone, "echo", "--to", web, "--seconds", "30")
                let push = try lab.startPeer(
                    .phone, "push", "--to", web, "--rate", "200", "--seconds", "30")
                letPass(milliseconds: 500)
                let before = try gateway.queuedPackets()
                letPass(milliseconds: 1000)
                let after = try gateway.queuedPackets()
                #expect(after - before == 0, "\(family.testDescription)")
                #expect(try echo.stop().text.contains("\"received\""))
                _ = try push.stop()
            }
        }

        private func startServer(in lab: Lab) throws -> RunningTool {
            var words = [Place.program("LabPeer"), "forms", "--port", "\(Self.port)"]
            for family in Lab.Family.allCases { words += ["--on", try lab.address("web", family)] }
            let server = try lab.start(.inet, words: words)
            let isReady = waitUntil(seconds: 5) { server.text.contains("ready") }
            guard isReady else { throw LabError("forms: \(server.errors)") }
            return server
        }

        private func send(
            _ form: String, _ version: Int, _ name: String, _ family: Lab.Family, in lab: Lab,
            port: Int = port, more: [String] = []
        ) throws -> Reply {
            try report(
                Reply.self,
                of: lab.run(
                    .phone,
                    words: [
                        Place.program("LabPeer"), "form", "--form", form, "--to",
                        try lab.address("web", family), "--port", "\(port)", "--name", name,
                        "--version", "\(version)",
                    ] + more))
        }
    }
}
