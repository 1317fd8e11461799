import Netfilter
import Testing

/// Flowtables as the kernel tells of them (linux/netfilter/nf_tables.h). The development kernel is
/// built without, so the messages here are made by hand.
@Suite struct OffloadTableTests {
    /// Attributes of `enum nft_flowtable_attributes` and of those nested in them.
    private enum Kind {
        static let table: UInt16 = 1
        static let name: UInt16 = 2
        static let hook: UInt16 = 3
        static let use: UInt16 = 4
        static let flags: UInt16 = 7
        static let hookNumber: UInt16 = 1
        static let hookPriority: UInt16 = 2
        static let hookDevices: UInt16 = 3
        static let deviceName: UInt16 = 1
    }

    private static let nested: UInt16 = 0x8000
    private static let newFlowtable: UInt16 = 10 << 8 | 22

    private func host(_ value: UInt16) -> [UInt8] { [UInt8(value & 0xff), UInt8(value >> 8)] }

    private func network(_ value: UInt32) -> [UInt8] {
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
    }

    private func attribute(_ type: UInt16, _ value: [UInt8]) -> [UInt8] {
        let bytes = host(UInt16(4 + value.count)) + host(type) + value
        return bytes + [UInt8](repeating: 0, count: (4 - bytes.count % 4) % 4)
    }

    private func text(_ type: UInt16, _ text: String) -> [UInt8] {
        attribute(type, Array(text.utf8) + [0])
    }

    private func message(
        _ attributes: [UInt8], family: UInt8 = 1, type: UInt16 = newFlowtable
    ) -> [UInt8] {
        let body = [family, 0, 0, 7] + attributes
        let length = UInt16(16 + body.count)
        return host(length) + [0, 0] + host(type) + host(2) + [9, 0, 0, 0, 1, 0, 0, 0] + body
    }

    private func flowtable(use: UInt32?, flags: UInt32 = 0) -> [UInt8] {
        let devices = ["lan0", "wan0"].flatMap { text(Kind.deviceName, $0) }
        let hook =
            attribute(Kind.hookNumber, network(0)) + attribute(Kind.hookPriority, network(0))
            + attribute(Kind.hookDevices | Self.nested, devices)
        return text(Kind.table, "admin") + text(Kind.name, "ft")
            + attribute(Kind.hook | Self.nested, hook)
            + (use.map { attribute(Kind.use, network($0)) } ?? [])
            + attribute(Kind.flags, network(flags))
    }

    private func expected(rules: Int, isHardware: Bool = false) -> OffloadTable {
        OffloadTable(
            family: "inet", table: "admin", name: "ft", devices: ["lan0", "wan0"],
            ruleCount: rules, isHardware: isHardware)
    }

    @Test func readsNameDevicesUseAndFlags() {
        #expect(OffloadTable.decoded(message(flowtable(use: 2))) == [expected(rules: 2)])
        let hardware = OffloadTable.decoded(message(flowtable(use: 1, flags: 1)))
        #expect(hardware == [expected(rules: 1, isHardware: true)])
        // A count that is not told is taken for one.
        #expect(OffloadTable.decoded(message(flowtable(use: nil))) == [expected(rules: 1)])
    }

    @Test func readsEveryMessageOfADatagramAndNoOther() {
        let other = message(flowtable(use: 1), type: 10 << 8 | 6)
        let bare = message(text(Kind.table, "t") + text(Kind.name, "f"), family: 10)
        let datagram = message(flowtable(use: 0)) + other + bare
        let tables = OffloadTable.decoded(datagram)
        #expect(tables.map(\.name) == ["ft", "f"])
        #expect(tables.last?.family == "ip6" && tables.last?.devices == [])
    }

    @Test func anyCutLeavesItWholeOrOut() {
        let whole = message(flowtable(use: 2))
        for count in 0..<whole.count {
            #expect(OffloadTable.decoded(Array(whole.prefix(count))) == [])
        }
    }

    /// The dump itself, from the kernel; with a flowtable where it can make one.
    @Test func theKernelTells() async throws {
        try await inNetworkNamespace {
            var connection = try NftConnection.open()
            #expect(try connection.offloadTables() == [])
            try shell("ip link add lan0 type veth peer name wan0")
            let rules = """
                table inet admin {
                    flowtable ft { hook ingress priority filter; devices = { lan0, wan0 }; }
                    chain f { type filter hook forward priority filter; flow add @ft; }
                }
                """
            do {
                try shell("nft '\(rules)'")
            } catch {
                let said = "\(error)".split(separator: "\n").first { $0.contains("Error: ") }
                print("  SKIP: this kernel makes no flowtable: \(said ?? "nft refuses it")")
                return
            }
            #expect(try connection.offloadTables() == [expected(rules: 1)])
        }
    }
}
