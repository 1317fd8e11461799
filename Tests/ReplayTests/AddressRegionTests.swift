import Capture
import DatabaseMill
import Engine
import Firewall
import Foundation
import GeoIP
import Inspection
import PacketMill
import Policy
import Replay
import Settings
import Synchronization
import Testing
import Wire

/// `region: from-address` in captures: the database's word decides there as it does on a gateway.
@Suite struct AddressRegionTests {
    /// Networks of documentation (RFC 5737, RFC 3849) with who is there, and what the policy, which
    /// denies KP and UA-43, must then say. Nil: nothing is decided by it.
    private static let places: [(network: String, code: String?, isDenied: Bool)] = [
        ("192.0.2.0/26", "KP", true), ("192.0.2.64/26", "UA-43", true),
        ("192.0.2.128/26", "UA-30", false), ("192.0.2.192/27", "UA", false),
        ("192.0.2.224/27", nil, false), ("198.51.100.0/25", "KR", false),
        ("198.51.100.128/25", "KP-01", true), ("2001:db8:43::/48", "UA-43", true),
        ("2001:db8:30::/48", "UA-30", false), ("2001:db8:bb::/48", "KR", false),
        ("2001:db8:cc::/48", nil, false), ("10.20.0.0/24", nil, false),
    ]

    static func database() throws -> [UInt8] {
        // Made in November 2026; the captures are of the same month.
        var database = MilledDatabase(
            type: "Test-City", buildEpoch: SampleDatabase.buildEpoch)
        for place in places {
            guard let words = place.code?.split(separator: "-").map(String.init) else { continue }
            database.add(
                try #require(IPPrefix(place.network)),
                SampleDatabase.record(country: words[0], parts: Array(words.dropFirst())))
        }
        return database.octets
    }

    static let gateway = """
        version: 1
        gateway: {name: gw, mode: enforce}
        geoip: {database: /nowhere/db.mmdb}
        sites:
          - {name: campus, region: from-address, match: {interfaces: [lan0]}}
          - {name: office, region: ES, match: {interfaces: [lan1]}}
        """
    static let devices = "version: 1\ntag: phone\nmatch: [{interface: lan0}, {interface: lan1}]\n"
    static let policy = """
        version: 1
        policy: p
        title: A policy
        mode: enforce
        applies_to: {tags: [phone]}
        deny_regions: [KP, UA-43]
        activation: {domains: [account.example.com]}
        message: Not here.
        """

    private static func settings() throws -> GatewaySettings {
        let result = SettingsReader.read(
            files: [
                SettingsFile(path: "regionlock.yaml", text: gateway),
                SettingsFile(
                    path: "devices.d/10.yaml",
                    text: devices),
                SettingsFile(path: "policy.d/p.yaml", text: policy),
            ], vendorRegistry: VendorRegistry(), regions: .builtIn, hostName: "gw")
        return try #require(result.settings, "\(result.problems.map { $0.rendered() })")
    }

    private static func open(_ octets: [UInt8]) throws -> RegionDatabase {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("rl-\(UUID().uuidString).mmdb")
        try Data(octets).write(to: path)
        defer { try? FileManager.default.removeItem(at: path) }
        return try RegionDatabase.open(path: path.path)
    }

    /// A device of its own for each number, at the address of the network with that number.
    static func endpoint(_ network: IPPrefix, _ number: Int) -> PacketMill.Endpoint {
        var address = network.base.octets
        address[address.count - 1] += UInt8(1 + number % 30)
        return Endpoint(
            mac: [0x64, 0x09, 0x80, 0, UInt8(number >> 8), UInt8(number & 0xff)],
            address: address, port: 20_000 + number)
    }

    private static func question(_ name: String, from phone: PacketMill.Endpoint) -> [UInt8] {
        var resolver = ReplayTests.resolver
        if phone.address.count == 16 {
            resolver.address = [0x20, 1, 0x0d, 0xb8] + Array(repeating: 0, count: 11) + [53]
        }
        return Packets.datagram(Messages.question(name), from: phone, to: resolver)
    }

    private static func frame(_ name: String, from phone: PacketMill.Endpoint) -> [UInt8] {
        Packets.frame(question(name, from: phone), from: phone, to: ReplayTests.resolver)
    }

    /// What the gateway would do with the same questions: `Gatekeeper.value(for:)` in short.
    private struct Live {
        var engine: BlockEngine
        let database: RegionDatabase

