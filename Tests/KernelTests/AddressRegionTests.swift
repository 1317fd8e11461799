import DatabaseMill
import Foundation
import Testing
import Wire

extension KernelSuite {
    /// `region: from-address` on the wire, with the laboratory's addresses of IPv6: those of
    /// documentation, which a database of ours places in Crimea, in Kyiv or nowhere.
    @Suite(.serialized)
    struct AddressRegionTests {
        private static let phone = "2001:db8:20::31"
        private static let phone2 = "2001:db8:30::32"

        private func write(_ places: [String: String], in gateway: Gateway) throws {
            var database = MilledDatabase(
                type: "Test-City", buildEpoch: UInt64(Date().timeIntervalSince1970))
            for (network, code) in places.sorted(by: { $0.key < $1.key }) {
                let words = code.split(separator: "-").map(String.init)
                database.add(
                    try #require(IPPrefix(network)),
                    SampleDatabase.record(country: words[0], parts: Array(words.dropFirst())))
            }
            try put(Data(database.octets), in: gateway)
        }

        /// As an update does it: another file under the same name.
        private func put(_ data: Data, in gateway: Gateway) throws {
            let path = gateway.lab.path("db.mmdb")
            try data.write(to: URL(filePath: path), options: .atomic)
        }

        private func settle(_ gateway: Gateway, lan0: String = "from-address") throws {
            let path = gateway.lab.path("db.mmdb")
            try gateway.write(
                """
                version: 1
                gateway: {name: gw-lab, mode: enforce, uplinks: [wan0]}
                geoip: {database: \(path)}
                sites:
                  - {name: campus, region: \(lan0), match: {interfaces: [lan0]}}
                  - {name: annex, region: from-address, match: {interfaces: [lan1]}}
                while_blocked: {dns: none}
                control: {admins: root, readers: root}

                """, to: "regionlock.yaml")
            try gateway.succeed("reload")
        }

        /// Asks for the trigger over IPv6; whether an answer came.
        private func asks(_ node: Lab.Node, _ gateway: Gateway) throws -> Bool {
            let lab = gateway.lab
            let answer = try lab.run(
                node, "dig", "+short", "+tries=1", "+time=1", "@\(try lab.value("resolver_v6"))",
                Gateway.trigger)
            return answer.text.contains(try lab.value("web_v4"))
        }

        @Test func theAddressDecidesAndUnknownNeverDoes() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            // Neither has a record.
            try write(["2001:db8:cc::/48": "CU"], in: gateway)
            try settle(gateway)
            #expect(try asks(.phone, gateway) && asks(.phone2, gateway))
            #expect(try gateway.blocksInForce().isEmpty, "an unknown region has blocked")

            try write(["2001:db8:20::/64": "UA-43", "2001:db8:30::/64": "UA-30"], in: gateway)
            try gateway.succeed("reload")
            #expect(try asks(.phone2, gateway), "Kyiv suffers for Crimea")
            let before = try gateway.lastEvent
            #expect(try !asks(.phone, gateway))
            let told = try gateway.events(after: before)
            let cut = try #require(told.first { $0.type == "block.created" })
            #expect(cut.region == "UA-43")
            for family in Lab.Family.allCases {
                #expect(try !lab.reaches(.phone, family))
                #expect(try lab.reaches(.phone2, family))
                #expect(try lab.reaches(.laptop, family))
            }
            let why = try gateway.succeed("explain", Self.phone).text
            #expect(why.contains("\(Self.phone) is in UA, UA-43 by Test-City of "), "\(why)")
            let spared = try gateway.succeed("explain", Self.phone2).text
            #expect(spared.contains("\(Self.phone2) is in UA, UA-30 by Test-City of "), "\(spared)")

            // What is no database leaves the one before in use, and says so.
            try put(Data("no database".utf8), in: gateway)
            try gateway.succeed("reload")
            let status = try gateway.command("status")
            #expect(status.text.contains("which was there before, stays in use"), "\(status.text)")
            #expect(try !lab.reaches(.phone), "a damaged file has freed it")
            try gateway.release(cut.block)
            #expect(try lab.reaches(.phone))
            #expect(try !asks(.phone, gateway), "the last good database is not in use")

            // None at a start: blocks stand, and nobody else is cut off.
            try FileManager.default.removeItem(atPath: lab.path("db.mmdb"))
            try gateway.restart()
            #expect(try !lab.reaches(.phone, .v6))
            #expect(try asks(.phone2, gateway))
            let kept = try gateway.succeed("explain", Self.phone).text
            #expect(kept.contains("when it was cut off, \(Self.phone) is in UA, UA-43"), "\(kept)")
            let missing = try gateway.command("status")
            #expect(missing.text.contains("No such file"), "\(missing.text)")
        }

        @Test func theUplinkIsComparedAndOnlyTold() throws {
            let gateway = try Gateway.up()
            // The gateway's own address, which its default route sends from.
            let uplink = try gateway.lab.value("wan_v4") + "/32"
            try write([uplink: "ES-MD"], in: gateway)
            let before = try gateway.lastEvent
            try settle(gateway, lan0: "CU")
            let told = try gateway.events(after: before)
            #expect(told.count { $0.type == "region.mismatch" } == 1, "\(told.map(\.type))")
            let status = try gateway.command("status").text
            #expect(status.contains("but the sites declare CU"), "\(status)")
            #expect(try gateway.blocksInForce().isEmpty)
            #expect(try gateway.lab.reaches(.phone))
            let metrics = try gateway.succeed("metrics").text
            #expect(metrics.contains("regionlock_region_mismatch 1"), "\(metrics)")

            try settle(gateway, lan0: "ES")
            #expect(
                try gateway.command("status").text.contains("as site campus declares"))
            let later = try gateway.succeed("metrics").text
            #expect(later.contains("regionlock_region_mismatch 0"), "\(later)")

            try write(["2001:db8:cc::/48": "CU"], in: gateway)
            let last = try gateway.lastEvent
            try settle(gateway, lan0: "ES")
            let unclear = try gateway.events(after: last).filter { $0.type == "region.unchecked" }
            #expect(unclear.count == 1)
            // The declared region has decided all the while.
            #expect(try gateway.blocksInForce().isEmpty)
        }
    }
}
