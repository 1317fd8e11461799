import Foundation
import Testing

extension KernelSuite {
    /// The ways around plain DNS, closed to tagged devices and to nobody else.
    @Suite(.serialized)
    struct EncryptedDNSTests {
        private static let allOn = """
            encrypted_dns:
              dot: true
              doh: true
              canary: true
              private_relay: true
              https_records: true
              http_dns: true
            """
        /// A refusal must be felt at once: peers.md has 100 ms.
        private static let refusalMilliseconds = 100.0

        private func up(_ more: String = EncryptedDNSTests.allOn) throws -> Gateway {
            let gateway = try Gateway.up(Gateway.Options(more: more))
            let lab = gateway.lab
            // A resolver of the lab's own: its name, and addresses that are its alone.
            try FileManager.default.createDirectory(
                atPath: lab.path("etc/catalogue.d/resolvers"), withIntermediateDirectories: true)
            try gateway.write(
                """
                version: 1
                catalogue: resolvers/lab
                title: The laboratory's
                endpoints:
                  - name: doh.example.org
                    match: exact
                    role: encrypted-dns
                    confidence: high
                    source: lab
                    addresses: ["\(try lab.value("free_v4"))", "\(try lab.value("free_v6"))"]

                """, to: "catalogue.d/resolvers/lab.yaml")
            try gateway.succeed("reload")
            return gateway
        }

        private func dig(
            _ node: Lab.Node, _ name: String, of server: String, _ more: [String], in lab: Lab
        ) throws -> Output {
            try lab.run(node, words: ["dig", "+tries=1", "+time=2", "@\(server)", name] + more)
        }

        private func fetch(
            _ node: Lab.Node, name: String, at address: String, _ family: Lab.Family,
            _ scheme: String = "https", in lab: Lab
        ) throws -> Output {
            let host = family == .v4 ? address : "[\(address)]"
            let port = scheme == "https" ? 443 : 80
            return try lab.run(
                node, "curl", "-sS", "-m", "3", "-o", "/dev/null", "-w",
                "%{size_download} %{size_header} %{time_total}", "--cacert", lab.path("ca.pem"),
                "--resolve", "\(name):\(port):\(host)", "\(scheme)://\(name)/")
        }

        /// How long a TCP or UDP client of port 853 waits until it is told no.
        private func millisecondsToRefusal(
            _ lab: Lab, _ server: String, _ more: [String]
        ) throws -> Double {
            let start = Date()
            let said = try dig(
                .phone, "www.example.org", of: server, ["-p", "853"] + more, in: lab)
            let time = Date().timeIntervalSince(start) * 1000
            #expect(!said.text.contains("ANSWER: 1"), "\(said.text)")
            #expect(
                said.text.contains("refused") || said.text.contains("prohibited")
                    || said.text.contains("reset") || said.text.contains("unreachable")
                    || said.text.contains("denied"), "\(said.text)")
            return time
        }

        @Test(arguments: Lab.Family.allCases)
        func port853IsRefusedAtOnce(_ family: Lab.Family) throws {
            let gateway = try up()
            let lab = gateway.lab
            let resolver = try lab.address("resolver", family)
            let listener = try lab.start(
                .inet,
                words: [
                    "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--user=root",
                    "--pid-file=", "--no-hosts", "--no-resolv", "--port=853", "--bind-interfaces",
                    "--listen-address=\(resolver)", "--address=/#/198.51.100.10",
                ])
            defer { listener.signal(SIGKILL) }
            for more in [["+tcp"], ["+notcp"]] {
                let isUp = try waitUntil(seconds: 5) {
                    try dig(
                        .laptop, "www.example.org", of: resolver, ["-p", "853"] + more, in: lab
                    ).text.contains("198.51.100.10")
                }
                #expect(isUp, "the control: the laptop is served, \(more)")
                // dig itself takes some 20 ms, and more on a busy machine: the best of three.
                let times = try (0..<3).map { _ in try millisecondsToRefusal(lab, resolver, more) }
                #expect(times.min() ?? 1000 < Self.refusalMilliseconds, "\(more): \(times)")
                print("  \(family.testDescription) \(more): refused in \(times) ms")
            }
            #expect(try gateway.blocksInForce().isEmpty)
        }

