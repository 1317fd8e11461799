import Foundation
import Testing

extension KernelSuite {
    /// A tagged device behind a SOCKS proxy in the internet: the name in its request and the hello
    /// in the tunnel are seen, although the proxy has answered before.
    @Suite(.serialized)
    struct SOCKSTests {
        private static let port = 1080
        private static let forms = [
            "socks5", "socks5-name", "socks5-password", "socks4", "socks4a",
        ]
        private static let lookalike = "notaccount.xiaomi.com"

        private struct Reply: Decodable {
            let received: Int
        }

        private func start(_ command: [String], in lab: Lab) throws -> RunningTool {
            let server = try lab.start(.inet, words: command)
            let isReady = waitUntil(seconds: 5) {
                let open = try? lab.run(.inet, "ss", "-Hltn", "sport = :\(Self.port)").text
                return !(open ?? "").isEmpty
            }
            guard isReady else { throw LabError("\(command): \(server.errors)") }
            return server
        }

        /// The proxy is the other end of the tunnel, and answers the hello at once.
        private func startPeer(_ more: [String] = [], in lab: Lab) throws -> RunningTool {
            let addresses = try Lab.Family.allCases.flatMap {
                ["--on", try lab.address("web", $0)]
            }
            return try start(
                [Place.program("LabPeer"), "forms", "--port", "\(Self.port)"] + addresses + more,
                in: lab)
        }

        private func send(
            _ proxy: String, _ form: String, _ name: String, _ family: Lab.Family, in lab: Lab,
            more: [String] = []
        ) throws -> Reply {
            try report(
                Reply.self,
                of: lab.run(
                    .phone,
                    words: [
                        Place.program("LabPeer"), "form", "--form", form, "--to",
                        try lab.address("web", family), "--port", "\(Self.port)", "--name", name,
                        "--proxy", proxy,
                    ] + more))
        }

