import Foundation
import Testing

extension KernelSuite {
    /// Devices behind WireGuard peers, over the real thing.
    @Suite(.serialized)
    struct WireGuardTests {
        /// A gateway with wg0 and two peers: phone2 (10.50.0.2) and the laptop (10.50.0.3).
        private struct Tunnels {
            let gateway: Gateway
            let phone: String
            let laptop: String

            func set(_ words: String...) throws {
                let said = try gateway.lab.run(.gw, words: ["wg", "set", "wg0"] + words)
                guard said.status == 0 else { throw LabError("wg: \(said.errors)") }
            }

            /// A second tunnel of the laptop's, by another interface of the gateway's.
            func makeOther() throws {
                let lab = gateway.lab
                let own =
                    try tool(["sh", "-c", "wg pubkey <\(lab.path("gw.key"))"]).lines.first ?? ""
                let made = try [
                    lab.run(
                        .gw, "sh", "-ec",
                        "ip link add wg1 type wireguard; wg set wg1 listen-port 51821 "
                            + "private-key \(lab.path("gw.key")) "
                            + "peer \(laptop) allowed-ips 10.51.0.3/32; "
                            + "ip address add 10.51.0.1/24 dev wg1; ip link set wg1 up"),
                    lab.run(
                        .laptop, "sh", "-ec",
                        "ip link add wg1 type wireguard; "
                            + "wg set wg1 private-key \(lab.path("laptop.key")) "
                            + "peer \(own) allowed-ips 0.0.0.0/0 endpoint 10.20.0.1:51821; "
                            + "ip address add 10.51.0.3/24 dev wg1; ip link set wg1 up mtu 1300; "
                            + "ip route add \(try lab.value("resolver_v4")) dev wg1; "
                            + "ping -c 1 -W 5 10.51.0.1"),
                ]
                for said in made where said.status != 0 {
                    throw LabError("wg1: \(said.text)\(said.errors)")
                }
            }

            func ask(_ node: Lab.Node, from address: String) throws {
                try gateway.lab.run(
                    node, "dig", "+short", "+tries=1", "+time=2", "-b", address,
                    "@\(try gateway.lab.value("resolver_v4"))", Gateway.trigger)
            }

            func reaches(_ node: Lab.Node, from address: String) throws -> Bool {
                let answer = try gateway.lab.run(
                    node, "dig", "+short", "+tries=2", "+time=2", "-b", address,
                    "@\(try gateway.lab.value("resolver_v4"))", "www.example.org")
                return answer.text.contains(try gateway.lab.value("web_v4"))
            }

            func table() -> String { (try? gateway.nftTable()) ?? "" }
        }

        private static func makeKeys(_ lab: Lab, _ node: Lab.Node) throws -> String {
            let path = lab.path("\(node.rawValue).key")
            let said = try tool(["sh", "-ec", "umask 077; wg genkey >\(path); wg pubkey <\(path)"])
            guard let key = said.lines.first else { throw LabError("wg: \(said.errors)") }
            return String(key)
        }

        /// Nil, with the reason said, where this kernel has no WireGuard.
        private static func up() throws -> Tunnels? {
            let lab = try Lab()
            let made = try lab.run(.gw, "ip", "link", "add", "wg0", "type", "wireguard")
            guard made.status == 0 else {
                let reason = made.errors.split(separator: "\n").first ?? "ip says nothing"
                print("  SKIP: this kernel has no WireGuard: \(reason)")
                return nil
            }
            let own = try makeKeys(lab, .gw)
            let phone = try makeKeys(lab, .phone2)
            let laptop = try makeKeys(lab, .laptop)
            let ready = try lab.run(
                .gw, "sh", "-ec",
                "wg set wg0 listen-port 51820 private-key \(lab.path("gw.key")) "
                    + "peer \(phone) allowed-ips 10.50.0.2/32 "
                    + "peer \(laptop) allowed-ips 10.50.0.3/32; "
                    + "ip address add 10.50.0.1/24 dev wg0; ip link set wg0 up")
            guard ready.status == 0 else { throw LabError(ready.errors) }
            for (node, address, outer) in [
                (Lab.Node.phone2, "10.50.0.2", "10.30.0.1"), (.laptop, "10.50.0.3", "10.20.0.1"),
            ] {
                let said = try lab.run(
                    node, "sh", "-ec",
                    "ip link add wg0 type wireguard; "
                        + "wg set wg0 private-key \(lab.path("\(node.rawValue).key")) "
                        + "peer \(own) allowed-ips 0.0.0.0/0 endpoint \(outer):51820; "
                        + "ip address add \(address)/24 dev wg0; ip link set wg0 up mtu 1300; "
                        + "ip route add \(try lab.value("resolver_v4")) dev wg0 src \(address); "
                        + "ping -c 1 -W 5 10.50.0.1")
                guard said.status == 0 else {
                    throw LabError("\(node): \(said.text)\(said.errors)")
                }
            }
            let gateway = try Gateway(
                in: lab, Gateway.Options(more: "unknown_site: region:CU"))
            return Tunnels(gateway: gateway, phone: phone, laptop: laptop)
        }

