import Capture
import Engine
import PacketMill
import Policy
import Replay
import Settings
import Testing
import Wire

/// The daemon's judgement over made-up captures.
@Suite struct ReplayTests {
    static let phone = Endpoint(
        mac: [0x64, 0x09, 0x80, 0, 0, 7], address: [10, 20, 0, 31], port: 40_000)
    static let other = Endpoint(
        mac: [2, 0, 0, 0, 0, 9], address: [10, 20, 0, 99], port: 40_000)
    static let server = Endpoint(
        mac: [2, 0, 0, 0, 0, 1], address: [203, 0, 113, 2], port: 443)
    static let resolver = Endpoint(
        mac: [2, 0, 0, 0, 0, 1], address: [203, 0, 113, 53], port: 53)

    static func settings(mode: String = "enforce") throws -> GatewaySettings {
        let result = SettingsReader.read(
            files: [
                SettingsFile(
                    path: "regionlock.yaml",
                    text: """
                        version: 1
                        gateway: {name: gw, mode: \(mode)}
                        sites:
                          - {name: shop, region: CU, match: {interfaces: [lan0]}}
                          - {name: office, region: ES, match: {interfaces: [lan1]}}
                        """),
                SettingsFile(
                    path: "devices.d/10-phones.yaml",
                    text: "version: 1\ntag: phone\nmatch: [{mac: \"64:09:80:00:00:07\"}]\n"),
                SettingsFile(
                    path: "policy.d/p.yaml",
                    text: """
                        version: 1
                        policy: p
                        title: A policy
                        mode: enforce
                        applies_to: {tags: [phone]}
                        deny_regions: [CU]
                        activation: {domains: [account.example.com, "*.account.example.com"]}
                        message: Not here.
                        """),
            ], vendorRegistry: VendorRegistry(), regions: .builtIn, hostName: "gw")
        return try #require(
            result.settings, "\(result.problems.map { $0.rendered(directory: "/t") })")
    }

    struct Outcome {
        var sightings: [String] = []
        var events: [ReplayEvent] = []
        var counts = ReplayCounts()
    }

    static func run(
        _ capture: CaptureFile, _ settings: GatewaySettings, interface: String? = "lan0",
        scope: CaptureReplay.Scope = .tagged
    ) throws -> Outcome {
        let replay = CaptureReplay(
            settings: settings, interface: interface.flatMap { InterfaceName($0) }, scope: scope,
            seed: 1)
        var parser = CaptureParser()
        var outcome = Outcome()
        _ = try parser.read(capture.octets.span, isEnd: true) { packet, frame in
            replay.read(frame, of: packet) { finding in
                switch finding {
                case .sighting(let sighting):
                    outcome.sightings.append("\(sighting.packet) \(sighting.name)")
                case .event(let event): outcome.events.append(event)
                }
            }
        }
        outcome.counts = replay.counts
        return outcome
    }

    /// A harmless question, the trigger, the trigger once more, and somebody without a tag.
    static func questions(
        _ form: CaptureFile.Form = .pcap, interface: String? = nil
    ) -> CaptureFile {
        var capture = CaptureFile(form, interface: interface)
        for (index, (name, source)) in [
            ("www.example.org", phone), ("Account.Example.com", phone),
            ("login.account.example.com", phone), ("account.example.com", other),
        ].enumerated() {
            capture.add(
                Packets.datagram(Messages.question(name), from: source, to: resolver),
                from: source, to: resolver, at: 1_795_392_000_000_000 + UInt64(index) * 1_000)
        }
        return capture
    }

    @Test("the first trigger cuts the device off, with why; later ones are refused")
    func cut() throws {
        let outcome = try Self.run(Self.questions(), Self.settings())
        #expect(
            outcome.sightings == [
                "1 www.example.org", "2 account.example.com", "3 login.account.example.com",
            ])
        let event = try #require(outcome.events.first)
        #expect(outcome.events.count == 1)
        #expect(event.event.kind == .blockCreated)
        #expect(event.packet == 2)
        #expect(event.event.time.description == "2026-11-23T00:00:00.001Z")
        #expect(
            event.why.compactMap { $0.source?.description } == [
                "devices.d/10-phones.yaml:3", "regionlock.yaml:4", "regionlock.yaml:4",
                "policy.d/p.yaml:6", "policy.d/p.yaml:7",
            ])
        #expect(outcome.counts.attempts == 2)
        #expect(outcome.counts.cuts == 1)
        #expect(outcome.counts.inspected == 3)
    }

    /// Its words are in the capture: DHCPv4, and DHCPv6 where it is the one that says a name.
    @Test("a tag by DHCP", arguments: [4, 6, nil])
    func taggedByDHCP(family: Int?) throws {
        let result = SettingsReader.read(
            files: [
                SettingsFile(
                    path: "regionlock.yaml",
                    text: """
                        version: 1
                        gateway: {name: gw, mode: enforce}
                        sites:
                          - {name: shop, region: CU, match: {interfaces: [lan0]}}
                        """),
                SettingsFile(
                    path: "devices.d/10-claims.yaml",
                    text: "version: 1\ntag: phone\nmatch: [{dhcp_hostname: \"redmi*\"}]\n"),
                SettingsFile(
                    path: "policy.d/p.yaml",
                    text: """
                        version: 1
                        policy: p
                        title: A policy
                        mode: enforce
                        applies_to: {tags: [phone]}
                        deny_regions: [CU]
                        activation: {domains: [account.example.com]}
                        message: Not here.
                        """),
            ], vendorRegistry: VendorRegistry(), regions: .builtIn, hostName: "gw")
        let settings = try #require(result.settings)
        let start: UInt64 = 1_795_392_000_000_000
        var capture = CaptureFile(.pcap, interface: nil)
        let local: [UInt8] = [0xfe, 0x80] + Array(repeating: 0, count: 13) + [9]
        let group: [UInt8] = [0xff, 2] + Array(repeating: 0, count: 11) + [1, 0, 2]
        let isIPv6 = family == 6
        let client = PacketMill.Endpoint(
            mac: Self.other.mac, address: isIPv6 ? local : [0, 0, 0, 0], port: isIPv6 ? 546 : 68)
        let server = PacketMill.Endpoint(
            mac: Self.server.mac, address: isIPv6 ? group : [255, 255, 255, 255],
            port: isIPv6 ? 547 : 67)
        let message = isIPv6 ? DHCPv6.request : DHCP.request(mac: Self.other.mac)
        if family != nil {
            capture.add(
                Packets.datagram(message, from: client, to: server), from: client, to: server,
                at: start)
        }
        capture.add(
            Packets.datagram(
                Messages.question("account.example.com"), from: Self.other, to: Self.resolver),
            from: Self.other, to: Self.resolver, at: start + 1_000)
        let outcome = try Self.run(capture, settings)
        #expect(outcome.counts.cuts == (family == nil ? 0 : 1))
        #expect(outcome.counts.malformed == 0)
    }

    @Test(
        "another place, another verdict",
        arguments: [
            // Each pattern is told of once.
            ("lan1", [Event.Kind.attemptAllowed, .deviceActivated, .attemptAllowed]),
            ("lan0", [.blockCreated]),
        ])
    func place(interface: String, kinds: [Event.Kind]) throws {
        let outcome = try Self.run(Self.questions(), Self.settings(), interface: interface)
        #expect(outcome.events.map(\.event.kind) == kinds)
    }

    @Test("monitor mode cuts nobody off and says what it would do")
    func monitor() throws {
        let outcome = try Self.run(Self.questions(), Self.settings(mode: "monitor"))
        #expect(outcome.events.map(\.event.kind) == [.wouldBlock, .wouldBlock])
        #expect(outcome.counts.cuts == 0)
        #expect(outcome.counts.monitored == 2)
    }

    @Test("the interface a pcapng file names is taken, unless another is said")
    func namedInterface() throws {
        let capture = Self.questions(.pcapng, interface: "lan0")
        let named = try Self.run(capture, Self.settings(), interface: nil)
        #expect(named.counts.cuts == 1)
        let said = try Self.run(capture, Self.settings(), interface: "lan1")
        #expect(said.counts.cuts == 0)
    }

    @Test("--site is that site, whatever else the settings say")
    func site() throws {
        let settings = try Self.settings()
        let office = try #require(settings.sites.sites.last)
        let entrance = try #require(InterfaceName("lan1"))
        let moved = settings.everywhere(at: office, interface: entrance)
        let outcome = try Self.run(Self.questions(), moved, interface: "lan1")
        #expect(outcome.events.first?.event.site == "office")
        #expect(outcome.counts.cuts == 0)
    }

    @Test("everybody's names with the wider scope, nobody else cut off")
    func everybody() throws {
        let outcome = try Self.run(Self.questions(), Self.settings(), scope: .all)
        #expect(outcome.sightings.last == "4 account.example.com")
        #expect(outcome.counts.cuts == 1)
        #expect(outcome.events.count == 1)
    }

    @Test("a settled flow is not looked into again, until it begins anew")
    func settledFlow() throws {
        var capture = CaptureFile(.pcap)
        func add(_ payload: [UInt8], _ sequence: UInt32, flags: UInt8 = 24) {
            capture.add(
                Packets.segment(
                    payload, from: Self.phone, to: Self.server, sequence: sequence,
                    acknowledgement: 1, flags: flags),
                from: Self.phone, to: Self.server, at: 1_795_392_000_000_000)
        }
        let hello = Messages.records(
            Messages.hello(Messages.Hello("a.example.org", random: [])))
        add([], 99, flags: 2)
        add(hello, 100)
        for index in 0..<10 { add([23, 3, 3, 0, 1, 7], 900 + UInt32(index) * 6) }
        add([], 4_999, flags: 2)
        add(hello, 5_000)
        let outcome = try Self.run(capture, Self.settings())
        #expect(outcome.sightings == ["2 a.example.org", "14 a.example.org"])
        #expect(outcome.counts.packets == 14)
        #expect(outcome.counts.inspected == 4)
    }

    @Test("a proxy's answers do not settle a flow: the tunnel's hello cuts the device off")
    func proxied() throws {
        var capture = CaptureFile(.pcap)
        let proxy = Endpoint(mac: Self.server.mac, address: Self.server.address, port: 1_080)
        var (sequence, acknowledgement) = (UInt32(100), UInt32(1))
        func say(_ payload: [UInt8], answered octets: UInt32) {
            capture.add(
                Packets.segment(
                    payload, from: Self.phone, to: proxy, sequence: sequence,
                    acknowledgement: acknowledgement), from: Self.phone, to: proxy,
                at: 1_795_392_000_000_000 + UInt64(sequence) * 1_000)
            sequence += UInt32(payload.count)
            capture.add(
                Packets.segment(
                    Array(repeating: 0, count: Int(octets)), from: proxy, to: Self.phone,
                    sequence: acknowledgement, acknowledgement: sequence), from: proxy,
                to: Self.phone, at: 1_795_392_000_000_000 + UInt64(sequence) * 1_000)
            acknowledgement += octets
        }
        say([5, 2, 0, 1], answered: 2)
        say([5, 1, 0, 3, 15] + Array("www.example.org".utf8) + [1, 187], answered: 10)
        say(
            Messages.records(
                Messages.hello(Messages.Hello("account.example.com", random: []))), answered: 5)
        let outcome = try Self.run(capture, Self.settings())
        #expect(outcome.sightings == ["3 www.example.org", "5 account.example.com"])
        let event = try #require(outcome.events.first)
        #expect(event.packet == 5 && event.event.kind == .blockCreated)
        #expect(event.event.evidence?.vector == .tls)
        #expect(outcome.counts.cuts == 1)
    }

    @Test("an answer by way of an endpoint's name cuts off who asked")
    func alias() throws {
        var capture = CaptureFile(.pcap)
        Self.ask("www.example.org", by: "account.example.com", in: &capture)
        let outcome = try Self.run(capture, Self.settings())
        #expect(outcome.sightings == ["1 www.example.org"])
        let event = try #require(outcome.events.first)
        #expect(event.packet == 2 && event.event.kind == .blockCreated)
        #expect(event.event.evidence?.vector == .dnsAnswer)
        #expect(outcome.counts.cuts == 1)
    }

    @Test("a flow without a name to an endpoint's address is an attempt")
    func address() throws {
        var capture = CaptureFile(.pcap)
        Self.ask("account.example.com", by: nil, in: &capture)
        for payload in [[0x53, 0x53, 0x48], [0, 1, 2, 3]] as [[UInt8]] {
            let target = Endpoint(mac: Self.server.mac, address: [198, 51, 100, 7], port: 9_000)
            capture.add(
                Packets.datagram(payload, from: Self.phone, to: target), from: Self.phone,
                to: target, at: 1_795_392_000_100_000)
        }
        let outcome = try Self.run(capture, Self.settings(mode: "monitor"))
        #expect(outcome.counts.attempts == 2 && outcome.counts.monitored == 2)
        #expect(outcome.counts.inspected == 2, "the flow is done with after one look")
    }

    /// A question of the phone's, and its answer.
    private static func ask(_ name: String, by alias: String?, in capture: inout CaptureFile) {
        let address: [UInt8] = [198, 51, 100, 7]
        let answer =
            alias.map { Messages.answer(name, by: $0, address: address) }
            ?? Messages.answer(name, id: 0x1234, address: address)
        capture.add(
            Packets.datagram(Messages.question(name), from: phone, to: resolver), from: phone,
            to: resolver, at: 1_795_392_000_000_000)
        capture.add(
            Packets.datagram(answer, from: resolver, to: phone), from: resolver, to: phone,
            at: 1_795_392_000_010_000)
    }

    @Test("every name that was put into mixed traffic is found")
    func mixed() throws {
        var traffic = MixedCapture(seed: 11)
        var capture = CaptureFile(.pcap)
        for _ in 0..<300 {
            for packet in traffic.flow() {
                capture.add(
                    packet.octets, from: packet.source, to: packet.destination,
                    at: packet.microseconds)
            }
        }
        let outcome = try Self.run(capture, Self.settings(), scope: .all)
        let found = Set(
            outcome.sightings.compactMap { $0.split(separator: " ").last.map(String.init) })
        #expect(traffic.names.count > 150)
        #expect(found == traffic.names)
        #expect(outcome.counts.malformed == 0)
    }

    @Test("time that goes back, stands still or is absurd ends nothing")
    func times() throws {
        var capture = CaptureFile(.pcapng, interface: "lan0")
        let frame = Packets.frame(
            Packets.datagram(Messages.question("a.example"), from: Self.phone, to: Self.resolver),
            from: Self.phone, to: Self.resolver)
        for ticks in [UInt64.max, 5, 0, 1 << 62, 1_795_392_000_000_000] {
            capture.add(frame, at: ticks)
        }
        capture.addSimple(frame)
        #expect(try Self.run(capture, Self.settings()).sightings.count == 6)
    }

    @Test("a damaged time does not outlast its packet")
    func damagedTime() throws {
        var capture = CaptureFile(.pcapng, interface: "lan0")
        for (name, ticks) in [
            ("a.example", UInt64.max), ("account.example.com", 1_795_392_000_000_000),
        ] {
            capture.add(
                Packets.frame(
                    Packets.datagram(
                        Messages.question(name), from: Self.phone, to: Self.resolver),
                    from: Self.phone, to: Self.resolver), at: ticks)
        }
        let event = try #require(try Self.run(capture, Self.settings()).events.first)
        #expect(event.event.time.description == "2026-11-23T00:00:00.000Z")
    }
}
