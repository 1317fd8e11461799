import Capture
import PacketMill
import Testing
import Wire

/// Files made here, read back: every form with every link, whole, in pieces and cut short.
@Suite struct CaptureParserTests {
    private static let source = Endpoint(
        mac: [0x64, 0x09, 0x80, 0, 0, 7], address: [10, 20, 0, 31], port: 40_000)
    private static let destination = Endpoint(
        mac: [2, 0, 0, 0, 0, 1], address: [203, 0, 113, 2], port: 53)
    private static let packet = Packets.datagram(
        Messages.question("account.xiaomi.com"), from: source, to: destination)
    private static let microseconds: UInt64 = 1_795_392_000_123_456

    struct Seen: Equatable {
        var number: UInt64
        var nanoseconds: Int64?
        var interface: String?
        var sender: MACAddress?
        var octets: [UInt8]?
        var originalLength: Int
    }

    /// Reads in pieces of `step` octets, as from a pipe.
    static func read(_ file: [UInt8], step: Int? = nil) throws(CaptureFault) -> [Seen] {
        var parser = CaptureParser()
        var seen: [Seen] = []
        var (start, end) = (0, 0)
        repeat {
            end = min(file.count, end + (step ?? file.count))
            let isEnd = end == file.count
            let progress = try parser.read(
                file.span.extracting(start..<end), isEnd: isEnd
            ) { packet, frame in
                let header = LinkHeader(frame, link: packet.link)
                seen.append(
                    Seen(
                        number: packet.number, nanoseconds: packet.nanoseconds,
                        interface: packet.interface?.text, sender: header?.sender,
                        octets: header.map { head in (head.length..<frame.count).map { frame[$0] }
                        },
                        originalLength: packet.originalLength))
            }
            start += progress.consumed
        } while end < file.count
        return seen
    }

    private static func file(
        _ form: CaptureFile.Form, _ link: CaptureFile.Link, vlan: Int? = nil, count: Int = 3
    ) -> [UInt8] {
        var file = CaptureFile(form, link: link, interface: "lan0")
        for index in 0..<count {
            file.add(
                packet, from: source, to: destination, at: microseconds + UInt64(index), vlan: vlan)
        }
        return file.octets
    }

    static let combinations = CaptureFile.Form.allCases.flatMap { form in
        CaptureFile.Link.allCases.map { (form, $0) }
    }

