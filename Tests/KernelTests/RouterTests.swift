import Foundation
import Testing

extension KernelSuite {
    /// One MAC with many addresses is reported, never silent.
    @Suite(.serialized)
    struct RouterTests {
        private struct Devices: Decodable {
            struct Device: Decodable {
                let id: String
                let router: String?
            }
            let items: [Device]
        }

        /// A repeater answers for what is behind it; a routing one lets the sources through.
        @Test(arguments: [false, true]) func aSecondRouterIsReported(routes: Bool) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.meetTheNeighbours()
            let before = try gateway.lastEvent
            #expect(try gateway.command("status").status == 0)
            try lookLikeARouter(routes: routes, in: lab)
            let event = try gateway.awaitEvent("device.router", after: before)
            let mac = try lab.value("phone_mac")
            #expect(event.device == mac)
            #expect(event.text.contains("It is treated as one device"), "\(event.text)")

            let status = try gateway.command("status")
            #expect(status.status == 20, "\(status.text)")
            #expect(status.text.contains("looks like a router"), "\(status.text)")
            let text = try gateway.succeed("-o", "json", "devices").text
            let routers = try decode(Devices.self, from: text).items.filter { $0.router != nil }
            #expect(routers.map(\.id) == [mac])
            let why = try gateway.succeed("explain", mac).text
            #expect(why.contains("All that is behind it counts as this one device"), "\(why)")
            let told = try gateway.events(after: before).filter { $0.type == "device.router" }
            #expect(told.count == 1)
        }

        /// The control: a daemon that does not look for routers says nothing of the same traffic.
        @Test(arguments: [false, true]) func whoDoesNotLookIsCaught(routes: Bool) throws {
            let gateway = try Gateway.up(Gateway.Options(program: "SourceOnlyDaemon"))
            try gateway.meetTheNeighbours()
            let before = try gateway.lastEvent
            try lookLikeARouter(routes: routes, in: gateway.lab)
            #expect(throws: LabError.self) {
                try gateway.awaitEvent("device.router", after: before)
            }
            #expect(!(try gateway.command("status").text.contains("looks like a router")))
        }

        /// A device with one address of each family, and a new one now and then, is no router.
        @Test func aPhoneIsNoRouter() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.meetTheNeighbours()
            let before = try gateway.lastEvent
            for host in 1...2 {
                let address = "10.20.3.\(host)"
                try lab.run(.phone, "ip", "address", "add", "\(address)/16", "dev", "eth0")
                try lab.run(.gw, "ping", "-c", "1", "-W", "1", address)
            }
            for family in Lab.Family.allCases { #expect(try lab.reaches(.phone, family)) }
            #expect(throws: LabError.self) {
                try gateway.awaitEvent("device.router", after: before)
            }
        }

        private func lookLikeARouter(routes: Bool, in lab: Lab) throws {
            guard !routes else { return try ask(fromManyIn: lab) }
            for host in 1...4 {
                let address = "10.20.3.\(host)"
                try lab.run(.phone, "ip", "address", "add", "\(address)/16", "dev", "eth0")
                try lab.run(.gw, "ping", "-c", "1", "-W", "1", address)
            }
        }

        /// Harmless questions from ten addresses that are not the phone's own.
        private func ask(fromManyIn lab: Lab) throws {
            let mac = try lab.value("phone_mac")
            let resolver = try lab.value("resolver_v4")
            var words = [
                Place.program("LabPeer"), "forge", "--interface", "eth0", "--mac", mac,
                "--gateway-mac", "02:00:00:00:20:01", "--gateway", try lab.value("gw_v4"), "--to",
                resolver, "--resolver", resolver, "--ask", "www.example.org", "--count", "40",
                "--rate", "200",
            ]
            for host in 1...10 { words += ["--as", "\(mac),10.99.0.\(host)"] }
            let said = try lab.run(.phone, words: words)
            #expect(said.status == 0, "\(said.errors)")
        }
    }
}
