import Foundation
import Testing

extension KernelSuite {
    /// A phone that lies about who it is gets nobody else cut, and itself not free.
    @Suite(.serialized)
    struct ForgeryTests {
        private struct Sent: Decodable {
            let sent: Int
            let claims: Int
        }

        private static let frames = 10_000

        @Test func onlyTheOffenderIsEverCut() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.meetTheNeighbours()
            let web = try lab.value("web_v4")
            let echoes = try [Lab.Node.laptop, .phone2].map {
                try lab.startPeer($0, "echo", "--to", web, "--seconds", "60")
            }
            let before = try gateway.lastEvent

            let sent = try forge(in: lab, try everybodysNames(lab))
            #expect(sent.sent == Self.frames)

            let mac = try lab.value("phone_mac")
            #expect(try gateway.devicesInForce() == [mac])
            let events = try gateway.events(after: before)
            #expect(events.filter { $0.type == "block.created" }.map(\.device) == [mac])
            let forged = events.filter { $0.type == "address.forged" }
            #expect(forged.map(\.device) == [try lab.value("phone2_mac")], "told once")
            try expectOthersUntouched(gateway)
            for node in [Lab.Node.laptop, .phone2] {
                // The switch has seen its MAC at the phone's port: it has to say something first.
                try lab.run(node, "ping", "-c", "1", "-W", "1", try lab.value("resolver_v4"))
                for family in Lab.Family.allCases {
                    #expect(try lab.reaches(node, family), "\(node), \(family.testDescription)")
                }
            }
            for (node, echo) in zip([Lab.Node.laptop, .phone2], echoes) {
                // What the switch led astray is sent again, after a pause that doubles each time
                // (RFC 6298 section 5.5).
                let own = try lab.value("\(node.rawValue)_v4")
                let goesOn = try waitUntil(seconds: 20) {
                    try unanswered(lab, node, web) == "0" && unanswered(lab, .inet, own) == "0"
                }
                #expect(goesOn, "\(node)'s connection does not go on")
                let said = try report(EchoReport.self, of: echo.stop())
                #expect(said.broken == "none" && said.received > 10, "\(said)")
            }
            print("  \(sent.sent) forged frames: cut is the phone alone")
        }

        /// The octets of a node's echo connection with an address that nobody acknowledged yet: the
        /// Send-Q of ss(8).
        private func unanswered(_ lab: Lab, _ node: Lab.Node, _ address: String) throws -> String? {
            let filter = [
                "state", "established", "dst", address, "( sport = :7000 or dport = :7000 )",
            ]
            let lines = try lab.run(node, words: ["ss", "-Htn"] + filter).lines
            try #require(lines.count == 1, "\(node): \(lines)")
            let columns = lines[0].split(whereSeparator: \.isWhitespace)
            return columns.count > 1 ? String(columns[1]) : nil
        }