        mutating func ask(_ name: String, from source: PacketSource, at now: Timestamp) -> [Event] {
            guard engine.standing(of: source, at: now) != .ignored else { return [] }
            if engine.wantsRegion(of: source.address, on: source.interface) {
                engine.locate([database.region(of: source.address)])
            }
            guard engine.concerns(NameBuffer(name)) else { return [] }
            let flow = FlowKey(
                transport: .udp, source: source.address, sourcePort: 1,
                destination: .v4(IPv4Address(value: 0xcb00_7135)), destinationPort: 53)
            let sighting = Sighting(flow: flow, vector: .dns, name: NameBuffer(name))
            return engine.judge(sighting, from: source, at: now).effects.compactMap { effect in
                guard case .record(_, let event) = effect else { return nil }
                return event
            }
        }
    }

    @Test func replaySaysWhatTheGatewayDoes() throws {
        let settings = try Self.settings()
        let database = try Self.open(Self.database())
        let lookups = Mutex<[IPAddress: Int]>([:])
        let replay = CaptureReplay(
            settings: settings, interface: nil, scope: .tagged, seed: 1
        ) { address in
            lookups.withLock { $0[address, default: 0] += 1 }
            return database.region(of: address)
        }
        var live = Live(
            engine: BlockEngine(
                book: PolicyBook(settings: settings, seed: 1), snapshot: EngineSnapshot(),
                capabilities: .all, references: ReferenceSource(seed: 1)), database: database)
        var generator = SystemlessGenerator(state: 7)
        var cuts: [String: Int] = [:]
        var asked: Set<IPAddress> = []
        for number in 0..<3_000 {
            let place = try #require(Self.places.randomElement(using: &generator))
            let network = try #require(IPPrefix(place.network))
            let phone = Self.endpoint(network, number)
            let isCampus = Int.random(in: 0..<5, using: &generator) > 0
            let name = Bool.random(using: &generator) ? "account.example.com" : "www.example.com"
            let interface = try #require(InterfaceName(isCampus ? "lan0" : "lan1"))
            let address = try #require(IPAddress(octets: phone.address))
            let source = PacketSource(
                mac: MACAddress(octets: phone.mac), address: address, interface: interface)
            let now = Timestamp(seconds: 1_795_392_000 + Int64(number))
            let expected = live.ask(name, from: source, at: now)
            let frame = Self.frame(name, from: phone)
            let packet = CapturedPacket(
                number: UInt64(number), link: .ethernet, interface: interface,
                nanoseconds: now.microseconds * 1_000, originalLength: frame.count)
            var events: [Event] = []
            replay.read(frame.span, of: packet) { finding in
                if case .event(let event) = finding { events.append(event.event) }
            }
            // The kinds and words of each, but for the flow, of which the ports are not the same.
            #expect(events.map(\.kind) == expected.map(\.kind), "\(source) \(name)")
            #expect(events.map(\.text) == expected.map(\.text), "\(source) \(name)")
            #expect(events.map(\.region) == expected.map(\.region), "\(source) \(name)")
            if isCampus { asked.insert(address) }
            let isCut = events.contains { $0.kind == .blockCreated }
            let isTrigger = name == "account.example.com"
            #expect(isCut == (isCampus && isTrigger && place.isDenied), "\(place) \(name)")
            if isCut { cuts[place.network, default: 0] += 1 }
        }
        #expect(
            cuts.count == Self.places.count { $0.isDenied } && cuts.values.allSatisfy { $0 > 9 })
        let counted = lookups.withLock { $0 }
        // Each once, and none of a site that declares its region.
        #expect(Set(counted.keys) == asked)
        #expect(counted.values.allSatisfy { $0 == 1 })
    }

    @Test func withoutADatabaseNobodyIsCut() throws {
        let replay = CaptureReplay(
            settings: try Self.settings(), interface: InterfaceName("lan0"), scope: .tagged,
            seed: 1)
        for (number, place) in Self.places.enumerated() {
            let phone = Self.endpoint(try #require(IPPrefix(place.network)), number)
            let frame = Self.frame("account.example.com", from: phone)
            let packet = CapturedPacket(
                number: UInt64(number), link: .ethernet, interface: nil,
                nanoseconds: 1_795_392_000_000_000_000, originalLength: frame.count)
            replay.read(frame.span, of: packet) { _ in }
        }
        #expect(replay.counts.attempts == UInt64(Self.places.count))
        #expect(replay.counts.cuts == 0)
    }

    /// The capture of one question from each network, for the program.
    static func capture() throws -> CaptureFile {
        var capture = CaptureFile(.pcap)
        for (number, place) in places.enumerated() {
            let phone = endpoint(try #require(IPPrefix(place.network)), number)
            capture.add(
                question("account.example.com", from: phone), from: phone,
                to: ReplayTests.resolver, at: 1_795_392_000_000_000 + UInt64(number) * 1_000_000)
        }
        return capture
    }
}
