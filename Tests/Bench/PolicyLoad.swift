import CMallocCount
import Engine
import Firewall
import Inspection
import Policy
import Settings
import Wire

/// Many policies, many devices: what a decision costs among them, what a reload takes, and the
/// memory of each device. The settings are read from text, as the daemon reads them.
enum PolicyLoad {
    private static let now = Timestamp(seconds: 1_795_392_000)

    static func run(policies: Int, devices: Int) {
        let files = files(policies: policies, devices: devices)
        let bare = settings(from: Self.files(policies: policies, devices: 0))
        let before = malloc_bytes()
        guard bare != nil, let settings = settings(from: files) else { return }
        let held = malloc_bytes() - before
        var engine = BlockEngine(
            book: PolicyBook(settings: settings, seed: 7), snapshot: EngineSnapshot(),
            capabilities: .all, references: ReferenceSource(seed: 1))
        let indexed = malloc_bytes() - before - held
        Meter.header()
        decisions(&engine, policies: policies, devices: devices)
        reload(files, &engine)
        memory(&engine, devices: devices, held: held, indexed: indexed)
    }

    /// Each policy has a tag and a host of its own and one host in common; each device one tag.
    private static func files(policies: Int, devices: Int) -> [SettingsFile] {
        var files = [
            SettingsFile(
                path: "regionlock.yaml",
                text: """
                    version: 1
                    gateway: {name: bench, mode: monitor}
                    sites:
                      - {name: shop, region: CU, match: {subnets: [10.0.0.0/8]}}

                    """)
        ]
        for number in 0..<policies {
            files.append(
                SettingsFile(
                    path: "policy.d/\(number).yaml",
                    text: """
                        version: 1
                        policy: p\(number)
                        title: Policy \(number)
                        mode: enforce
                        priority: \(number % 10)
                        applies_to: {tags: [t\(number)]}
                        deny_regions: [CU, IR, SY, SD, KP, UA-43, UA-40]
                        activation:
                          domains: [host\(number).example.com, "*.z\(number).com", all.example.net]
                        message: Not here.

                        """))
        }
        for first in stride(from: 0, to: devices, by: 10_000) {
            var text = "version: 1\ndevices:\n"
            for number in first..<min(first + 10_000, devices) {
                text +=
                    "  - {mac: \"\(mac(number))\", label: d\(number), "
                    + "tags: [t\(number % max(policies, 1))]}\n"
            }
            files.append(SettingsFile(path: "devices.d/\(first).yaml", text: text))
        }
        return files
    }

    private static func mac(_ number: Int) -> MACAddress {
        MACAddress(value: 0x0210_0000_0000 + UInt64(number))
    }

    private static func source(_ number: Int) -> PacketSource {
        PacketSource(
            mac: mac(number), address: .v4(IPv4Address(value: 0x0a00_0000 + UInt32(number))),
            interface: InterfaceName("lan0"))
    }

    private static func settings(from files: [SettingsFile]) -> GatewaySettings? {
        let result = SettingsReader.read(
            files: files, vendorRegistry: VendorRegistry(), regions: .builtIn, hostName: "bench")
        for problem in result.problems where problem.severity == .error {
            print(problem.rendered())
        }
        return result.settings
    }

    // MARK: Decisions

    private static func decisions(_ engine: inout BlockEngine, policies: Int, devices: Int) {
        // A prime: the devices come in no order, every one in its turn.
        let step = 7_919
        var turn = 0
        let own = (0..<policies).map { NameBuffer("host\($0).example.com") }
        let common = NameBuffer("all.example.net")
        let harmless = NameBuffer("www.example.org")
        var answers = 0
        func judge(_ what: String, count: Int, _ name: (Int) -> NameBuffer) {
            Meter.measure(what, count: count) {
                turn = (turn + step) % devices
                let source = source(turn)
                guard engine.standing(of: source, at: now) != .ignored else { return }
                let name = name(turn)
                guard engine.concerns(name) else { return }
                let flow = FlowKey(
                    transport: .udp, source: source.address, sourcePort: 40_000,
                    destination: .v4(IPv4Address(value: 0xcb00_7102)), destinationPort: 53)
                let sighting = Sighting(flow: flow, vector: .dns, name: name)
                if engine.judge(sighting, from: source, at: now).verdict == .monitor {
                    answers += 1
                }
            }
        }
        judge("a harmless name, a new device each time", count: 50_000) { _ in harmless }
        judge("a trigger of the device's own policy", count: 50_000) { own[$0 % policies] }
        judge("a trigger of another policy than its own", count: 50_000) {
            own[($0 + 1) % policies]
        }
        judge("a trigger that all policies name", count: 1_000) { _ in common }
        guard answers > 0 else { return print("bench: nothing was decided") }
        print("(decisions a second: 1,000,000,000 / ns)")
    }

    // MARK: Reloads

    private static func reload(_ files: [SettingsFile], _ engine: inout BlockEngine) {
        var changed = files
        changed[1] = SettingsFile(
            path: files[1].path, text: files[1].text.replacing("[CU,", with: "[CU, ES,"))
        let start = Meter.wallNanoseconds()
        guard let settings = settings(from: changed) else { return }
        let read = Meter.wallNanoseconds()
        let book = PolicyBook(settings: settings, seed: 7)
        let made = Meter.wallNanoseconds()
        _ = engine.handle(.settings(book), at: now)
        let end = Meter.wallNanoseconds()
        let milliseconds = { (from: UInt64, to: UInt64) in
            Meter.decimal(Double(to - from) / 1_000_000)
        }
        print(
            "reload with one policy changed: \(milliseconds(start, end)) ms "
                + "(text \(milliseconds(start, read)), index \(milliseconds(read, made)), "
                + "engine \(milliseconds(made, end)))")
    }

    // MARK: Memory

    private static func memory(
        _ engine: inout BlockEngine, devices: Int, held: UInt, indexed: UInt
    ) {
        let before = malloc_bytes()
        let seen = min(devices, EngineLimits.devices)
        // The decisions above have seen every device that is remembered; a fresh engine has not.
        var fresh = BlockEngine(
            book: engine.book, snapshot: EngineSnapshot(), capabilities: .all,
            references: ReferenceSource(seed: 1))
        for number in 0..<seen { _ = fresh.standing(of: source(number), at: now) }
        let remembered = malloc_bytes() - before
        let share = { (bytes: UInt, count: Int) in Int(bytes) / max(count, 1) }
        print(
            "memory of a device: \(share(held, devices)) octets in the settings, "
                + "\(share(indexed, devices)) in the index, \(share(remembered, seen)) once seen")
    }
}