        /// The MAC of a device behind another interface is believed by no packet, and not by an
        /// ARP entry that the liar has made for it either.
        @Test func anARPEntryDoesNotMoveADevice() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.meetTheNeighbours()
            let before = try gateway.lastEvent
            let mac = try lab.value("phone2_mac")
            let own = try ["phone_v4", "phone_v6"].map { try lab.value($0) }
            // The phone says that its own addresses are at the MAC of the other phone.
            _ = try forge(
                in: lab, ["--mac", mac] + own.flatMap { ["--claim", $0] }, count: 8, rate: 4)
            let entry = try lab.run(.gw, "ip", "neigh", "show", "to", own[0]).text
            try #require(entry.contains(mac), "the entry was not taken: \(entry)")
            _ = try forge(in: lab, own.flatMap { ["--as", "\(mac),\($0)"] }, count: 100)
            #expect(try gateway.blocksInForce().isEmpty)
            let events = try gateway.events(after: before).map(\.type)
            #expect(events.contains("address.forged"), "\(events)")
            #expect(try lab.reaches(.phone2))
        }

        @Test func answeringForOthersCutsNobodyAndFreesNobody() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.meetTheNeighbours()
            let web = try lab.value("web_v4")
            let echo = try lab.startPeer(.laptop, "echo", "--to", web, "--seconds", "60")
            let block = try gateway.cutPhone()
            let before = try gateway.lastEvent
            let witness = try Witness(in: lab)
            let victims = try ["laptop_v4", "laptop_v6", "phone2_v4", "phone2_v6"]
                .map { try lab.value($0) }
            let claims = victims.flatMap { ["--claim", $0] }
            // The kernel takes a new MAC for an address once a second at most.
            let liar = try lab.start(.phone, words: forgery(in: lab, claims, count: 100, rate: 20))
            let isTaken = try waitUntil(seconds: 4) {
                try gateway.events(after: before).contains { $0.type == "address.contested" }
            }
            #expect(isTaken, "the gateway never believed the phone: nothing was tested")
            try expectOthersUntouched(gateway)
            for family in Lab.Family.allCases {
                #expect(!(try lab.reaches(.phone, family)), "\(family.testDescription)")
            }
            _ = try liar.finish()
            try expectOthersUntouched(gateway)
            try heal(lab)
            for family in Lab.Family.allCases {
                #expect(try lab.reaches(.laptop, family), "\(family.testDescription)")
                #expect(try lab.reaches(.phone2, family), "\(family.testDescription)")
                #expect(!(try lab.reaches(.phone, family)), "\(family.testDescription)")
            }
            try witness.close()
            let wire = try witness.report(
                sources: lab.phoneSources(), from: 0,
                to: block.inForceMicroseconds + wireToleranceMicroseconds)
            #expect(wire.after == 0, "packets of the cut phone on the wire")
            #expect(try report(EchoReport.self, of: echo.stop()).broken == "none")
            let contests = try gateway.events(after: before).filter {
                $0.type == "address.contested"
            }
            #expect(contests.count <= 2, "told once for each address: \(contests.map(\.text))")
            #expect(try gateway.devicesInForce() == [try lab.value("phone_mac")])
        }

        // MARK: Steps

        private struct EchoReport: Decodable {
            let received: Int
            let broken: String
        }

        /// The phone's own MAC with others' addresses, others' MACs with its own, and pairs of
        /// others.
        private func everybodysNames(_ lab: Lab) throws -> [String] {
            let own = try lab.value("phone_mac")
            let others = [
                (try lab.value("phone2_mac"), "phone2"), (try lab.value("laptop_mac"), "laptop"),
                ("02:00:00:00:20:01", "gw"), ("ff:ff:ff:ff:ff:ff", "laptop"), ("random", "laptop"),
            ]
            var words: [String] = []
            for family in Lab.Family.allCases {
                let mine = try lab.address("phone", family)
                for (mac, name) in others {
                    let theirs = try lab.address(name, family)
                    for identity in ["\(own),\(theirs)", "\(mac),\(mine)", "\(mac),\(theirs)"] {
                        words += ["--as", identity]
                    }
                }
            }
            return words
        }

        private func forgery(
            in lab: Lab, _ words: [String], count: Int, rate: Int
        ) throws -> [String] {
            var all = [
                Place.program("LabPeer"), "forge", "--interface", "eth0", "--gateway-mac",
                "02:00:00:00:20:01", "--ask", Gateway.trigger, "--count", "\(count)", "--rate",
                "\(rate)", "--mac", try lab.value("phone_mac"),
            ]
            for family in Lab.Family.allCases {
                all += [
                    "--to", try lab.address("web", family), "--resolver",
                    try lab.address("resolver", family), "--gateway", try lab.address("gw", family),
                ]
            }
            return all + words
        }

        private func forge(
            in lab: Lab, _ words: [String], count: Int = frames, rate: Int = 2_000
        ) throws -> Sent {
            let command = try forgery(in: lab, words, count: count, rate: rate)
            let said = try lab.run(.phone, words: command)
            // What is on its way still reaches the daemon.
            letPass(milliseconds: 300)
            return try report(Sent.self, of: said)
        }

        /// No address and no flow of the others is in what cuts.
        private func expectOthersUntouched(_ gateway: Gateway) throws {
            let sets = try gateway.kernelSets()
            let phone = try gateway.lab.phoneSources()
            #expect(sets.blockedMACs == [try gateway.lab.value("phone_mac")])
            #expect(sets.down.isSubset(of: phone), "\(sets.down)")
            let marked = try gateway.cutFlows().filter { flow in
                !phone.contains { flow.contains("src=\($0) ") }
            }
            #expect(marked.isEmpty, "\(marked.prefix(3))")
        }

        /// As the laptop itself does when its entry for the gateway has aged: it asks.
        private func heal(_ lab: Lab) throws {
            letPass(milliseconds: 1_200)
            for family in Lab.Family.allCases {
                // The question for the gateway names the address that the packet is sent from.
                try lab.run(.laptop, "ip", "neigh", "flush", "dev", "eth0")
                try lab.run(.laptop, "ping", "-c", "1", "-W", "1", try lab.address("web", family))
            }
        }
    }
}
