import Foundation
import Testing

extension KernelSuite {
    /// Frames that go from port to port of one bridge are never routed. The laptop stands for an
    /// internet that hangs on the same bridge.
    @Suite(.serialized)
    struct BridgeTests {
        /// Who shows bridged frames to the inet hooks.
        enum Netfilter: String, CaseIterable, CustomTestStringConvertible {
            case off = "without br_netfilter"
            case everywhere = "with br_netfilter"
            case oneBridge = "with br_netfilter for this bridge"

            var testDescription: String { rawValue }

            func set(in lab: Lab) throws {
                try lab.setBridgeNetfilter(self == .everywhere)
                let bit = self == .oneBridge ? "1" : "0"
                let said = try lab.run(
                    .gw, "ip", "link", "set", "lan0", "type", "bridge", "nf_call_iptables", bit,
                    "nf_call_ip6tables", bit)
                guard said.status == 0 else { throw LabError("lan0: \(said.errors)") }
            }
        }

        /// What a cut device may still send to its neighbours.
        private static let allowed =
            "arp or (icmp6 and ip6[40] >= 133 and ip6[40] <= 137) or udp port 67 or udp port 547"

        /// Our own refusal comes in the laptop's name (nf_send_reset).
        private static let reset =
            "(tcp and ip[33] & 4 != 0) or (ip6 and ip6[6] == 6 and ip6[53] & 4 != 0)"

        /// Frames before and after the block, either way, and how the phone's echo ended.
        private struct Fate {
            var up: [Int] = []
            var down: [Int] = []
            var before = (up: 0, down: 0)
            var echoes: [(Lab.Family, String, Int)] = []
        }