        @Test(arguments: Lab.Family.allCases)
        func resolversOverHTTPSAreRefused(_ family: Lab.Family) throws {
            let gateway = try up()
            let lab = gateway.lab
            let (listed, other) = (
                try lab.address("free", family), try lab.address("web", family)
            )
            let before = try gateway.lastEvent
            // By address, whatever its name; by name, wherever it is.
            for (name, address) in [("www.example.org", listed), ("doh.example.org", other)] {
                let laptop = try fetch(.laptop, name: name, at: address, family, in: lab)
                #expect(laptop.status == 0, "the control: \(laptop.errors)")
                let phone = try fetch(.phone, name: name, at: address, family, in: lab)
                #expect(phone.status != 0, "\(name) at \(address): \(phone.text)")
                let seconds = phone.text.split(separator: " ").last.flatMap { Double($0) }
                #expect((seconds ?? 9) * 1000 < Self.refusalMilliseconds, "\(phone.text)")
            }
            let event = try gateway.awaitEvent("dns.refused", after: before)
            #expect(event.endpoint == "doh.example.org" && event.vector == "tls")
            // The control: neither listed by name nor by address.
            #expect(
                try fetch(.phone, name: "www.example.org", at: other, family, in: lab).status == 0)
            #expect(try gateway.blocksInForce().isEmpty)
        }

        /// Every switch that changes answers, over UDP and TCP, from the gateway's resolver and
        /// from a foreign one.
        @Test(arguments: Lab.Family.allCases, ["+notcp", "+tcp"])
        func answersAreChangedForTaggedDevices(_ family: Lab.Family, transport: String) throws {
            let gateway = try up()
            let lab = gateway.lab
            let cases = [
                ("use-application-dns.net", "A", "NXDOMAIN"),
                ("mask.icloud.com", "A", "NXDOMAIN"),
                ("mask-h2.icloud.com", "AAAA", "NXDOMAIN"),
                ("doh.example.org", "A", "NXDOMAIN"),
                ("resolver.msg.xiaomi.net", "A", "NXDOMAIN"),
                ("ech.example.org", "TYPE65", "NOERROR"),
            ]
            for server in ["gw", "resolver"] {
                let address = try lab.address(server, family)
                for (name, type, status) in cases {
                    let what = "\(name) \(type) of \(server)"
                    let more = [type, transport]
                    let laptop = try dig(.laptop, name, of: address, more, in: lab)
                    #expect(laptop.text.contains("status: NOERROR"), "\(what): \(laptop.text)")
                    #expect(!laptop.text.contains("ANSWER: 0"), "\(what): \(laptop.text)")
                    let phone = try dig(.phone, name, of: address, more, in: lab)
                    #expect(phone.text.contains("status: \(status)"), "\(what): \(phone.text)")
                    #expect(phone.text.contains("ANSWER: 0"), "\(what): \(phone.text)")
                    #expect(!phone.text.contains("WARNING: Message"), "\(what): \(phone.text)")
                }
                let free = try dig(
                    .phone, "www.example.org", of: address, ["A", transport], in: lab)
                #expect(free.text.contains(try lab.value("web_v4")), "the control: \(free.text)")
            }
            #expect(try gateway.blocksInForce().isEmpty)
        }

        /// The control of all of these: the switches are off by default.
        @Test func everySwitchIsOffByDefault() throws {
            let gateway = try up("")
            let lab = gateway.lab
            let resolver = try lab.value("resolver_v4")
            for name in ["use-application-dns.net", "mask.icloud.com", "doh.example.org"] {
                let said = try dig(.phone, name, of: resolver, [], in: lab)
                #expect(said.text.contains(try lab.value("web_v4")), "\(name): \(said.text)")
            }
            let bindings = try dig(.phone, "ech.example.org", of: resolver, ["TYPE65"], in: lab)
            #expect(bindings.text.contains("ANSWER: 1"), "\(bindings.text)")
            let free = try lab.value("free_v4")
            #expect(
                try fetch(.phone, name: "doh.example.org", at: free, .v4, in: lab).status == 0)
        }

        /// Nothing of an untagged device is touched: what it sends and gets has the same lengths on
        /// both sides of the gateway.
        @Test(arguments: Lab.Family.allCases)
        func anUntaggedDeviceIsLeftAlone(_ family: Lab.Family) throws {
            let gateway = try up()
            let lab = gateway.lab
            let laptop = try lab.address("laptop", family)
            let queued = try gateway.queuedPackets()
            let outside = try Witness(in: lab, direction: "inout")
            let inside = try Witness(in: lab, at: .laptop, direction: "inout")
            for _ in 0..<5 {
                let listed = try lab.address("free", family)
                let page = try fetch(.laptop, name: "doh.example.org", at: listed, family, in: lab)
                #expect(page.status == 0, "\(page.errors)")
                for type in ["A", "TYPE65"] {
                    let resolver = try lab.address("resolver", family)
                    let said = try dig(
                        .laptop, "ech.example.org", of: resolver, [type], in: lab)
                    #expect(said.text.contains("ANSWER: 1"), "\(said.text)")
                }
            }
            try inside.close()
            try outside.close()
            for way in ["src", "dst"] {
                let filter = "\(way) host \(laptop) and (tcp or udp)"
                let (here, there) = (
                    try inside.payloadOctets(of: filter), try outside.payloadOctets(of: filter)
                )
                #expect(here == there && here > 2_000, "\(way): \(here) and \(there) octets")
                print("  \(family.testDescription), \(way): \(here) and \(there) octets")
            }
            #expect(try gateway.queuedPackets() == queued, "a packet of the laptop was inspected")
        }
    }
}

extension Witness {
    /// The octets of TCP and UDP payload in all packets that a pcap-filter(7) expression matches.
    func payloadOctets(of filter: String) throws -> Int {
        // Quiet output ends with the payload's length: `tcp 517`, `UDP, length 48`.
        let said = try tool(["tcpdump", "-r", file, "-nn", "-q", filter])
        guard said.status == 0 else { throw LabError("tcpdump \(filter): \(said.errors)") }
        return said.lines.reduce(0) { sum, line in
            sum + (line.split(separator: " ").last.flatMap { Int($0) } ?? 0)
        }
    }
}
