import Firewall
import Testing

extension KernelSuite {
    /// A real HTTP/3 client and server, through the gateway.
    @Suite(.serialized)
    struct QUICTests {
        /// The phone is watched, and served: one look at the hello, and the flow goes by without
        /// the daemon from then on.
        @Test func aHarmlessNameIsServed() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            for family in Lab.Family.allCases {
                let what = family.testDescription
                let web = try lab.address("web", family)
                let client = try lab.run(
                    .phone, words: try lab.quicClient(to: web, name: "www.example.org"))
                #expect(client.status == 0, "\(what): \(client.text)\(client.errors)")
                let flows = try lab.run(
                    .gw, "conntrack", "-L", "-f", family == .v4 ? "ipv4" : "ipv6", "-p", "udp",
                    "--dport", "443")
                let pass = MarkField(mask: 0x0f00_0000).bits(.pass)
                #expect(flows.text.contains("mark=\(pass)"), "\(what): \(flows.text)")
            }
            #expect(try gateway.blocksInForce().isEmpty)
        }

        /// The control of the trigger tests: at the allowed site the same client is served.
        @Test func theAllowedSiteActivates() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let client = try lab.run(
                .phone2,
                words: try lab.quicClient(to: lab.address("web", .v4), name: Gateway.trigger))
            #expect(client.status == 0, "\(client.text)\(client.errors)")
            #expect(try gateway.blocksInForce().isEmpty)
        }
    }
}
