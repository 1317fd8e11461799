import Capture
import Engine
import Firewall
import Glibc
import Inspection
import Netfilter
import PacketMill
import Policy
import Replay
import Wire

/// What a packet costs on its way to a verdict, and what a block costs in the kernel.
enum Benchmarks {
    static func run() {
        Meter.header()
        decoders()
        answers()
        replay()
        verdicts()
        index()
        kernel()
    }

    private static func decoders() {
        let packets = [
            ("DNS question over UDP", Packets.dns(Packets.trigger)),
            ("HTTP request head", Packets.http(Packets.trigger)),
            ("TLS ClientHello in one segment", Packets.tls(Packets.trigger)),
            ("the same on another port", Packets.tls(Packets.trigger, port: 8_443)),
            ("SOCKS 5 and a hello in one segment", Packets.proxied(Packets.trigger)),
            ("STARTTLS and a hello in one segment", Packets.mail(Packets.trigger)),
            (
                "a segment of another protocol",
                Packets.tcp(to: 9_000, Array(repeating: 7, count: 40))
            ),
            ("a datagram of another protocol", Packets.media()),
            ("QUIC Initial, one CRYPTO frame", Packets.quic(Packets.trigger)),
            ("QUIC Initial, 12 shuffled frames", Packets.quic(Packets.trigger, pieces: 12)),
        ]
        for (what, packet) in packets {
            var inspector = PacketInspector()
            Meter.measure("inspect: \(what)", count: 200_000) {
                _ = inspector.inspect(packet.span, link: .ip, at: 0) { _ in }
            }
        }
    }

    /// An answer on its way to a tagged device: what it says, and what the engine makes of it.
    private static func answers() {
        let resolver = PacketMill.Endpoint(
            mac: [2, 0, 0, 0, 0, 1], address: [203, 0, 113, 53], port: 53)
        let phone = PacketMill.Endpoint(
            mac: [0x64, 0xb4, 0x73, 0, 0, 0x10], address: [10, 20, 0, 31], port: 40_000)
        let message = Messages.answer(
            "www.example.org", by: "edge.example.net", address: [198, 51, 100, 7])
        let packet = PacketMill.Packets.datagram(message, from: resolver, to: phone)
        Meter.measure("inspect: DNS answer with an alias", count: 200_000) {
            _ = AnswerPacket.read(packet.span, link: .ip) { _, _ in }
        }
        var engine = BlockEngine(
            book: PolicyBook(settings: settings(mode: .monitor), seed: 7),
            snapshot: EngineSnapshot(), capabilities: .all, references: ReferenceSource(seed: 1))
        let now = Timestamp(seconds: 1_795_392_000)
        _ = engine.standing(of: source, at: now)
        guard let flow = PacketInspector.flow(of: packet.span, link: .ip) else {
            fatal("the answer is no packet")
        }
        Meter.measure("verdict: DNS answer, tagged device, harmless", count: 100_000) {
            guard var answer = engine.beginAnswer(flow, isOwn: true, at: now) else {
                fatal("the answer is nobody's")
            }
            _ = AnswerPacket.read(packet.span, link: .ip) { name, piece in
                engine.note(piece, of: name, in: &answer, at: now)
            }
        }
    }

    /// A record of a capture file, from its header to the address of its sender.
    private static func replay() {
        var file = CaptureFile(.pcap, link: .raw)
        let packet = Packets.tls(Packets.trigger)
        for _ in 0..<1_000 { file.add(packet, at: 1_795_392_000_000_000) }
        let octets = file.octets
        Meter.measure("capture: 1,000 packets of pcap", count: 500) {
            var parser = CaptureParser()
            _ = try? parser.read(octets.span, isEnd: true) { packet, frame in
                _ = LinkHeader(frame, link: packet.link)
            }
        }
        let mixed = mixedCapture(flows: 800)
        var packets = 0
        let replay = CaptureReplay(
            settings: settings(mode: .monitor), interface: nil, scope: .all, seed: 1)
        Meter.measure("replay: \(mixed.packets) packets of mixed traffic", count: 10) {
            var parser = CaptureParser()
            _ = try? parser.read(mixed.octets.span, isEnd: true) { packet, frame in
                replay.read(frame, of: packet) { _ in packets += 1 }
            }
        }
    }

    private static func mixedCapture(flows: Int) -> (octets: [UInt8], packets: Int) {
        var traffic = MixedCapture(seed: 3)
        var file = CaptureFile(.pcap)
        var count = 0
        for _ in 0..<flows {
            for packet in traffic.flow() {
                file.add(
                    packet.octets, from: packet.source, to: packet.destination,
                    at: packet.microseconds)
                count += 1
            }
        }
        return (file.octets, count)
    }

    private static let source = PacketSource(
        mac: MACAddress(value: 0x64b4_7300_0010),
        address: .v4(IPv4Address(value: 0x0a14_001f)), interface: InterfaceName("lan0"))