        @Test func aPeerIsTaggedAndNoOther() throws {
            guard let tunnels = try Self.up() else { return }
            let gateway = tunnels.gateway
            try gateway.tag("wireguard_peer: \(tunnels.phone)")
            let before = try gateway.queuedPackets()
            try tunnels.ask(.laptop, from: "10.50.0.3")
            #expect(try tunnels.reaches(.laptop, from: "10.50.0.3"), "another peer")
            #expect(try gateway.queuedPackets() == before, "another peer is looked into")
            let last = try gateway.lastEvent
            try tunnels.ask(.phone2, from: "10.50.0.2")
            let event = try gateway.awaitEvent("block.created", after: last, seconds: 10)
            #expect(event.device == "10.50.0.2")
            #expect(!(try tunnels.reaches(.phone2, from: "10.50.0.2")))
            #expect(try tunnels.reaches(.laptop, from: "10.50.0.3"))
            let said = try gateway.succeed("explain", "10.50.0.2").text
            #expect(said.contains("WireGuard peer \(tunnels.phone)"), "\(said)")

            // The address goes to the other peer: the block must not meet that one.
            let moment = try gateway.lastEvent
            try tunnels.set("peer", tunnels.phone, "allowed-ips", "10.50.0.9/32")
            try tunnels.set("peer", tunnels.laptop, "allowed-ips", "10.50.0.3/32,10.50.0.2/32")
            let freed = try gateway.awaitEvent("block.released", after: moment, seconds: 30)
            #expect(freed.text.contains("another WireGuard peer"), "\(freed.text)")
            #expect(try gateway.blocksInForce().isEmpty)
            #expect(waitUntil(seconds: 5) { tunnels.table().contains("10.50.0.9") })
        }

        @Test func aPeerThatMaySendFromAnywhereTagsNobodyElse() throws {
            guard let tunnels = try Self.up() else { return }
            let gateway = tunnels.gateway
            try tunnels.set("peer", tunnels.phone, "allowed-ips", "0.0.0.0/0")
            try gateway.tag("wireguard_peer: \(tunnels.phone)")
            #expect(tunnels.table().contains("0.0.0.0/0"), "\(tunnels.table())")
            let last = try gateway.lastEvent
            // By the LAN, by another tunnel, and by this one from what is another peer's.
            let (lab, resolver) = (gateway.lab, try gateway.lab.value("resolver_v4"))
            try lab.run(.laptop, "ip", "route", "del", resolver)
            let before = try gateway.queuedPackets()
            try tunnels.ask(.laptop, from: try lab.value("laptop_v4"))
            #expect(try lab.reaches(.laptop))
            #expect(try gateway.queuedPackets() == before, "the whole internet is tagged")
            try tunnels.makeOther()
            try tunnels.ask(.laptop, from: "10.51.0.3")
            #expect(try tunnels.reaches(.laptop, from: "10.51.0.3"))
            #expect(try gateway.queuedPackets() == before, "another tunnel is tagged")
            try lab.run(.laptop, "ip", "route", "replace", resolver, "dev", "wg0")
            try tunnels.ask(.laptop, from: "10.50.0.3")
            #expect(try gateway.blocksInForce().isEmpty)
            try tunnels.ask(.phone2, from: "10.50.0.2")
            let event = try gateway.awaitEvent("block.created", after: last, seconds: 10)
            #expect(event.device == "10.50.0.2")
        }

        @Test func aMissingPeerIsToldAndFitsNobody() throws {
            guard let tunnels = try Self.up() else { return }
            let gateway = tunnels.gateway
            let stranger = try Self.makeKeys(gateway.lab, .inet)
            try gateway.tag("wireguard_peer: \(stranger)")
            let status = try gateway.command("status")
            #expect(status.text.contains("no WireGuard interface has the peer \(stranger)"))
            #expect(gateway.log.contains("no WireGuard interface has the peer"))
            #expect(!tunnels.table().contains("dev_wg"))
            // It comes later, without anybody saying so, with more than one message can hold.
            let many = (0..<1_000).map { "10.60.\($0 / 100).\($0 % 100 * 2)/32" }
            try tunnels.set("peer", stranger, "allowed-ips", many.joined(separator: ","))
            #expect(waitUntil(seconds: 30) { tunnels.table().contains("10.60.9.198") })
            let set = try gateway.lab.run(
                .gw, "nft", "list", "set", "inet", "regionlock", "dev_wg4")
            #expect(set.text.matches(of: /10\.60\.[0-9]+\.[0-9]+/).count == many.count)
            let later = try gateway.command("status").text
            #expect(!later.contains("no WireGuard interface"), "\(later)")
            // With its interface it goes.
            try gateway.lab.run(.gw, "ip", "link", "del", "wg0")
            #expect(waitUntil(seconds: 30) { !tunnels.table().contains("10.60.9.198") })
        }
    }
}
