/// A capture file in one of its forms.
package struct CaptureFile {
    package enum Form: String, CaseIterable, Sendable {
        case pcap
        case pcapNanoseconds = "pcap-ns"
        case pcapSwapped = "pcap-be"
        case pcapNanosecondsSwapped = "pcap-ns-be"
        case pcapng
        case pcapngSwapped = "pcapng-be"
    }

    /// LINKTYPE_ numbers (https://www.tcpdump.org/linktypes.html).
    package enum Link: Int, CaseIterable, Sendable {
        case ethernet = 1
        case raw = 101
        case sll = 113
        case ipv4 = 228
        case ipv6 = 229
        case sll2 = 276
    }

    package private(set) var octets: [UInt8] = []
    private let form: Form
    private let link: Link

    /// The interface's name stands in pcapng only.
    package init(_ form: Form, link: Link = .ethernet, interface: String? = nil) {
        self.form = form
        self.link = link
        if isNG {
            octets += block(0x0a0d_0d0a, big32(0x1a2b_3c4d) + big16(1) + big16(0) + all64)
            addInterface(link, name: interface)
        } else {
            let magic: UInt32 = isNanoseconds ? 0xa1b2_3c4d : 0xa1b2_c3d4
            octets += big32(magic) + big16(2) + big16(4) + big32(0) + big32(0) + big32(262_144)
            octets += big32(UInt32(link.rawValue))
        }
    }

    private var isNG: Bool { form == .pcapng || form == .pcapngSwapped }
    private var isNanoseconds: Bool { form == .pcapNanoseconds || form == .pcapNanosecondsSwapped }
    private var isBig: Bool {
        form == .pcapSwapped || form == .pcapNanosecondsSwapped || form == .pcapngSwapped
    }

    /// Another interface of a pcapng file; resolution as in if_tsresol (6: microseconds).
    package mutating func addInterface(_ link: Link, name: String?, resolution: UInt8? = nil) {
        var options: [UInt8] = []
        if let name { options += option(2, Array(name.utf8)) }
        if let resolution { options += option(9, [resolution]) }
        if !options.isEmpty { options += option(0, []) }
        octets += block(1, big16(link.rawValue) + big16(0) + big32(262_144) + options)
    }

    /// A packet from its first IP octet on, in the clothes of the link.
    package mutating func add(
        _ packet: [UInt8], from source: Endpoint, to destination: Endpoint, at microseconds: UInt64,
        vlan: Int? = nil
    ) {
        add(Self.dressed(packet, link, source, destination, vlan: vlan), at: microseconds)
    }

    /// The bytes as they are. `ticks` are microseconds unless the interface says otherwise.
    package mutating func add(_ bytes: [UInt8], at ticks: UInt64, interface: UInt32 = 0) {
        if isNG {
            octets += block(
                6,
                big32(interface) + big32(UInt32(ticks >> 32)) + big32(UInt32(ticks & 0xffff_ffff))
                    + big32(UInt32(bytes.count)) + big32(UInt32(bytes.count)) + bytes
                    + padding(bytes.count))
        } else {
            let fraction = UInt32(ticks % 1_000_000) * (isNanoseconds ? 1_000 : 1)
            octets += big32(UInt32(ticks / 1_000_000)) + big32(fraction)
            octets += big32(UInt32(bytes.count)) + big32(UInt32(bytes.count)) + bytes
        }
    }

    /// A packet of the first interface without a time of its own (Simple Packet Block).
    package mutating func addSimple(_ bytes: [UInt8]) {
        octets += block(3, big32(UInt32(bytes.count)) + bytes + padding(bytes.count))
    }

    /// A block of another kind, which a reader steps over.
    package mutating func addForeign(type: UInt32, _ body: [UInt8]) {
        octets += block(type, body + padding(body.count))
    }

    /// Hands out what has been written so far and forgets it.
    package mutating func take() -> [UInt8] {
        defer { octets.removeAll(keepingCapacity: true) }
        return octets
    }

    package static func dressed(
        _ packet: [UInt8], _ link: Link, _ source: Endpoint, _ destination: Endpoint,
        vlan: Int? = nil
    ) -> [UInt8] {
        let type: [UInt8] = packet[0] >> 4 == 4 ? [8, 0] : [0x86, 0xdd]
        switch link {
        case .ethernet: return Packets.frame(packet, from: source, to: destination, vlan: vlan)
        case .raw, .ipv4, .ipv6: return packet
        case .sll: return [0, 0, 0, 1, 0, 6] + source.mac + [0, 0] + type + packet
        case .sll2:
            return type + [0, 0, 0, 0, 0, 2, 0, 1, 0, 6] + source.mac + [0, 0] + packet
        }
    }

    private let all64 = [UInt8](repeating: 0xff, count: 8)

    private func block(_ type: UInt32, _ body: [UInt8]) -> [UInt8] {
        let length = big32(UInt32(12 + body.count))
        return big32(type) + length + body + length
    }

    private func option(_ code: Int, _ value: [UInt8]) -> [UInt8] {
        big16(code) + big16(value.count) + value + padding(value.count)
    }

    private func padding(_ count: Int) -> [UInt8] { Array(repeating: 0, count: -count & 3) }
    private func big16(_ value: Int) -> [UInt8] {
        isBig ? Octets.big16(value) : Octets.big16(value).reversed()
    }
    private func big32(_ value: UInt32) -> [UInt8] {
        isBig ? Octets.big32(value) : Octets.big32(value).reversed()
    }
}