    @Test("every form, every link", arguments: combinations)
    func roundTrip(form: CaptureFile.Form, link: CaptureFile.Link) throws {
        let file = Self.file(form, link)
        let seen = try Self.read(file)
        try #require(seen.count == 3)
        let hasMAC = [.ethernet, .sll, .sll2].contains(link)
        for (index, packet) in seen.enumerated() {
            #expect(packet.number == UInt64(index) + 1)
            #expect(packet.nanoseconds == Int64(Self.microseconds) * 1_000 + Int64(index) * 1_000)
            #expect(packet.octets == Self.packet)
            #expect(packet.sender == (hasMAC ? MACAddress(octets: Self.source.mac) : nil))
            #expect(packet.interface == (form.rawValue.hasPrefix("pcapng") ? "lan0" : nil))
        }
        for step in [1, 7, 64] { #expect(try Self.read(file, step: step) == seen) }
    }

    /// An error at every octet but those where a shorter file would end by itself.
    @Test(arguments: combinations)
    func cutShort(form: CaptureFile.Form, link: CaptureFile.Link) throws {
        let file = Self.file(form, link)
        let ends = (0...3).map { Self.file(form, link, count: $0).count }
        // Behind a pcapng section's header, before any interface, a file may end too.
        let section = form.rawValue.hasPrefix("pcapng") ? [28] : []
        for count in 0..<file.count {
            do throws(CaptureFault) {
                let seen = try Self.read(Array(file[..<count]))
                #expect((ends + section).contains(count), "\(count) octets passed")
                #expect(seen.count == ends.firstIndex(of: count) ?? 0)
            } catch {
                #expect(!(ends + section).contains(count), "\(count): \(error.text)")
                #expect(error.offset <= UInt64(count))
                #expect(!error.text.isEmpty)
            }
        }
    }

    @Test("a tag of IEEE 802.1Q is stepped over")
    func vlan() throws {
        #expect(try Self.read(Self.file(.pcap, .ethernet, vlan: 20)).first?.octets == Self.packet)
    }

    @Test("several interfaces, each with its clock; blocks that say nothing; simple packets")
    func blocks() throws {
        var file = CaptureFile(.pcapngSwapped, link: .ethernet, interface: "lan0")
        file.addInterface(.raw, name: "tun0", resolution: 9)
        // Seconds in 2^10 parts.
        file.addInterface(.raw, name: nil, resolution: 0x8a)
        file.addForeign(type: 5, [1, 2, 3])
        file.add(Self.packet, at: 1_500_000_001, interface: 1)
        file.addForeign(type: 0x0bad_0bad, Array(repeating: 7, count: 1_000_000))
        file.add(Self.packet, at: 1_536, interface: 2)
        file.addSimple(Packets.frame(Self.packet, from: Self.source, to: Self.destination))
        for step in [nil, 100, 4_096] as [Int?] {
            let seen = try Self.read(file.octets, step: step)
            #expect(seen.map(\.nanoseconds) == [1_500_000_001, 1_500_000_000, nil])
            #expect(seen.map(\.interface) == ["tun0", nil, "lan0"])
            #expect(seen.allSatisfy { $0.octets == Self.packet })
        }
    }

    @Test("a second section has its own order and its own interfaces")
    func sections() throws {
        let file = Self.file(.pcapng, .ethernet) + Self.file(.pcapngSwapped, .sll)
        let seen = try Self.read(file)
        #expect(seen.count == 6)
        #expect(seen.allSatisfy { $0.octets == Self.packet })
        #expect(seen.last?.number == 6)
    }

    @Test("packets of a link layer that is not read are counted")
    func otherLinks() throws {
        var file = CaptureFile(.pcapng, link: .ethernet)
        var octets = file.octets
        // The link type of the interface block, the first behind the section's 28 octets.
        octets[28 + 8] = 105
        _ = file.take()
        file.add(Self.packet, at: 1)
        var parser = CaptureParser()
        octets += file.octets
        var packets = 0
        _ = try parser.read(octets.span, isEnd: true) { _, _ in packets += 1 }
        #expect(packets == 0)
        #expect(parser.packetsOfOtherLinks == 1)
    }

    struct Damage: Sendable, CustomTestStringConvertible {
        let what: String
        let form: CaptureFile.Form
        let place: Int
        let octets: [UInt8]
        let offset: UInt64
        var testDescription: String { what }
    }

    /// Where a file is wrong, and where that is said to be.
    @Test(arguments: [
        Damage(what: "magic", form: .pcap, place: 0, octets: [1, 2, 3, 4], offset: 0),
        Damage(what: "version", form: .pcap, place: 4, octets: [9], offset: 4),
        Damage(what: "link type", form: .pcap, place: 20, octets: [105], offset: 20),
        Damage(what: "packet length", form: .pcap, place: 32, octets: [0, 0, 0, 0x7f], offset: 32),
        Damage(what: "order", form: .pcapng, place: 8, octets: [1], offset: 8),
        Damage(what: "version ng", form: .pcapng, place: 12, octets: [7], offset: 12),
        Damage(what: "block length", form: .pcapng, place: 32, octets: [3], offset: 32),
        Damage(what: "huge block", form: .pcapng, place: 32, octets: [0, 0, 0, 0x10], offset: 32),
        Damage(what: "second length", form: .pcapng, place: 24, octets: [1], offset: 24),
        Damage(what: "option", form: .pcapng, place: 46, octets: [0xff], offset: 44),
        Damage(what: "interface", form: .pcapng, place: 68, octets: [5], offset: 68),
        Damage(what: "packet in block", form: .pcapng, place: 80, octets: [0xff], offset: 80),
    ])
    func damaged(damage: Damage) {
        var file = Self.file(damage.form, .ethernet)
        file.replaceSubrange(damage.place..<damage.place + damage.octets.count, with: damage.octets)
        let fault = #expect(throws: CaptureFault.self) { try Self.read(file) }
        #expect(fault?.offset == damage.offset, "\(fault?.text ?? "")")
    }

    @Test(
        "compressed files are told how to unpack",
        arguments: [
            ([0x28, 0xb5, 0x2f, 0xfd] as [UInt8], "zstd"), ([0x1f, 0x8b, 8, 0], "gzip"),
            ([0xfd, 0x37, 0x7a, 0x58], "xz"), ([0x42, 0x5a, 0x68, 0x39], "bzip2"),
        ])
    func compressed(magic: [UInt8], program: String) {
        let fault = #expect(throws: CaptureFault.self) { try Self.read(magic) }
        #expect(fault?.hint?.contains("\(program) -dc") == true)
    }

    @Test("interfaces are bounded")
    func interfaceLimit() {
        var file = CaptureFile(.pcapng)
        for _ in 0..<CaptureLimits.interfaces { file.addInterface(.raw, name: nil) }
        let fault = #expect(throws: CaptureFault.self) { try Self.read(file.octets) }
        #expect(fault?.text.contains("\(CaptureLimits.interfaces) interfaces") == true)
    }
}
