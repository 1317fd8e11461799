import Firewall
import Testing

extension KernelSuite {
    /// Our marks are between our own rules: no later rule of the administrator's meets one, and a
    /// flow that was seen carries "pass", however the gateway inspects.
    @Suite(.serialized)
    struct MarkTests {
        private static let field = MarkField(mask: 0x0f00_0000)

        @Test(arguments: [
            Gateway.Options(), Gateway.Options(hold: "packet"), Gateway.Options(mode: "monitor"),
        ])
        func noMarkIsLeft(_ options: Gateway.Options) throws {
            let gateway = try Gateway.up(options)
            let lab = gateway.lab
            // Behind all of ours; the second counter is the control.
            try lab.run(
                .gw, "nft",
                """
                table inet witness {
                    counter marked { }
                    counter seen { }
                    chain forward {
                        type filter hook forward priority 100
                        iifname != "wan0" counter name seen
                        meta mark & 0x0f000000 != 0 counter name marked
                    }
                }
                """)
            let web = try lab.value("web_v4")
            for _ in 0..<5 {
                try lab.run(
                    .phone, "curl", "-sk", "--max-time", "5", "--resolve",
                    "www.example.org:443:\(web)", "https://www.example.org/")
                try lab.run(
                    .phone, "dig", "+tries=1", "+time=1", "@\(try lab.value("resolver_v4"))",
                    "www.example.org")
            }
            #expect(try packets(of: "marked", in: lab) == 0)
            #expect(try packets(of: "seen", in: lab) > 20)
            let flows = try lab.run(
                .gw, "conntrack", "-L", "-p", "tcp", "-s", try lab.value("phone_v4"), "--dport",
                "443"
            ).lines
            #expect(flows.count >= 5)
            for flow in flows { #expect(flow.contains("mark=\(Self.field.bits(.pass))")) }
        }

        private func packets(of counter: String, in lab: Lab) throws -> Int {
            let words = try lab.run(.gw, "nft", "list", "counter", "inet", "witness", counter)
                .text.split(whereSeparator: \.isWhitespace)
            let place = try #require(words.firstIndex(of: "packets"))
            return try #require(Int(words[place + 1]))
        }
    }
}
