import Foundation
import Testing

extension KernelSuite {
    /// What answers to tagged devices show: an endpoint's addresses, and aliases for it.
    @Suite(.serialized)
    struct AnswerTests {
        /// Of the shipped catalogue; the lab's internet gives it addresses of its own.
        private static let endpoint = "find.api.micloud.xiaomi.net"

        private func ask(
            _ node: Lab.Node, _ name: String, of server: String, _ more: String..., in lab: Lab
        ) throws -> Output {
            try lab.run(
                node, words: ["dig", "+tries=1", "+time=1", "@\(server)", name] + more)
        }

        /// A TLS connection whose hello names no server.
        private func openNameless(
            _ node: Lab.Node, to name: String, _ family: Lab.Family, in lab: Lab
        ) throws -> Output {
            let address = try lab.address(name, family)
            let host = family == .v4 ? address : "[\(address)]"
            return try lab.run(
                node, "timeout", "2", "openssl", "s_client", "-connect", "\(host):443",
                "-noservername")
        }

        /// The phone has the name in its cache and asks nobody; its hello names nobody either.
        @Test(arguments: Lab.Family.allCases)
        func anAddressOfAnEndpointIsAnAttempt(_ family: Lab.Family) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            // The control: without an answer, nothing is known of the address.
            #expect(try openNameless(.phone, to: "sole", family, in: lab).status == 0)
            // In Madrid the name may be asked for.
            let type = family == .v4 ? "A" : "AAAA"
            let answer = try ask(.phone2, Self.endpoint, of: "10.30.0.1", type, "+short", in: lab)
            #expect(answer.text.contains(try lab.address("sole", family)))
            #expect(try openNameless(.phone2, to: "sole", family, in: lab).status == 0)
            // Two that the guard must let by: another address, and nobody's device.
            #expect(try openNameless(.phone, to: "web", family, in: lab).status == 0)
            #expect(try openNameless(.laptop, to: "sole", family, in: lab).status == 0)
            let before = try gateway.lastEvent
            let witness = try Witness(in: lab)
            let client = try openNameless(.phone, to: "sole", family, in: lab)
            let event = try gateway.awaitEvent("block.created", after: before)
            #expect(client.status != 0)
            #expect(event.vector == "address" && event.endpoint == Self.endpoint)
            #expect(event.device == (try lab.value("phone_mac")))
            #expect(try gateway.blocksInForce().count == 1)
            try witness.close()
            let wire = try witness.report(
                sources: lab.phoneSources(), from: event.timeUs,
                to: event.inForceMicroseconds + wireToleranceMicroseconds)
            #expect(wire.after == 0, "packets of the phone after the verdict")
        }

        /// The collateral guard, with addresses that two names share.
        @Test(arguments: Lab.Family.allCases)
        func aSharedAddressCutsNobodyOff(_ family: Lab.Family) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let type = family == .v4 ? "A" : "AAAA"
            for name in [Gateway.trigger, "www.example.org"] {
                let said = try ask(.phone2, name, of: "10.30.0.1", type, "+short", in: lab)
                #expect(said.text.contains(try lab.address("web", family)))
            }
            let before = try gateway.lastEvent
            #expect(try openNameless(.phone, to: "web", family, in: lab).status == 0)
            let event = try gateway.awaitEvent("address.shared", after: before)
            #expect(event.text.contains("www.example.org"))
            #expect(event.vector == "address" && event.endpoint == Gateway.trigger)
            #expect(try gateway.blocksInForce().isEmpty)
        }

        /// An alias for an endpoint: the answer never arrives, over UDP and TCP, from the gateway's
        /// resolver and from a foreign one.
        @Test(arguments: Lab.Family.allCases, [false, true])
        func anAliasOfAnEndpointIsAnAttempt(_ family: Lab.Family, isStream: Bool) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            for server in ["gw", "resolver"] {
                let address = try lab.address(server, family)
                let more = isStream ? "+tcp" : "+notcp"
                let free = try ask(.phone2, "start.example.org", of: "10.30.0.1", more, in: lab)
                #expect(free.text.contains(try lab.value("sole_v4")), "the control: \(free.text)")
                let before = try gateway.lastEvent
                let said = try ask(.phone, "start.example.org", of: address, more, in: lab)
                let event = try gateway.awaitEvent("block.created", after: before)
                #expect(!said.text.contains(try lab.value("sole_v4")), "\(server): \(said.text)")
                #expect(event.vector == "dns-answer" && event.endpoint == Self.endpoint)
                try gateway.release(event.block)
                let after = try ask(.phone, "www.example.org", of: address, more, in: lab)
                #expect(after.text.contains(try lab.value("web_v4")), "\(server): \(after.text)")
            }
        }

        /// Of two policies that name it, the one that cuts off wins.
        @Test func twoPoliciesForOneName() throws {
            let gateway = try Gateway.up()
            let shipped = try gateway.read("policy.d/xiaomi-2021.yaml")
            try gateway.write(
                shipped.replacingOccurrences(of: "mode: enforce ", with: "mode: monitor ")
                    .replacingOccurrences(of: "policy: xiaomi-2021", with: "policy: only-watched"),
                to: "policy.d/10-watched.yaml")
            try gateway.succeed("reload")
            let event = try gateway.cutPhone()
            #expect(event.policy == "xiaomi-2021")
            #expect(try gateway.blocksInForce().count == 1)
        }

        /// A daemon that ends leaves answers to tagged devices alone, and no mark behind.
        @Test func answersPassWithoutTheDaemon() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            for server in ["gw_v4", "resolver_v4"] {
                let said = try ask(
                    .phone, "www.example.org", of: try lab.value(server), in: lab)
                #expect(said.text.contains(try lab.value("web_v4")))
            }
            #expect(try gateway.queuedPackets() >= 4, "answers were not inspected")
            try gateway.end(SIGTERM)
            for server in ["gw_v4", "resolver_v4"] {
                let said = try ask(
                    .phone, "www.example.org", of: try lab.value(server), in: lab)
                #expect(said.text.contains(try lab.value("web_v4")))
            }
        }
    }
}
