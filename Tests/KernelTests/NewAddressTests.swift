import Foundation
import Testing

extension KernelSuite {
    /// A cut phone that makes up addresses stays cut on each of them, in both directions.
    @Suite(.serialized)
    struct NewAddressTests {
        private static let addresses = (1...10).map { "2001:db8:20::5eed:\($0)" }

        /// The block is triggered over IPv4; what follows is IPv6.
        @Test func temporaryAddressesDoNotLeak() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let witness = try Witness(in: lab)
            let web = try lab.value("web_v6")
            let push = try lab.startPeer(
                .phone, "push", "--to", web, "--rate", "200", "--seconds", "30")
            let arrivals = try recordArrivals(lab)
            // The control: before the cut a downlink arrives.
            let free = try lab.run(
                .inet, Place.program("LabPeer"), "flood", "--to", try lab.value("phone_v6"),
                "--rate", "500", "--seconds", "1")
            #expect(free.text.contains("\"sent\":500,"))
            let early = nowMicroseconds
            let block = try gateway.cutPhone()
            #expect(block.vector == "dns")
            let (floods, talks) = try takeAddresses(lab)
            // From here on every address is older than the time promised.
            letPass(milliseconds: UInt32(promptMicroseconds / 1000))
            let late = nowMicroseconds
            try otherWaysOut(lab)
            for talk in talks { _ = try talk.finish() }
            let sent = try floods.map { try $0.finish().text }
            #expect(sent.allSatisfy { $0.contains("\"sent\":1000,") }, "\(sent)")
            letPass(milliseconds: 100)
            _ = try arrivals.stop()
            try witness.close()

            let wire = try witness.report(
                sources: lab.phoneSources() + Self.addresses, from: 0,
                to: block.inForceMicroseconds + wireToleranceMicroseconds)
            #expect(wire.after == 0, "packets of the cut phone on the wire")
            #expect(wire.before + wire.within > 0)
            let down = try report(
                Witness.Report.self,
                of: tool([
                    Place.program("LabPeer"), "wire", "--file", lab.path("phone.pcap"),
                    "--source", "2001:db8:ff::1", "--window", "\(early),\(late)",
                ]))
            #expect(down.before == 500, "of the 500 before the cut")
            #expect(down.after == 0, "datagrams reached a new address")
            let pushed = try report(PushReport.self, of: push.stop()).arrivalsUs
            #expect(pushed.contains { $0 < block.inForceMicroseconds })
            let limit = block.inForceMicroseconds + promptMicroseconds
            #expect(!pushed.contains { $0 > limit })
            let sets = try gateway.kernelSets()
            #expect(sets.down.isSuperset(of: Self.addresses), "\(sets.down)")
            print(
                "  10 new addresses: 0 of their packets on the wire; towards them",
                "\(down.within) of 10000 in their first 200 ms, 0 after")
        }

        /// What reaches the phone's wire of floods towards it.
        private func recordArrivals(_ lab: Lab) throws -> RunningTool {
            let dump = try lab.start(
                .phone,
                words: [
                    "tcpdump", "-i", "eth0", "-Q", "in", "-s", "0", "-Z", "root",
                    "--immediate-mode", "-w", lab.path("phone.pcap"), "udp port 7003",
                ])
            try #require(waitUntil(seconds: 5) { dump.errors.contains("listening on") })
            return dump
        }

        /// One address after the other: each is flooded from outside and tries to get out.
        private func takeAddresses(
            _ lab: Lab
        ) throws -> (floods: [RunningTool], talks: [RunningTool]) {
            let web = try lab.value("web_v6")
            var floods: [RunningTool] = []
            var talks: [RunningTool] = []
            for address in Self.addresses {
                try lab.run(.phone, "ip", "address", "add", "\(address)/64", "dev", "eth0", "nodad")
                floods.append(
                    try lab.start(
                        .inet,
                        words: [
                            Place.program("LabPeer"), "flood", "--to", address, "--rate", "500",
                            "--seconds", "2",
                        ]))
                talks.append(
                    try lab.start(
                        .phone,
                        words: ["ping", "-c", "5", "-i", "0.02", "-W", "1", "-I", address, web]))
                letPass(milliseconds: 100)
            }
            return (floods, talks)
        }

        private struct PushReport: Decodable {
            let arrivalsUs: [Int]
        }

        /// Link-local to the gateway, IPv4 in the clothes of IPv6, an endpoint without IPv4.
        private func otherWaysOut(_ lab: Lab) throws {
            let routerText = try lab.run(.gw, "ip", "-6", "-br", "address", "show", "dev", "lan0")
                .text
            let linkLocal = try #require(
                routerText.split(separator: " ").first { $0.hasPrefix("fe80:") }?
                    .split(separator: "/").first)
            let ping = try lab.run(.phone, "ping", "-c", "1", "-W", "1", "\(linkLocal)%eth0")
            #expect(ping.status == 0, "the gateway itself stays a neighbour: \(ping.text)")
            try lab.run(
                .phone, "ip", "-6", "route", "replace", "default", "via", "\(linkLocal)", "dev",
                "eth0")
            let urls = [
                "http://[::ffff:\(try lab.value("web_v4"))]/",
                "http://[\(try lab.value("free_v6"))]/", "http://[\(try lab.value("web_v6"))]/",
            ]
            for url in urls {
                let page = try lab.run(.phone, "curl", "-sS", "-m", "1", url)
                #expect(!page.text.contains("Hello"), "\(url) answered")
            }
            let dig = try lab.run(
                .phone, "dig", "+short", "+tries=1", "+time=1", "@\(linkLocal)%eth0",
                "www.example.org")
            #expect(dig.status != 0, "\(dig.text)")
        }
    }
}