        /// Whether the client waits for the proxy or sends all at once, in whatever pieces.
        @Test(arguments: Lab.Family.allCases)
        func theTunnelsHelloIsNotAnswered(family: Lab.Family) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let server = try startPeer(in: lab)
            defer { server.signal(15) }
            for proxy in Self.forms {
                for (form, more) in [
                    ("whole", []), ("halves", []), ("bytes", []), ("reversed", []),
                    ("large-1500", []), ("whole", ["--pipelined", "yes"]),
                    ("halves", ["--pipelined", "yes"]),
                ] {
                    let what = "\(proxy), \(form) \(more), \(family.testDescription)"
                    let before = try gateway.lastEvent
                    let control = try send(proxy, form, Self.lookalike, family, in: lab, more: more)
                    #expect(control.received > 0, "\(what): the control was not served")
                    #expect(
                        try !gateway.events(after: before).contains { $0.type == "block.created" },
                        "\(what): the control was cut off")
                    let reply = try send(proxy, form, Gateway.trigger, family, in: lab, more: more)
                    let event = try gateway.awaitEvent("block.created", after: before)
                    #expect(reply.received == 0, "\(what): the far end was heard")
                    #expect(event.endpoint == Gateway.trigger && event.vector == "tls", "\(what)")
                    try gateway.release(event.block)
                }
                print("  \(proxy), \(family.testDescription): 0 octets of the far end in 7 forms")
            }
        }

        /// At each of the last 60 offsets of the hello, the name's own included.
        @Test func whereverTheHelloIsCut() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let server = try startPeer(in: lab)
            defer { server.signal(15) }
            for offset in 200..<260 {
                let proxy = Self.forms[offset % Self.forms.count]
                let cut = ["--at", "\(offset)", "--wait-ms", "300"]
                let before = try gateway.lastEvent
                let reply = try send(proxy, "halves", Gateway.trigger, .v4, in: lab, more: cut)
                let event = try gateway.awaitEvent("block.created", after: before)
                #expect(reply.received == 0 && event.vector == "tls", "\(proxy), cut at \(offset)")
                try gateway.release(event.block)
            }
        }

        /// The name in the request to the proxy: the proxy itself never hears it.
        @Test(arguments: Lab.Family.allCases)
        func theRequestsNameIsAnAttempt(family: Lab.Family) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let server = try startPeer(in: lab)
            defer { server.signal(15) }
            for proxy in ["socks5-name", "socks4a"] {
                for more in [[], ["--pipelined", "yes"]] {
                    let what = "\(proxy) \(more), \(family.testDescription)"
                    let before = try gateway.lastEvent
                    let witness = try Witness(in: lab)
                    let reply = try send(
                        proxy, "whole", "www.example.org", family, in: lab,
                        more: ["--proxied", Gateway.trigger] + more)
                    let event = try gateway.awaitEvent("block.created", after: before)
                    try witness.close()
                    let wire = try witness.report(
                        sources: lab.phoneSources(), name: Gateway.trigger, from: 0, to: .max)
                    #expect(wire.named == 0, "\(what): the proxy has heard the name")
                    #expect(reply.received == 0, "\(what)")
                    #expect(event.endpoint == Gateway.trigger && event.vector == "socks", "\(what)")
                    try gateway.release(event.block)
                }
            }
        }

        /// curl through microsocks, which resolves and connects as proxies do.
        @Test func realClients() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let web = try lab.value("web_v4")
            let server = try start(["microsocks", "-i", web, "-p", "\(Self.port)"], in: lab)
            defer { server.signal(15) }
            func fetch(_ option: String, _ scheme: String, _ name: String) throws -> Output {
                // Where it knows the address, curl asks the proxy for that and not for the name.
                let known =
                    option == "--socks5"
                    ? ["--resolve", "\(name):443:\(web)", "--resolve", "\(name):80:\(web)"] : []
                return try lab.run(
                    .phone,
                    words: [
                        "curl", "-sS", "-k", "-m", "3", "-w", "port %{remote_port}", "--noproxy",
                        "", option,
                        "\(web):\(Self.port)",
                    ] + known
                        + ["\(scheme)://\(name)/"])
            }
            for (option, scheme, vector) in [
                ("--socks5-hostname", "https", "socks"), ("--socks5-hostname", "http", "socks"),
                ("--socks5", "https", "tls"), ("--socks5", "http", "http"),
            ] {
                let what = "curl \(option) \(scheme)"
                // The proxy's own resolver is that of this machine, so by address only.
                if option == "--socks5" {
                    let control = try fetch(option, scheme, Self.lookalike)
                    #expect(
                        control.text.contains("Hello from the internet.\nport \(Self.port)"),
                        "\(what), the control: \(control.errors)")
                }
                let before = try gateway.lastEvent
                let said = try fetch(option, scheme, Gateway.trigger)
                let event = try gateway.awaitEvent("block.created", after: before)
                #expect(said.status != 0 && !said.text.contains("Hello"), "\(what): \(said.text)")
                #expect(event.endpoint == Gateway.trigger && event.vector == vector, "\(what)")
                print("  \(what): cut in \(event.latencyUs ?? -1) µs (\(vector))")
                try gateway.release(event.block)
            }
        }

        /// curl with SOCKS 4, to a proxy that answers the hello itself: curl says how far it got.
        @Test func realClientsOfVersion4() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let server = try startPeer(in: lab)
            defer { server.signal(15) }
            let web = try lab.value("web_v4")
            for (option, vector) in [("--socks4a", "socks"), ("--socks4", "tls")] {
                func fetch(_ name: String) throws -> Output {
                    let known = option == "--socks4" ? ["--resolve", "\(name):443:\(web)"] : []
                    return try lab.run(
                        .phone,
                        words: [
                            "curl", "-v", "-k", "-m", "2", "--noproxy", "", option,
                            "\(web):\(Self.port)",
                        ]
                            + known + ["https://\(name)/"])
                }
                let control = try fetch(Self.lookalike).errors
                #expect(control.contains("request granted"), "the control: \(control)")
                #expect(control.contains("TLS handshake, Client hello"), "\(control)")
                let before = try gateway.lastEvent
                let said = try fetch(Gateway.trigger)
                let event = try gateway.awaitEvent("block.created", after: before)
                #expect(said.status != 0, "\(option): \(said.text)")
                #expect(event.endpoint == Gateway.trigger && event.vector == vector, "\(option)")
                try gateway.release(event.block)
            }
        }

        /// A hello behind STARTTLS, on a port and behind a server that speaks first.
        @Test(arguments: Lab.Family.allCases)
        func aHelloBehindPlainText(family: Lab.Family) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let server = try startPeer(["--banner", "220 mail"], in: lab)
            defer { server.signal(15) }
            let web = try lab.address("web", family)
            let host = family == .v4 ? web : "[\(web)]"
            func call(_ name: String) throws -> String {
                try lab.run(
                    .phone, "timeout", "2", "openssl", "s_client", "-starttls", "smtp", "-msg",
                    "-connect", "\(host):\(Self.port)", "-servername", name
                ).text
            }
            let before = try gateway.lastEvent
            // What comes in from the far end is marked so.
            #expect(try call(Self.lookalike).contains("<<< "), "the control was not answered")
            #expect(try !gateway.events(after: before).contains { $0.type == "block.created" })
            let said = try call(Gateway.trigger)
            let event = try gateway.awaitEvent("block.created", after: before)
            #expect(!said.contains("<<< "), "the far end was heard: \(said)")
            #expect(event.endpoint == Gateway.trigger && event.vector == "tls")
            print("  STARTTLS, \(family.testDescription): cut in \(event.latencyUs ?? -1) µs")
        }
    }
}
