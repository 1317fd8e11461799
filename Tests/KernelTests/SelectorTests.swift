import Foundation
import Testing

extension KernelSuite {
    /// Devices that are tagged by what they are, on the wire.
    @Suite(.serialized)
    struct SelectorTests {
        private static let random = "9a:11:22:33:44:55"
        /// A block of the list that looks as if its addresses were made up.
        private static let assigned = "02:60:8c:00:00:40"

        @Test func randomMACsAreTaggedAndNoOthers() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.tag("mac_kind: random")
            let fixed = try lab.value("laptop_mac")
            for mac in [fixed, Self.assigned] {
                try lab.setMAC(mac)
                let before = try gateway.queuedPackets()
                try lab.ask()
                #expect(try lab.reaches(.laptop), "\(mac) does not look made up")
                #expect(try gateway.queuedPackets() == before, "\(mac) is looked into")
                #expect(try gateway.blocksInForce().isEmpty, "\(mac) is cut off")
            }
            try lab.setMAC(Self.random)
            let before = try gateway.lastEvent
            try lab.ask()
            let event = try gateway.awaitEvent("block.created", after: before)
            #expect(event.device == Self.random)
            #expect(!(try lab.reaches(.laptop)))
            let said = try gateway.succeed("explain", Self.random).text
            #expect(said.contains("70-selector.yaml"), "\(said)")
        }

        @Test func fixedMACsAreTaggedAndNoOthers() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.tag("mac_kind: fixed")
            try lab.setMAC(Self.random)
            let before = try gateway.queuedPackets()
            try lab.ask()
            #expect(try lab.reaches(.laptop), "a random MAC is no fixed one")
            #expect(try gateway.queuedPackets() == before, "it is looked into")
            #expect(try gateway.blocksInForce().isEmpty)
            for mac in [Self.assigned, try lab.value("laptop_mac")] {
                try lab.setMAC(mac)
                let event = try gateway.lastEvent
                try lab.ask()
                #expect(try gateway.awaitEvent("block.created", after: event).device == mac)
            }
        }
    }
}

extension Gateway {
    /// Whatever fits the test is tagged as the phones of the shipped policy are, and a random MAC
    /// is nobody's return.
    func tag(_ test: String, except: String? = nil) throws {
        let exception = except.map { "except:\n  - \($0)\n" } ?? ""
        try write(
            "version: 1\ntag: xiaomi\nmatch:\n  - \(test)\n\(exception)",
            to: "devices.d/70-selector.yaml")
        try succeed("reload")
    }
}

extension Lab {
    fileprivate func setMAC(_ mac: String) throws {
        let said = try run(
            .laptop, "sh", "-ec",
            "ip link set eth0 down; ip link set eth0 address \(mac); ip link set eth0 up; "
                + "ip route replace default via 10.20.0.1; "
                + "ip address add \(try value("laptop_v6"))/64 dev eth0 nodad || true; "
                + "ping -c 1 -W 2 10.20.0.1")
        guard said.status == 0 else { throw LabError("\(mac): \(said.text)\(said.errors)") }
    }

    /// The laptop asks for the trigger.
    fileprivate func ask() throws {
        try run(
            .laptop, "dig", "+short", "+tries=1", "+time=1", "@\(try value("resolver_v4"))",
            Gateway.trigger)
    }
}