        @Test(arguments: Netfilter.allCases)
        func nothingGoesFromPortToPort(netfilter: Netfilter) throws {
            let what = netfilter.rawValue
            let gateway = try Gateway.up()
            let fate = try fate(behind: gateway, netfilter)
            #expect(fate.before.up > 1000 && fate.before.down > 1000, "\(what): the control")
            #expect(fate.up.count == 0, "\(what): frames of the phone at the laptop's port")
            #expect(fate.down.count == 0, "\(what): frames for the phone at its port")
            for (family, broken, microseconds) in fate.echoes {
                // The bridge family has no way to answer.
                let expected = netfilter == .off ? "none" : "ECONNRESET"
                #expect(broken == expected, "\(what), \(family.testDescription)")
                if netfilter != .off { #expect(microseconds <= promptMicroseconds, "\(what)") }
            }
            print("  \(what): \(fate.up.count) frames up, \(fate.down.count) down after the block")
            try neighboursAreFound(in: gateway.lab, what)
            for family in Lab.Family.allCases { #expect(try gateway.lab.reaches(.laptop, family)) }
        }

        /// The control: with the routed table alone, everything goes on.
        @Test func withoutTheBridgeTableItLeaks() throws {
            let gateway = try Gateway.up(Gateway.Options(program: "SourceOnlyDaemon"))
            let fate = try fate(behind: gateway, .off)
            #expect(fate.up.count > 1000 && fate.down.count > 1000)
        }

        private func fate(behind gateway: Gateway, _ netfilter: Netfilter) throws -> Fate {
            let lab = gateway.lab
            try netfilter.set(in: lab)
            let peer = Place.program("LabPeer")
            let server = try lab.start(
                .laptop, words: [peer, "serve", "--on", try lab.value("laptop_v6")])
            try #require(waitUntil(seconds: 5) { server.text.contains("ready") })
            let witnesses = try [Lab.Node.laptop, .phone].map { try Witness(in: lab, at: $0) }
            var echoes: [(Lab.Family, RunningTool)] = []
            var floods: [RunningTool] = []
            for family in Lab.Family.allCases {
                let laptop = try lab.address("laptop", family)
                let phone = try lab.address("phone", family)
                echoes.append(
                    (family, try lab.startPeer(.phone, "echo", "--to", laptop, "--seconds", "30")))
                for (node, target) in [(Lab.Node.phone, laptop), (.laptop, phone)] {
                    floods.append(
                        try lab.start(
                            node,
                            words: [
                                peer, "flood", "--to", target, "--rate", "2000", "--seconds", "30",
                            ]))
                }
            }
            letPass(milliseconds: 1000)
            try gateway.cutByHand()
            // The command has returned: from here on it holds.
            let block = nowMicroseconds
            letPass(milliseconds: 1500)
            var fate = Fate()
            for (family, echo) in echoes {
                let said = try report(EchoReport.self, of: echo.stop())
                fate.echoes.append((family, said.broken, said.brokenUs - block))
            }
            for flood in floods {
                #expect(flood.isRunning)
                _ = try flood.stop()
            }
            for witness in witnesses { try witness.close() }
            let phone = try lab.value("phone_mac")
            let up = "ether src \(phone) and not (\(Self.allowed))"
            let down = "ether dst \(phone) and ether src \(try lab.value("laptop_mac"))"
            fate.before = (
                try witnesses[0].times(of: up).count, try witnesses[1].times(of: down).count
            )
            let instant = block + wireToleranceMicroseconds
            fate.up = try witnesses[0].times(of: up, after: instant)
            fate.down = try witnesses[1].times(
                of: "\(down) and not (\(Self.allowed) or \(Self.reset))", after: instant)
            return fate
        }

        private struct EchoReport: Decodable {
            let broken: String
            let brokenUs: Int
        }

        /// A cut device is found by its neighbours, though it gets nothing from them.
        private func neighboursAreFound(in lab: Lab, _ what: String) throws {
            for family in Lab.Family.allCases {
                let phone = try lab.address("phone", family)
                try lab.run(.laptop, "ip", "neigh", "flush", "dev", "eth0")
                let ping = try lab.run(.laptop, "ping", "-c", "1", "-W", "1", phone)
                #expect(ping.status != 0, "\(what), \(family.testDescription)")
                let entry = try lab.run(.laptop, "ip", "neigh", "show", phone)
                #expect(entry.text.contains(try lab.value("phone_mac")), "\(what): \(entry.text)")
            }
        }

        /// Where br_netfilter shows it, a question to a neighbour is inspected like any other.
        @Test(arguments: Lab.Family.allCases)
        func aTriggerToANeighbourIsSeen(family: Lab.Family) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try Netfilter.everywhere.set(in: lab)
            let before = try gateway.lastEvent
            let witness = try Witness(in: lab, at: .laptop)
            let resolver = try lab.address("laptop", family)
            for name in ["www.example.org", Gateway.trigger] {
                try lab.run(.phone, "dig", "+tries=1", "+time=1", "@\(resolver)", name)
            }
            try witness.close()
            let event = try gateway.awaitEvent("block.created", after: before)
            #expect(event.vector == "dns" && event.endpoint == Gateway.trigger)
            func named(_ name: String) throws -> Int? {
                try witness.report(sources: lab.phoneSources(), name: name, from: 0, to: 0).named
            }
            #expect(try named("www.example.org") == 1, "the control")
            #expect(try named(Gateway.trigger) == 0, "the trigger reached the laptop")
        }

        /// Either table keeps the block when the other and the database are lost.
        @Test(arguments: ["inet", "bridge"])
        func oneTableIsEnough(lost family: String) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try lab.setBridgeNetfilter(false)
            let block = try #require(try gateway.cutByHand().block)
            #expect(try gateway.nftTable(family: "bridge").contains(block))
            try gateway.crash()
            try FileManager.default.removeItem(atPath: lab.path("state"))
            let deleted = try lab.run(.gw, "nft", "delete", "table", family, "regionlock")
            try #require(deleted.status == 0, "\(deleted.errors)")
            try gateway.start()
            #expect(try gateway.blocksInForce().map(\.id) == [block])
            for family in ["inet", "bridge"] {
                #expect(try gateway.nftTable(family: family).contains(block), "\(family)")
            }
            let laptop = try lab.value("laptop_v4")
            let phone = { try lab.run(.phone, "ping", "-c", "1", "-W", "1", laptop).status }
            #expect(try phone() != 0)
            try gateway.release(block)
            #expect(try phone() == 0)
            for family in ["inet", "bridge"] {
                let table = try gateway.nftTable(family: family)
                #expect(!table.contains(try lab.value("phone_mac")), "\(family)")
            }
        }
    }
}
