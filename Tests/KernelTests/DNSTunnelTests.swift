import Foundation
import Testing

extension KernelSuite {
    /// A resolver hands on whatever it is asked: a cut device must get from the gateway's own only
    /// what the settings allow.
    @Suite(.serialized)
    struct DNSTunnelTests {
        private static let zone = "tunnel.example.org"
        private static let names = (1...8).map { "data\($0)payload.\(zone)" }

        /// How the phone can ask the gateway: by each of its addresses, over UDP and TCP.
        private func ways(in lab: Lab) throws -> [[String]] {
            let link = try lab.run(.gw, "ip", "-6", "-o", "addr", "show", "lan0", "scope", "link")
            let local = try #require(
                link.text.split(separator: " ").first { $0.hasPrefix("fe80:") }?
                    .split(separator: "/").first)
            let addresses = [try lab.value("gw_v4"), try lab.value("gw_v6"), "\(local)%eth0"]
            return addresses.flatMap { [["@\($0)"], ["@\($0)", "+tcp"]] }
        }

        private func ask(_ names: [String], _ way: [String], in lab: Lab) throws -> Output {
            try lab.run(.phone, words: ["dig", "+short", "+tries=1", "+time=1"] + way + names)
        }

        @Test func nothingIsTunnelledWhenDNSIsCut() throws {
            let gateway = try Gateway.up(Gateway.Options(dns: "none"))
            let lab = gateway.lab
            let web = try lab.value("web_v4")
            for way in try ways(in: lab) {
                let said = try ask(["free.\(Self.zone)"], way, in: lab)
                #expect(said.text.contains(web), "the control, \(way): \(said.text)")
            }
            try gateway.cutByHand()
            let witness = try Witness(in: lab)
            for way in try ways(in: lab) {
                let said = try ask(Self.names, way, in: lab)
                #expect(!said.text.contains(web), "\(way): \(said.text)")
            }
            #expect(try lab.reaches(.laptop))
            try witness.close()
            let wire = try witness.report(
                sources: lab.phoneSources(), name: Self.zone, from: 0, to: 0)
            #expect(wire.named == 0, "the resolver asked on behalf of the cut phone")
        }

        /// The operator may keep the resolver for cut devices: then names resolve, and with them a
        /// tunnel works; but no name of a policy is asked for.
        @Test func onlyPolicyNamesAreRefusedWhenDNSIsKept() throws {
            let gateway = try Gateway.up(Gateway.Options(dns: "gateway"))
            let lab = gateway.lab
            let web = try lab.value("web_v4")
            try gateway.cutByHand()
            let witness = try Witness(in: lab)
            for way in try ways(in: lab) {
                let kept = try ask(Self.names, way, in: lab)
                #expect(kept.text.contains(web), "\(way): \(kept.text)")
                let refused = try ask([Gateway.trigger], way, in: lab)
                #expect(!refused.text.contains(web), "\(way): \(refused.text)")
            }
            try witness.close()
            let wire = try witness.report(
                sources: lab.phoneSources(), name: Gateway.trigger, from: 0, to: 0)
            #expect(wire.named == 0, "the resolver asked for a policy's endpoint")
            #expect(wire.before + wire.within + wire.after == 0, "the phone asked by itself")
        }
    }
}
