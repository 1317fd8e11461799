import Foundation
import Testing

extension KernelSuite {
    /// A cut phone that goes somewhere else, or by another address, stays cut: its MAC is what is
    /// cut upwards, and downwards every address under which the gateway finds that MAC.
    @Suite(.serialized)
    struct MoveTests {
        enum Move: String, CaseIterable, CustomTestStringConvertible {
            case otherPort = "to another port"
            case otherSubnet = "to another subnet"
            case staticAddress = "to addresses outside DHCP"

            var testDescription: String { rawValue }
        }

        /// Where the phone is after a move.
        private struct Place {
            let interface: String
            let v4: String
            let v6: String

            func address(_ family: Lab.Family) -> String { family == .v4 ? v4 : v6 }
        }

        /// What came to an address, from the first frame on.
        private struct Downlink {
            let all: Int
            let late: Int
        }

        @Test(arguments: Move.allCases)
        func staysCut(move: Move) throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.cutPhone()
            let place = try carryOut(move, in: lab)
            let up = try Witness(in: lab)
            let down = try Witness(in: lab, at: .phone, on: place.interface)
            try talk(in: lab, with: place)
            for family in Lab.Family.allCases {
                #expect(!(try lab.reaches(.phone, family)), "\(move.rawValue)")
            }
            try up.close()
            try down.close()
            for family in Lab.Family.allCases {
                let what = "\(move.rawValue), \(family.testDescription)"
                let sent = try up.times(of: "src host \(place.address(family))").count
                #expect(sent == 0, "\(what): frames of the phone in the internet")
                let got = try downlink(to: place.address(family), in: down)
                #expect(got.late == 0, "\(what)")
                print("  \(what): \(sent) up; \(got.all) down, \(got.late) after 200 ms")
            }
            #expect(try lab.reaches(.laptop))
        }

        /// The control: nobody is cut, and everything arrives.
        @Test(arguments: Move.allCases)
        func withoutABlockItArrives(move: Move) throws {
            let lab = try Lab()
            let place = try carryOut(move, in: lab)
            let up = try Witness(in: lab)
            let down = try Witness(in: lab, at: .phone, on: place.interface)
            try talk(in: lab, with: place)
            try up.close()
            try down.close()
            for family in Lab.Family.allCases {
                let what = "\(move.rawValue), \(family.testDescription)"
                #expect(
                    try up.times(of: "src host \(place.address(family))").count > 500, "\(what)")
                #expect(try downlink(to: place.address(family), in: down).late > 100, "\(what)")
            }
        }

        /// A new address every second, of both families, with traffic in both directions at once.
        @Test func anotherAddressEverySecondLeaksNothing() throws {
            let gateway = try Gateway.up()
            let lab = gateway.lab
            try gateway.cutPhone()
            let up = try Witness(in: lab)
            let down = try Witness(in: lab, at: .phone)
            let places = (1...8).map {
                Place(interface: "eth0", v4: "10.20.7.\($0)", v6: "2001:db8:20:0:7::\($0)")
            }
            for place in places {
                try readdress(to: place, on: "eth0", gateway4: "10.20.0.1", in: lab)
                try talk(in: lab, with: place, seconds: 1)
            }
            try up.close()
            try down.close()
            let sent = try up.times(of: "src net 10.20.7.0/24 or src net 2001:db8:20:0:7::/80")
            #expect(sent.count == 0, "frames of the phone in the internet")
            var all = 0
            var late = 0
            for place in places {
                for family in Lab.Family.allCases {
                    let got = try downlink(to: place.address(family), in: down)
                    all += got.all
                    late += got.late
                    #expect(got.late == 0, "\(place.address(family))")
                }
            }
            print("  16 addresses: \(sent.count) up; \(all) down, \(late) of them after 200 ms")
        }

        // MARK: Traffic

        /// Both directions at once, for the given time.
        private func talk(in lab: Lab, with place: Place, seconds: Int = 2) throws {
            let peer = KernelTests.Place.program("LabPeer")
            let floods = try Lab.Family.allCases.flatMap { family in
                try [(Lab.Node.phone, lab.address("web", family)), (.inet, place.address(family))]
                    .map { node, target in
                        try lab.start(
                            node,
                            words: [
                                peer, "flood", "--to", target, "--rate", "500", "--seconds",
                                "\(seconds)",
                            ])
                    }
            }
            for flood in floods { _ = try flood.finish() }
        }

        private func downlink(to address: String, in witness: Witness) throws -> Downlink {
            let times = try witness.times(of: "dst host \(address) and udp dst port 7003")
            let first = times.first ?? 0
            return Downlink(
                all: times.count, late: times.count { $0 > first + promptMicroseconds })
        }

        // MARK: Moves

        private func carryOut(_ move: Move, in lab: Lab) throws -> Place {
            switch move {
            case .staticAddress:
                let place = Place(
                    interface: "eth0", v4: "10.20.200.7", v6: "2001:db8:20::200:7")
                try readdress(to: place, on: "eth0", gateway4: "10.20.0.1", in: lab)
                return place
            case .otherPort:
                try plug(into: "port2", in: lab)
                try demand(.gw, "link set port2 master lan0 up", in: lab)
                let place = Place(
                    interface: "eth1", v4: try lab.value("phone_v4"),
                    v6: try lab.value("phone_v6"))
                try readdress(to: place, on: "eth1", gateway4: "10.20.0.1", in: lab)
                return place
            case .otherSubnet:
                try plug(into: "lan2", in: lab)
                for command in [
                    "link set lan2 address 02:00:00:00:40:01 up",
                    "address add 10.40.0.1/16 dev lan2",
                    "address add 2001:db8:40::1/64 dev lan2 nodad",
                ] { try demand(.gw, command, in: lab) }
                let place = Place(interface: "eth1", v4: "10.40.0.31", v6: "2001:db8:40::31")
                try readdress(
                    to: place, on: "eth1", gateway4: "10.40.0.1", gateway6: "2001:db8:40::1",
                    in: lab)
                return place
            }
        }

        /// Pulls the phone's cable out and plugs the phone, MAC and all, in elsewhere.
        private func plug(into port: String, in lab: Lab) throws {
            try demand(.phone, "link set eth0 down", in: lab)
            let said = try tool([
                "ip", "link", "add", "eth1", "netns", try lab.value("lab_phone"), "type", "veth",
                "peer", "name", port, "netns", try lab.value("lab_gw"),
            ])
            guard said.status == 0 else { throw LabError("ip link add: \(said.errors)") }
            try demand(.phone, "address flush dev eth0", in: lab)
            try demand(
                .phone, "link set eth1 address \(try lab.value("phone_mac")) up", in: lab)
        }

        private func readdress(
            to place: Place, on interface: String, gateway4: String,
            gateway6: String = "2001:db8:20::1", in lab: Lab
        ) throws {
            for command in [
                "address flush dev \(interface) scope global",
                "address add \(place.v4)/16 dev \(interface)",
                "address add \(place.v6)/64 dev \(interface) nodad",
                "route replace default via \(gateway4)",
                "-6 route replace default via \(gateway6) dev \(interface)",
            ] { try demand(.phone, command, in: lab) }
        }

        private func demand(_ node: Lab.Node, _ command: String, in lab: Lab) throws {
            let said = try lab.run(
                node, words: ["ip"] + command.split(separator: " ").map(String.init))
            guard said.status == 0 else { throw LabError("ip \(command): \(said.errors)") }
        }
    }
}
