import Foundation
import Testing

extension KernelSuite {
    /// A phone that takes another MAC: real DHCP, by dnsmasq, by Kea, and by udhcpc.
    @Suite(.serialized)
    struct IdentityTests {
        enum Server: String, CaseIterable, CustomTestStringConvertible {
            case dnsmasq, kea
            var testDescription: String { rawValue }
        }

        private static let phone = JoiningIdentity(
            mac: "64:b4:73:00:00:31", client: "ff00000001000102aabbcc01", name: "Redmi-Note-9")
        private static let again = JoiningIdentity(
            mac: "06:aa:00:00:00:01", client: phone.client, name: phone.name)
        private static let stranger = JoiningIdentity(
            mac: "06:aa:00:00:00:02", client: "ff00000009000102aabbcc09", name: "Pixel-5",
            vendorClass: "android-dhcp-12")
        /// A device of somebody else, with a MAC made up as well.
        private static let innocent = JoiningIdentity(
            mac: "06:bb:00:00:00:07", client: "ff00000007000102aabbcc07", name: "Anna")

        /// The phone has joined by DHCP, asked for the trigger and is cut.
        private static func cut(
            _ gateway: Gateway, as identity: JoiningIdentity = phone
        ) throws -> EventLine {
            let lease = try gateway.lab.join(.phone, as: identity)
            let before = try gateway.lastEvent
            try gateway.lab.attempt(.phone, from: lease.address)
            return try gateway.awaitEvent("block.created", after: before)
        }

        @Test(arguments: Server.allCases)
        func aReturningPhoneIsKnownAgain(server: Server) throws {
            let gateway = try Gateway(in: Lab(kea: server == .kea))
            let lab = gateway.lab
            let first = try Self.cut(gateway)
            #expect(first.device == Self.phone.mac)
            let lease = try lab.join(.phone, as: Self.again)
            let second = try gateway.awaitEvent("block.created", after: first.id)
            #expect(second.device == Self.again.mac)
            #expect(
                second.reason?.hasPrefix("identity-rebind:client-id+hostname") ?? false,
                "\(second.reason ?? "no reason")")
            #expect(second.policy == first.policy && second.region == "CU")
            let late = second.inForceMicroseconds - lease.microseconds
            #expect(late <= 1_000_000, "cut \(late) us after the lease")
            #expect(!(try lab.reaches(.phone)))
            let said = try gateway.succeed("explain", Self.again.mac).text
            #expect(said.contains("identity-rebind:client-id+hostname"), "\(said)")
            #expect(said.contains("hostname \"Redmi-Note-9\""), "\(said)")
            // All MACs of the device are released together.
            try gateway.release(second.block)
            #expect(try gateway.blocksInForce().isEmpty)
            #expect(try lab.reaches(.phone))
            print("  \(server): cut \(late / 1_000) ms after the lease was taken up")
        }

