import Inspection
import PacketMill
import Testing
import Wire

@Suite("DHCPv4 messages")
struct DHCPMessageTests {
    private static let mac: [UInt8] = [2, 0xaa, 0, 0, 0, 1]

    private static func read(_ octets: [UInt8]) throws(DHCPFault) -> DHCPMessage {
        try DHCPMessage.read(octets.span)
    }

    private static func read(options: [UInt8]) throws(DHCPFault) -> DHCPMessage {
        try read(DHCP.message(mac: mac, DHCP.option(53, [1]) + options))
    }

    @Test func aRequestTellsWhoAsks() throws {
        let message = try Self.read(DHCP.request(mac: Self.mac))
        #expect(message.kind == .request && !message.isReply)
        #expect(message.hardwareAddress == MACAddress("02:aa:00:00:00:01"))
        #expect(message.requestedAddress == IPv4Address("10.20.1.5"))
        #expect(message.wantedAddress == message.requestedAddress)
        #expect(message.server == IPv4Address("10.20.0.1"))
        #expect(message.hostName == Array("Redmi-Note-9".utf8))
        #expect(message.vendorClass == Array("android-dhcp-14".utf8))
        #expect(message.parameters == [1, 3, 6, 15, 26, 28, 51, 58, 59, 43])
        #expect(message.clientIdentifier == [0xff, 0, 0, 0, 1, 0, 1, 2, 3])
        #expect(!message.identifierIsHardwareAddress)
        #expect(message.clientAddress == nil && message.leaseSeconds == nil)
    }

    @Test func anAnswerTellsWhatIsLent() throws {
        let message = try Self.read(
            DHCP.message(
                op: 2, mac: Self.mac, yiaddr: [10, 20, 1, 5], giaddr: [10, 20, 0, 2],
                DHCP.option(53, [5]) + DHCP.option(51, [0, 0, 2, 88])))
        #expect(message.isReply && message.kind == .acknowledge)
        #expect(message.lentAddress == IPv4Address("10.20.1.5"))
        #expect(message.relayAddress == IPv4Address("10.20.0.2"))
        #expect(message.leaseSeconds == 600)
    }

    @Test func anIdentifierMayRepeatTheMAC() throws {
        let own = try Self.read(options: DHCP.option(61, [1] + Self.mac))
        #expect(own.identifierIsHardwareAddress)
        let other = try Self.read(options: DHCP.option(61, [1, 2, 0xaa, 0, 0, 0, 2]))
        #expect(!other.identifierIsHardwareAddress)
    }

    @Test("RFC 3396: pieces of an option are one, over the fields of the header too")
    func pieces() throws {
        let message = try Self.read(
            DHCP.message(
                mac: Self.mac, serverName: DHCP.option(12, "-9") + [255],
                file: DHCP.option(12, "-Note") + [255],
                DHCP.option(53, [1]) + DHCP.option(52, [3]) + DHCP.option(12, "Re")
                    + [0, 0] + DHCP.option(12, "dmi")))
        #expect(message.hostName == Array("Redmi-Note-9".utf8))
        // Without option 52 the fields are a server's and a file's name.
        let plain = try Self.read(
            DHCP.message(
                mac: Self.mac, file: DHCP.option(12, "x") + [255], DHCP.option(53, [1])))
        #expect(plain.hostName.isEmpty)
    }

    @Test(
        "RFC 4702: the name in either form",
        arguments: [
            ([0, 0, 0] + Array("redmi.lan".utf8), "redmi.lan"),
            ([4, 0, 0, 5] + Array("redmi".utf8) + [3] + Array("lan".utf8) + [0], "redmi.lan"),
            ([4, 0, 0, 5] + Array("redmi".utf8), "redmi"), ([0, 0, 0], ""), ([4, 0, 0], ""),
        ] as [([UInt8], String)])
    func qualifiedName(option: [UInt8], expected: String) throws {
        let message = try Self.read(options: DHCP.option(81, option))
        #expect(message.qualifiedName == Array(expected.utf8))
    }

    @Test func zerosAtTheEndAreNoText() throws {
        let message = try Self.read(options: DHCP.option(12, [0x61, 0, 0]))
        #expect(message.hostName == [0x61])
    }

    @Test(
        arguments: [
            (DHCP.option(12, [UInt8](repeating: 0x61, count: 200)), 2),
            (DHCP.option(200, []), DHCPMessage.maximumPieces + 1),
        ] as [([UInt8], Int)])
    func whatGrowsHasALimit(piece: [UInt8], count: Int) {
        let options = Array((0..<count).map { _ in piece }.joined())
        #expect(throws: DHCPFault.oversized) { try Self.read(options: options) }
    }

    @Test(
        arguments: [
            [12, 5, 0x61], [12], [50, 3, 1, 2, 3], [51, 1, 1], [61, 1, 1], [81, 2, 0, 0],
            [81, 5, 4, 0, 0, 9, 0x61], [81, 4, 4, 0, 0, 0xc0], [53, 1, 1], [53, 0],
        ] as [[UInt8]])
    func lengthsThatContradict(options: [UInt8]) {
        // Without the end option of `message`.
        let octets = DHCP.message(mac: Self.mac, DHCP.option(53, [1])).dropLast() + options
        if options == [53, 0] {
            #expect(throws: Never.self) { try Self.read(Array(octets)) }
        } else {
            #expect(throws: DHCPFault.malformed) { try Self.read(Array(octets)) }
        }
    }

    @Test func whatIsNoDHCPIsForeign() {
        var octets = DHCP.request(mac: Self.mac)
        octets[1] = 6
        #expect(throws: DHCPFault.foreign) { try Self.read(octets) }
        octets = DHCP.request(mac: Self.mac)
        octets[239] = 0
        #expect(throws: DHCPFault.foreign) { try Self.read(octets) }
        #expect(throws: DHCPFault.foreign) { try Self.read(DHCP.message(mac: Self.mac, [])) }
        #expect(throws: DHCPFault.malformed) { try Self.read(Array(octets.prefix(239))) }
    }

    @Test func packetsAreReadByTheirPorts() throws {
        let request = DHCP.request(mac: Self.mac)
        func read(_ source: Int, _ port: Int) throws(DHCPFault) -> IPAddress? {
            let packet = TestPackets.ipv4(
                protocolNumber: 17, TestPackets.udp(request, from: source, to: port))
            var address: IPAddress?
            _ = try DHCPMessage.read(packet: packet.span, source: &address)
            return address
        }
        #expect(try read(68, 67) == IPAddress("10.20.0.31"))
        #expect(try read(67, 68) == IPAddress("10.20.0.31"))
        #expect(throws: DHCPFault.foreign) { _ = try read(5_353, 53) }
    }
}
