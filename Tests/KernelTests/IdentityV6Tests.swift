import Foundation
import Testing

extension KernelSuite {
    /// A phone that takes another MAC and is known by DHCPv6: dhclient, dnsmasq and Kea.
    @Suite(.serialized)
    struct IdentityV6Tests {
        private static let phone = JoiningIdentity(
            mac: "64:b4:73:00:00:31", client: "ff0000000100020000ab110102030405060708",
            name: "Redmi-Note-9")
        private static let again = JoiningIdentity(
            mac: "06:aa:00:00:00:01", client: phone.client, name: phone.name)
        /// Of the same model, and so of the same name.
        private static let sister = JoiningIdentity(
            mac: "06:bb:00:00:00:07", client: "ff0000000100020000ab119988776655443322",
            name: phone.name)

        /// By which DHCP a device speaks.
        enum Way: String, CaseIterable, CustomTestStringConvertible {
            case v4, v6
            var testDescription: String { rawValue }

            func join(_ lab: Lab, _ node: Lab.Node, as identity: JoiningIdentity) throws -> Lease {
                switch self {
                case .v4: try lab.join(node, as: identity)
                case .v6: try lab.joinV6(node, as: identity)
                }
            }
        }

        private static func cut(
            _ gateway: Gateway, by way: Way, as identity: JoiningIdentity = phone
        ) throws -> EventLine {
            let lease = try way.join(gateway.lab, .phone, as: identity)
            let before = try gateway.lastEvent
            try gateway.lab.attempt(.phone, from: lease.address)
            return try gateway.awaitEvent("block.created", after: before)
        }

        @Test(arguments: IdentityTests.Server.allCases)
        func aReturningPhoneIsKnownAgain(server: IdentityTests.Server) throws {
            let gateway = try Gateway(in: Lab(kea: server == .kea))
            let lab = gateway.lab
            let first = try Self.cut(gateway, by: .v6)
            #expect(first.device == Self.phone.mac)
            #expect(!(try lab.reaches(.phone, .v6)))
            // Cut off, it gets its address all the same.
            _ = try lab.joinV6(.phone, as: Self.phone)
            #expect(!(try lab.reaches(.phone, .v6)))
            let lease = try lab.joinV6(.phone, as: Self.again)
            let second = try gateway.awaitEvent("block.created", after: first.id)
            #expect(second.device == Self.again.mac)
            #expect(
                second.reason?.hasPrefix("identity-rebind:duid+hostname") ?? false,
                "\(second.reason ?? "no reason")")
            #expect(second.policy == first.policy && second.region == "CU")
            let late = second.inForceMicroseconds - lease.microseconds
            #expect(late <= 1_000_000, "cut \(late) us after the lease")
            #expect(!(try lab.reaches(.phone, .v6)))
            let said = try gateway.succeed("explain", Self.again.mac).text
            #expect(said.contains("identity-rebind:duid+hostname"), "\(said)")
            #expect(said.contains("hostname \"Redmi-Note-9\""), "\(said)")
            #expect(said.contains("DUID 00:02:00:00:ab:11:01:02:03:04:05:06:07:08"), "\(said)")
            try gateway.release(second.block)
            #expect(try gateway.blocksInForce().isEmpty)
            #expect(try lab.reaches(.phone, .v6))
            print("  \(server): cut \(late / 1_000) ms after the lease was taken up")
        }

