import Foundation
import Testing

extension KernelSuite {
    /// Devices that are tagged by the number of the VLAN they are in.
    @Suite(.serialized)
    struct VLANTests {
        private static let device = "00:11:22:33:44:55"
        private static let innocent = "00:11:22:33:44:66"

        /// Both ends of a VLAN on the second port.
        private static func make(
            _ number: Int, as name: String, device: String, in lab: Lab
        ) throws -> Output {
            let made = try lab.run(
                .gw, "sh", "-ec",
                "ip link add link lan1 name \(name) type vlan id \(number); "
                    + "ip address add 10.\(number).0.1/24 dev \(name); ip link set \(name) up")
            guard made.status == 0 else { return made }
            return try lab.run(
                .phone2, "sh", "-ec",
                "ip link add link eth0 name v\(number) address \(device) type vlan "
                    + "id \(number); ip address add 10.\(number).0.2/24 dev v\(number); "
                    + "ip link set v\(number) up; ping -c 1 -W 5 10.\(number).0.1; "
                    + "ip route replace default via 10.\(number).0.1 src 10.\(number).0.2")
        }

        private static func ask(_ lab: Lab) throws {
            try lab.run(
                .phone2, "dig", "+short", "+tries=1", "+time=2", "@\(try lab.value("resolver_v4"))",
                Gateway.trigger)
        }

        @Test func aVLANIsWhateverInterfaceHasItsNumber() throws {
            let gateway = try Gateway.up(Gateway.Options(more: "unknown_site: region:CU"))
            let lab = gateway.lab
            try gateway.tag("vlan: 42")
            let other = try Self.make(41, as: "staff", device: Self.innocent, in: lab)
            guard other.status == 0 else {
                let reason = other.errors.split(separator: "\n").first ?? "ip says nothing"
                print("  SKIP: this kernel makes no VLAN device: \(reason)")
                return
            }
            let before = try gateway.queuedPackets()
            try Self.ask(lab)
            #expect(try lab.reaches(.phone2), "another VLAN")
            #expect(try gateway.queuedPackets() == before, "another VLAN is looked into")
            #expect(try gateway.blocksInForce().isEmpty)

            // It comes after the daemon, and its name says nothing.
            let made = try Self.make(42, as: "guests", device: Self.device, in: lab)
            try #require(made.status == 0, "\(made.errors)")
            let last = try gateway.lastEvent
            try Self.ask(lab)
            let event = try gateway.awaitEvent("block.created", after: last, seconds: 10)
            #expect(event.device == Self.device)
            #expect(!(try lab.reaches(.phone2)))
            let said = try gateway.succeed("explain", Self.device).text
            #expect(said.contains("it is tagged xiaomi (VLAN 42)"), "\(said)")

            // Without its interface nothing is in the kernel for it; the block stays.
            try lab.run(.gw, "ip", "link", "del", "guests")
            let isGone = waitUntil(seconds: 10) {
                ((try? gateway.nftTable()) ?? "guests").contains("guests") == false
            }
            #expect(isGone, "the interface is still looked for")
            #expect(try gateway.devicesInForce() == [Self.device])
            // Another interface that gets the number is the VLAN.
            try lab.run(
                .gw, "ip", "link", "add", "link", "lan0", "name", "x", "type", "vlan", "id", "42")
            let isBack = waitUntil(seconds: 10) {
                ((try? gateway.nftTable()) ?? "").contains("\"x\"")
            }
            #expect(isBack, "the new interface is not looked for")
        }
    }
}