        @Test func aNewIdentityIsCutAtItsNextAttempt() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.tagByVendorClass()
            let first = try Self.cut(gateway)
            let lease = try lab.join(.phone, as: Self.stranger)
            letPass(milliseconds: 1_500)
            #expect(try gateway.devicesInForce() == [Self.phone.mac])
            #expect(try lab.reaches(.phone), "a stranger is cut for nothing")
            try lab.attempt(.phone, from: lease.address)
            let second = try gateway.awaitEvent("block.created", after: first.id)
            #expect(second.device == Self.stranger.mac && second.vector == "dns")
            #expect(!(try lab.reaches(.phone)))
        }

        /// A second radio of the phone, while the first is still there. The server takes both for
        /// one, and so do we.
        @Test func twoRadiosOfOneDeviceAreReleasedTogether() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let first = try Self.cut(gateway)
            for setting in ["arp_ignore=1", "arp_announce=2", "rp_filter=0"] {
                try lab.run(.phone, "sysctl", "-qw", "net.ipv4.conf.all.\(setting)")
            }
            let made = try lab.run(
                .phone, "ip", "link", "add", "radio2", "link", "eth0", "type", "macvlan", "mode",
                "bridge")
            try #require(made.status == 0, "\(made.errors)")
            _ = try lab.join(.phone, as: Self.again, interface: "radio2", table: "100")
            let second = try gateway.awaitEvent("block.created", after: first.id)
            #expect(second.device == Self.again.mac)
            #expect(try gateway.devicesInForce() == [Self.phone.mac, Self.again.mac])
            try gateway.release(first.block)
            #expect(try gateway.blocksInForce().isEmpty)
            #expect(try gateway.kernelSets().blockedMACs.isEmpty)
        }

        /// Everything fits, but the cut phone answers: there are two devices.
        @Test func whoeverStillAnswersIsNotTheNewcomer() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let first = try Self.cut(gateway)
            let (mac, address) = (Self.again.mac, "10.20.1.77")
            try lab.run(
                .laptop, "sh", "-ec",
                "ip link set eth0 down; ip address flush dev eth0; "
                    + "ip link set eth0 address \(mac); ip link set eth0 up; "
                    + "ip address add \(address)/16 dev eth0; ip route add default via 10.20.0.1")
            try lab.lie(.laptop, frame: mac, chaddr: mac, Self.phone.words + ["wants=\(address)"])
            try lab.run(.laptop, "ping", "-c", "1", "-W", "1", "10.20.0.1")
            let told = try gateway.awaitEvent("identity.suspected", after: first.id)
            #expect(told.device == mac && told.text.contains("still there"), "\(told.text)")
            letPass(milliseconds: 1_500)
            try expectFree(.laptop, gateway)
        }

        /// A daemon that reads the server's list knows who was here before it; without one it waits
        /// before it takes anybody for a newcomer.
        @Test(arguments: [Server.dnsmasq, .kea, nil])
        func aReturningPhoneIsKnownAfterARestart(list: Server?) throws {
            let lab = try Lab(kea: list == .kea)
            let gateway = try Gateway(in: lab, Self.options(reading: list, in: lab))
            let first = try Self.cut(gateway)
            try gateway.crash()
            try gateway.start()
            _ = try lab.join(.phone, as: Self.again)
            guard list != nil else {
                let told = try gateway.awaitEvent("identity.suspected", after: first.id)
                #expect(told.text.contains("the daemon was started since"), "\(told.text)")
                letPass(milliseconds: 1_500)
                #expect(try gateway.devicesInForce() == [Self.phone.mac])
                return
            }
            let second = try gateway.awaitEvent("block.created", after: first.id)
            #expect(second.device == Self.again.mac)
            #expect(second.reason?.hasPrefix("identity-rebind:client-id+hostname") ?? false)
            #expect(!(try lab.reaches(.phone)))
            try gateway.release(second.block)
            #expect(try gateway.blocksInForce().isEmpty)
        }

        /// A cable and a Wi-Fi that the operator lists as one device: the MAC that asked is cut,
        /// and so is the other, which has done nothing.
        @Test func aListedDeviceIsCutUnderAllItsMACs() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            let laptop = try lab.value("laptop_mac")
            let alone = try gateway.cutPhone()
            #expect(try lab.reaches(.laptop), "nobody has listed it yet")
            try gateway.release(alone.block)
            try gateway.write(
                """
                version: 1
                devices:
                  - mac: ["\(Self.phone.mac)", "\(laptop)"]
                    label: bench
                    tags: [xiaomi]

                """, to: "devices.d/60-bench.yaml")
            try gateway.succeed("reload")
            let first = try gateway.cutPhone()
            let second = try gateway.awaitEvent("block.created", after: first.id)
            #expect(second.device == laptop && second.vector == "settings")
            let reached = try [lab.reaches(.laptop), lab.reaches(.phone)]
            #expect(reached == [false, false])
            let said = try gateway.succeed("explain", laptop).text
            #expect(said.contains("devices.d/60-bench.yaml:3"), "\(said)")
            try gateway.succeed("release", "bench", "--reason", "test")
            #expect(try lab.reaches(.laptop))
            #expect(try lab.reaches(.phone))
        }

        /// The device has its lease before there is a daemon, and need not ask again for hours.
        @Test(arguments: [Server.dnsmasq, .kea, nil])
        func aLeaseGivesATag(list: Server?) throws {
            let lab = try Lab(kea: list == .kea)
            var box = Self.innocent
            box.name = "Mi-Box-S"
            let lease = try lab.join(.laptop, as: box)
            let gateway = try Gateway(in: lab, Self.options(reading: list, in: lab))
            try gateway.write(
                """
                version: 1
                tag: xiaomi
                match:
                  - dhcp_hostname: "mi-box*"

                """, to: "devices.d/70-claims.yaml")
            try gateway.succeed("reload")
            let before = try gateway.lastEvent
            try lab.attempt(.laptop, from: lease.address)
            guard list != nil else {
                letPass(milliseconds: 500)
                #expect(try gateway.blocksInForce().isEmpty)
                return
            }
            let cut = try gateway.awaitEvent("block.created", after: before)
            #expect(cut.device == box.mac)
            let said = try gateway.succeed("explain", box.mac).text
            #expect(said.lowercased().contains("hostname \"mi-box-s\""), "\(said)")
        }

        private static func options(reading list: Server?, in lab: Lab) -> Gateway.Options {
            var options = Gateway.Options()
            if let list {
                options.more = "identity: {leases: [{\(list.rawValue): \(lab.path("leases"))}]}"
            }
            return options
        }

        /// Names are shared by all phones of a model; a liar has the words of others.
        @Test func nobodyElseIsCutForWhatIsSaid() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            var sister = Self.innocent
            sister.name = Self.phone.name
            // Somebody else's phone of the same model is here first, and the laptop's words are the
            // thief's before he is cut off.
            let first = try Self.cut(gateway)
            let lease = try lab.join(.laptop, as: sister)
            let own = sister.words
            let phone = Self.phone.mac
            // Her name in a frame of the thief's, his words in a frame of hers, and hers in his.
            try lab.lie(
                .phone, frame: phone, chaddr: sister.mac,
                Self.phone.words + ["wants=\(lease.address)"])
            try lab.lie(
                .phone, frame: sister.mac, chaddr: sister.mac,
                Self.phone.words + ["wants=\(lease.address)"])
            try lab.lie(.phone, frame: phone, chaddr: phone, own + ["wants=\(lease.address)"])
            letPass(milliseconds: 1_500)
            try expectFree(.laptop, gateway)
            // She comes back with another MAC, and still nobody takes her for him.
            var back = sister
            back.mac = "06:bb:00:00:00:08"
            _ = try lab.join(.laptop, as: back)
            letPass(milliseconds: 1_500)
            try expectFree(.laptop, gateway)
            let told = try gateway.events(after: first.id)
            #expect(!told.contains { $0.type == "block.created" })
            #expect(told.contains { $0.type == "identity.suspected" }, "\(told.map(\.type))")
        }

        /// The liar has put on somebody's words before he was cut off.
        @Test func wordsTakenBeforeTheCutAreWorthNothing() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            _ = try lab.join(.laptop, as: Self.innocent)
            var thief = Self.innocent
            thief.mac = Self.phone.mac
            let first = try Self.cut(gateway, as: thief)
            var back = Self.innocent
            back.mac = "06:bb:00:00:00:08"
            _ = try lab.join(.laptop, as: back)
            letPass(milliseconds: 1_500)
            try expectFree(.laptop, gateway)
            let told = try gateway.awaitEvent("identity.suspected", after: first.id)
            #expect(told.device == back.mac, "\(told.text)")
        }

        private func expectFree(_ node: Lab.Node, _ gateway: Gateway) throws {
            #expect(try gateway.devicesInForce() == [Self.phone.mac])
            #expect(try gateway.lab.reaches(node), "an innocent device was cut off")
        }
    }
}

extension Gateway {
    /// Devices that say they are Android are tagged.
    fileprivate func tagByVendorClass() throws {
        try write(
            """
            version: 1
            tag: xiaomi
            match:
              - dhcp_vendor_class: "android-dhcp-*"

            """, to: "devices.d/70-claims.yaml")
        try succeed("reload")
    }
}