        /// Both DHCPs have the DUID (RFC 4361), so either is known by the other.
        @Test(arguments: Way.allCases)
        func whatOneDHCPSaidIsKnownByTheOther(first way: Way) throws {
            let gateway = try Gateway.up()
            let first = try Self.cut(gateway, by: way)
            var back = Self.again
            // A dhcpcd counts its interfaces by their MACs.
            back.client = "ff0a0b0c0d" + back.duid
            _ = try (way == .v4 ? Way.v6 : .v4).join(gateway.lab, .phone, as: back)
            let second = try gateway.awaitEvent("block.created", after: first.id)
            #expect(second.device == back.mac)
            #expect(
                second.reason?.hasPrefix("identity-rebind:duid+hostname") ?? false,
                "\(second.reason ?? "no reason")")
            #expect(!(try gateway.lab.reaches(.phone, way == .v4 ? .v6 : .v4)))
        }

        /// The control: another DUID, and it is somebody else until it asks for the trigger. So is
        /// a phone of the same name.
        @Test func aNameAloneIsNobodys() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let first = try Self.cut(gateway, by: .v6)
            // The phone is silent, so nothing but her words speaks for her.
            try lab.run(.phone, "ip", "link", "set", "eth0", "down")
            _ = try lab.joinV6(.laptop, as: Self.sister)
            letPass(milliseconds: 1_500)
            #expect(try gateway.devicesInForce() == [Self.phone.mac])
            var stranger = Self.again
            stranger.client = "ff00000001000400112233445566778899aabbccddeeff"
            stranger.name = "Pixel-5"
            _ = try lab.joinV6(.phone, as: stranger)
            letPass(milliseconds: 1_500)
            #expect(try gateway.devicesInForce() == [Self.phone.mac])
            #expect(try lab.reaches(.laptop, .v6), "an innocent device was cut off")
            #expect(try lab.reaches(.phone, .v6), "a stranger is cut for nothing")
            let told = try gateway.events(after: first.id)
            #expect(!told.contains { $0.type == "block.created" })
        }

        /// Everything fits, but the cut phone answers: there are two devices.
        @Test func whoeverStillAnswersIsNotTheNewcomer() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let first = try Self.cut(gateway, by: .v6)
            _ = try lab.joinV6(.laptop, as: Self.again)
            let told = try gateway.awaitEvent("identity.suspected", after: first.id)
            #expect(told.device == Self.again.mac && told.text.contains("still there"))
            letPass(milliseconds: 1_500)
            #expect(try gateway.devicesInForce() == [Self.phone.mac])
            #expect(try lab.reaches(.laptop, .v6), "an innocent device was cut off")
        }

        /// Two devices that say so, and neither of them is cut for it.
        @Test func oneDUIDOfTwoDevicesIsNobodys() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            var twin = Self.sister
            twin.client = Self.phone.client
            _ = try lab.joinV6(.laptop, as: twin)
            let first = try Self.cut(gateway, by: .v6)
            _ = try lab.joinV6(.phone, as: Self.again)
            let told = try gateway.awaitEvent("identity.suspected", after: first.id)
            #expect(told.device == Self.again.mac && told.text.contains("more than one device"))
            letPass(milliseconds: 1_500)
            #expect(try gateway.devicesInForce() == [Self.phone.mac])
            #expect(try lab.reaches(.laptop, .v6) && lab.reaches(.phone, .v6))
        }

        /// The cut phone's words in frames with the MAC of somebody else, and hers in its own.
        @Test func nobodyElseIsCutForWhatIsSaid() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let first = try Self.cut(gateway, by: .v6)
            var her = Self.sister
            her.name = "Anna"
            let lease = try lab.joinV6(.laptop, as: her)
            // Nobody shall be spared just because the phone answers.
            let muted = try lab.run(
                .phone, "nft",
                "table ip6 mute { chain out { type filter hook output priority 0; "
                    + "icmpv6 type nd-neighbor-advert drop; }; }")
            try #require(muted.status == 0, "\(muted.errors)")
            let (phone, maid) = (Self.phone.mac, her.mac)
            let wants = "wants=\(lease.address)"
            let its = ["duid=\(Self.phone.duid)", "name=\(Self.phone.name)", wants]
            for _ in 0..<2 {
                try lab.lieV6(.phone, frame: maid, source: "fe80::4bb:ff:fe00:7", its)
                try lab.lieV6(
                    .phone, frame: phone, source: "fe80::66b4:73ff:fe00:31",
                    ["duid=\(her.duid)", "name=\(her.name)", wants])
            }
            letPass(milliseconds: 1_500)
            // She comes back with another MAC, under which it has spoken before.
            her.mac = "06:bb:00:00:00:09"
            try lab.lieV6(.phone, frame: her.mac, source: "fe80::4bb:ff:fe00:9", its)
            _ = try lab.joinV6(.laptop, as: her)
            letPass(milliseconds: 1_500)
            #expect(try gateway.devicesInForce() == [phone])
            #expect(try lab.reaches(.laptop, .v6), "an innocent device was cut off")
            #expect(
                !(try gateway.events(after: first.id)).contains { $0.type == "block.created" })
        }

        /// A server behind another port of the bridge: only the bridge's table sees what is asked.
        @Test func whatGoesFromPortToPortIsHeard() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            // A SOLICIT to the laptop alone: DUID 00:02:00:00:ab:11:77, the name bench.
            let solicit = """
                import socket
                s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
                s.bind(("::", 546))
                s.sendto(bytes.fromhex("01010203" "00010007" "00020000ab1177"
                    "00270007" "00" "0562656e6368"), ("\(try lab.value("laptop_v6"))", 547))
                """
            let sent = try lab.run(.phone, "python3", "-c", solicit)
            #expect(sent.status == 0, "\(sent.errors)")
            let isHeard = waitUntil(seconds: 5) {
                let said = try? gateway.succeed("explain", Self.phone.mac).text
                return said?.contains("hostname \"bench\", DUID 00:02:00:00:ab:11:77") ?? false
            }
            #expect(isHeard)
        }
    }
}
