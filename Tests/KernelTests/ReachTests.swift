import Foundation
import Testing

extension KernelSuite {
    /// What a cut device keeps, and who is not looked at at all.
    @Suite(.serialized)
    struct ReachTests {
        @Test func theNeighbourhoodAndTheAllowListStay() throws {
            let gateway = try Gateway.up(
                Gateway.Options(dns: "gateway", also: ["198.51.100.11", "2001:db8:100::11"]))
            let lab = gateway.lab
            let admin = try gateway.nftTable("admin")
            let block = try gateway.cutPhone()

            for family in Lab.Family.allCases {
                let what = family.testDescription
                // A fresh neighbour entry: ARP and neighbour discovery have to work.
                try lab.run(.phone, "ip", "neigh", "flush", "dev", "eth0")
                let ping = try lab.run(
                    .phone, "ping", "-c", "2", "-i", "0.2", "-W", "1",
                    try lab.address("gw", family))
                #expect(ping.status == 0, "\(what): \(ping.text)")
                let free = try lab.address("free", family)
                let host = family == .v4 ? free : "[\(free)]"
                let page = try lab.run(.phone, "curl", "-sS", "-m", "2", "http://\(host)/")
                #expect(page.text == "Hello from the internet.\n", "\(what): \(page.errors)")
                #expect(!(try lab.reaches(.phone, family)), "\(what): a foreign resolver answers")
                let dig = try lab.run(
                    .phone, "dig", "+short", "+tries=1", "+time=1",
                    "@\(try lab.address("gw", family))", "www.example.org")
                #expect(dig.text.contains(try lab.value("web_v4")), "\(what): the setting keeps it")
            }
            let lease = try lab.run(
                .phone, Place.program("LabPeer"), "dhcp", "--interface", "eth0")
            #expect(lease.text == "{\"offers\":1}\n", "\(lease.text)\(lease.errors)")

            let table = try gateway.nftTable()
            let element = try #require(
                table.split(separator: "\n").first {
                    $0.contains("64:b4:73:00:00:31") && $0.contains("comment")
                }, "the block is not in the table:\n\(table)")
            #expect(element.contains(try #require(block.block)), "\(element)")
            #expect(try gateway.nftTable("admin") == admin)
        }

        @Test func theGatewaysResolverIsCutWhenTheSettingSaysSo() throws {
            let gateway = try Gateway.up(Gateway.Options(dns: "none"))
            try gateway.cutPhone()
            for family in Lab.Family.allCases {
                let dig = try gateway.lab.run(
                    .phone, "dig", "+short", "+tries=1", "+time=1",
                    "@\(try gateway.lab.address("gw", family))", "www.example.org")
                #expect(dig.status != 0, "\(family.testDescription): \(dig.text)")
            }
        }

        @Test func monitorReportsAndCutsNobody() throws {
            let gateway = try Gateway.up(Gateway.Options(mode: "monitor"))
            let lab = gateway.lab
            let before = try gateway.lastEvent
            let resolver = try lab.value("resolver_v4")
            let dig = try lab.run(
                .phone, "dig", "+short", "+tries=1", "+time=1", "@\(resolver)", Gateway.trigger)
            #expect(dig.text == "\(try lab.value("web_v4"))\n", "monitor must let it pass")
            let event = try gateway.awaitEvent("monitor.would_block", after: before)
            #expect(event.device == (try lab.value("phone_mac")))
            #expect(event.endpoint == Gateway.trigger)
            #expect(event.block == nil)
            #expect(try gateway.blocksInForce().isEmpty)
            #expect(try lab.reaches(.phone))
        }

        /// An allowed site: the phone there activates.
        @Test func theAllowedSiteActivates() throws {
            let gateway = try Gateway.up()
            let dig = try gateway.lab.run(
                .phone2, "dig", "+short", "+tries=1", "+time=1", "@10.30.0.1", Gateway.trigger)
            #expect(dig.text == "\(try gateway.lab.value("web_v4"))\n")
            #expect(try gateway.blocksInForce().isEmpty)
        }

        /// The privacy promise: of an untagged device no packet is ever handed to the daemon, even
        /// when it asks for the very name.
        @Test func untaggedDevicesAreNeverInspected() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            #expect(try lab.reaches(.phone))
            let queued = try gateway.queuedPackets()
            try #require(queued > 0, "the tap sees nothing at all")
            let before = try gateway.lastEvent
            for family in Lab.Family.allCases {
                for client in TriggerCase.Client.allCases {
                    let trigger = TriggerCase(client: client, family: family)
                    let said = try lab.run(.laptop, words: trigger.command(in: lab))
                    #expect(
                        said.status == 0 || client == .largeHello, "\(trigger.testDescription)")
                }
            }
            #expect(try gateway.queuedPackets() == queued)
            #expect(try gateway.events(after: before).isEmpty)
            let devices = try gateway.succeed("-o", "json", "devices").text
            #expect(devices.contains(try lab.value("phone_mac")))
        }
    }
}