    /// The whole of what the packet thread does between the tap and the verdict.
    private static func verdicts() {
        var engine = BlockEngine(
            book: PolicyBook(settings: settings(mode: .monitor), seed: 7),
            snapshot: EngineSnapshot(), capabilities: .all, references: ReferenceSource(seed: 1))
        let now = Timestamp(seconds: 1_795_392_000)
        for (what, name) in [("harmless name", "www.example.org"), ("trigger", Packets.trigger)] {
            let packet = Packets.dns(name)
            var inspector = PacketInspector()
            Meter.measure("verdict: DNS, tagged device, \(what)", count: 100_000) {
                guard engine.standing(of: source, at: now) != .ignored else { return }
                _ = inspector.inspect(packet.span, link: .ip, at: 0) { sighting in
                    guard engine.concerns(sighting.name) else { return }
                    _ = engine.judge(sighting, from: source, at: now)
                }
            }
        }
    }

    /// A name takes as long beside a hundred patterns as beside a hundred thousand, but for what
    /// the processor's caches do not hold.
    private static func index() {
        let names = (0..<4_096).map {
            NameBuffer("www.host\($0 % 997).zone\($0 * 23 % 100_000).com")
        }
        let strangers = (0..<4_096).map { NameBuffer("cdn\($0).example.org") }
        for size in [100, 10_000, 100_000] {
            let patterns = (0..<size).compactMap { number in
                DomainName("host\(number % 997).zone\(number).com").map {
                    (pattern: EndpointPattern.suffix($0), id: Int32(number))
                }
            }
            let index = EndpointIndex(patterns, seed: 99)
            var hits = 0
            var next = 0
            Meter.measure("endpoint index, one name, \(size) patterns, a hit", count: 200_000) {
                index.forEachMatch(in: hit) { _ in hits += 1 }
            }
            Meter.measure("the same, 4,096 names, half strangers", count: 200_000) {
                next = (next + 1) & 8_191
                let name = next & 1 == 0 ? names[next >> 1] : strangers[next >> 1]
                index.forEachMatch(in: name) { _ in hits += 1 }
            }
        }
    }

    private static let hit = NameBuffer("www.host3.zone3.com")

    /// One block in, one out, sent and acknowledged. In a network namespace of its own.
    private static func kernel() {
        do {
            var connection = try NftConnection.open()
            let features = try connection.probe()
            let design = TableDesign(
                tap: .passive(group: 5341), mark: MarkField(mask: 0x000f_0000), shape: .complete,
                tagged: .init(), allowed: [], keepsGatewayDNS: true, noticePort: nil,
                capabilities: .all)
            let held = Set(
                (0..<10_000).map { SetElement(.mac(MACAddress(value: 0x0200_0000_0000 + $0))) })
            let ruleset = design.ruleset(cut: [TableSets.blockedMAC.name: held])
            let plan = RulesetPlan.operations(from: nil as KernelTable?, to: ruleset)
            try connection.commit(plan, features: features)
            let block = [
                SetElement(.mac(MACAddress(value: 0x64b4_7300_0010)), comment: "B-7F3K9Q CU")
            ]
            Meter.measure("nftables: block and release beside 10,000 blocks", count: 500) {
                // A refusal would show as a time of nothing: it must end the benchmark.
                do {
                    try connection.commit(
                        [.addElements(set: TableSets.blockedMAC, block)], features: features)
                    try connection.commit(
                        [.deleteElements(set: TableSets.blockedMAC, block)], features: features)
                } catch {
                    fatal("\(error)")
                }
            }
        } catch {
            fatal("\(error)")
        }
    }

    private static func fatal(_ text: String) -> Never {
        print("bench: \(text)")
        exit(1)
    }

    private static func settings(mode: PolicyMode) -> GatewaySettings {
        let line = SourceLocation(file: "bench", line: 1)
        let lan = [InterfaceName("lan0")].compactMap(\.self)
        let tags = [Tag("xiaomi")].compactMap { $0.map { Located($0, at: line) } }
        let cuba = [Region("CU")].compactMap { $0.map { Located($0, at: line) } }
        let endpoints = [DomainName(Packets.trigger)].compactMap {
            $0.map { Endpoint(pattern: .suffix($0), role: .account, source: line) }
        }
        let policy = RegionPolicy(
            name: "xiaomi", title: "Bench", mode: .enforce, tags: tags, regions: .deny(cuba),
            validFrom: nil, validUntil: nil, reviewBy: nil, endpoints: endpoints,
            term: .untilReleased, basis: nil, reason: nil, message: "No.",
            contact: Contact(name: nil, phone: nil, email: nil, url: nil), source: line)
        let sites = cuba.map { region in
            Site(
                name: "shop", region: region.value, interfaces: lan, subnets: [], source: line,
                regionSource: line)
        }
        let rules = tags.map { tag in
            TagRule(
                tag: tag.value, match: lan.map { Located(.interface($0), at: line) }, except: [])
        }
        return GatewaySettings(
            gatewayName: "bench", mode: mode, uplinks: [], sites: SiteTable(sites),
            unknownSite: .allow, tagRules: rules, devices: [], policies: [policy],
            inspection: .standard, whileBlocked: WhileBlocked(dns: .gateway, also: []),
            notice: NoticeSettings(isEnabled: false, port: 9_741),
            control: ControlSettings(admins: "root", readers: "root"), keepHistoryDays: 400,
            revision: "bench")
    }
}
