import Inspection
import PacketMill
import Testing
import Wire

@Suite("DHCPv6 messages")
struct DHCPv6MessageTests {
    private static func read(_ octets: [UInt8]) throws(DHCPFault) -> DHCPv6Message {
        try DHCPv6Message.read(octets.span)
    }

    private static func read(options: [UInt8]) throws(DHCPFault) -> DHCPv6Message {
        try read(DHCPv6.message(1, options))
    }

    /// dhcpcd 9.4.1 of Debian 12, `fqdn both`, `vendclass 40712 android-dhcp-14`, recorded.
    private static let dhcpcdRequest = """
        03f39c0d 0001000e 00010001329c186806aa00000005
        0002000e 00010001329c1866b28510a2674e
        00030028 00000001 00000000 00000000
          00050018 20010db8002000000000000000001c66 00000258 00000258
        00060008 0017001800520053 00080002 0000
        00100015 00009f08 000f616e64726f69642d646863702d3134
        0027000e 01 0c5265646d692d4e6f74652d39
        """
    /// dhclient 4.4.3 of Debian 12, with a DUID-EN; its name is whole.
    private static let dhclientSolicit = """
        01460531 0001000e 00020000ab11aabbccdd01020304
        00060004 00170018 00080002 0000
        0027000f 00 0c5265646d692d4e6f74652d39 00
        0003000c 73000031 00000e10 00001518
        """

    private static func octets(_ text: String) -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }

    @Test func whatDhcpcdSaysIsRead() throws {
        let message = try Self.read(Self.octets(Self.dhcpcdRequest))
        #expect(message.kind == .request && !message.kind.isReply && !message.isRelayed)
        #expect(message.transaction == 0xf3_9c0d)
        #expect(message.clientIdentifier == DHCPv6.identifier)
        #expect(message.addresses == [IPv6Address("2001:db8:20::1c66")])
        #expect(message.requestedOptions == [23, 24, 82, 83])
        #expect(message.vendorClass?.enterprise == 40_712)
        #expect(message.vendorClass?.pieces == [Array("android-dhcp-14".utf8)])
        #expect(message.qualifiedName == Array("Redmi-Note-9".utf8))
    }

    @Test func whatDhclientSaysIsRead() throws {
        let message = try Self.read(Self.octets(Self.dhclientSolicit))
        #expect(message.kind == .solicit && message.transaction == 0x46_0531)
        #expect(message.clientIdentifier == Self.octets("00020000ab11aabbccdd01020304"))
        #expect(message.addresses.isEmpty && message.vendorClass == nil)
        #expect(message.requestedOptions == [23, 24])
        #expect(message.qualifiedName == Array("Redmi-Note-9".utf8))
    }

    @Test func addressesOfEveryAssociationAreKeptUpToALimit() throws {
        let addresses: [[UInt8]] = (1...5).map { DHCPv6.address.dropLast() + [$0] }
        let unset = [UInt8](repeating: 0, count: 16)
        let temporary = DHCPv6.option(
            4, [0, 0, 0, 9] + DHCPv6.option(5, addresses[1] + [UInt8](repeating: 0, count: 8)))
        let message = try Self.read(
            options: DHCPv6.association([unset, addresses[0]]) + temporary
                + DHCPv6.association(Array(addresses[2...])))
        #expect(message.addresses.count == DHCPv6Message.maximumAddresses)
        #expect(message.addresses.map(\.octets) == Array(addresses[..<4]))
        // An address stands in an association only.
        let bare = try Self.read(
            options: DHCPv6.option(5, addresses[0] + [UInt8](repeating: 0, count: 8)))
        #expect(bare.addresses.isEmpty)
    }

    @Test func namesHaveLabels() throws {
        let whole = try Self.read(options: DHCPv6.name(["redmi", "lan"], isWhole: true))
        #expect(whole.qualifiedName == Array("redmi.lan".utf8))
        #expect(try Self.read(options: DHCPv6.option(39, [0])).qualifiedName.isEmpty)
    }

    @Test func whatServersAndRelaysSendIsNotRead() throws {
        for type in [2, 7, 10] as [UInt8] {
            let answer = try Self.read(DHCPv6.message(type, DHCPv6.request))
            #expect(answer.kind.isReply && answer.clientIdentifier.isEmpty)
        }
        let relayed = try Self.read(DHCPv6.relayed(DHCPv6.request))
        #expect(relayed.isRelayed && relayed.clientIdentifier.isEmpty)
        let back = try Self.read([13] + DHCPv6.relayed(DHCPv6.request).dropFirst())
        #expect(back.kind.isReply)
        #expect(throws: DHCPFault.malformed) {
            try Self.read(Array(DHCPv6.relayed([]).prefix(33)))
        }
    }

    @Test(
        arguments: [
            (DHCPv6.option(1, [UInt8](repeating: 7, count: 131)), 1),
            (DHCPv6.option(6, [UInt8](repeating: 7, count: 258)), 1),
            (DHCPv6.option(39, [UInt8](repeating: 0, count: 257)), 1),
            (DHCPv6.option(16, [0, 0, 0, 1, 0, 251] + [UInt8](repeating: 7, count: 251)), 1),
            (DHCPv6.option(200, []), DHCPv6Message.maximumOptions + 1),
            (DHCPv6.association([DHCPv6.address]), DHCPv6Message.maximumOptions / 2 + 1),
        ] as [([UInt8], Int)])
    func whatGrowsHasALimit(option: [UInt8], count: Int) {
        let options = Array((0..<count).map { _ in option }.joined())
        #expect(throws: DHCPFault.oversized) { try Self.read(options: options) }
    }

    @Test(
        arguments: [
            [0], [0, 1, 0], [0, 1, 0, 4, 1, 2, 3], [0, 1, 0, 2, 0, 1], [0, 1, 0, 0],
            [0, 3, 0, 11] + [UInt8](repeating: 0, count: 11), [0, 4, 0, 3, 0, 0, 0],
            [0, 4, 0, 8, 0, 0, 0, 1, 0, 5, 0, 1], [0, 4, 0, 9, 0, 0, 0, 1, 0, 5, 0, 1, 0],
            [0, 6, 0, 1, 0], [0, 39, 0, 0], [0, 39, 0, 3, 0, 5, 0x61], [0, 39, 0, 3, 0, 0xc0, 12],
            [0, 16, 0, 3, 0, 0, 0], [0, 16, 0, 5, 0, 0, 0, 1, 0],
            [0, 16, 0, 6, 0, 0, 0, 1, 0, 1],
            // Who is it now?
            DHCPv6.option(1, DHCPv6.identifier) + DHCPv6.option(1, [0, 4, 9]),
            DHCPv6.name(["a"]) + DHCPv6.name(["b"]),
        ] as [[UInt8]])
    func lengthsThatContradict(options: [UInt8]) {
        #expect(throws: DHCPFault.malformed) { try Self.read(options: options) }
    }

    @Test func whatIsNoDHCPv6IsForeign() {
        #expect(throws: DHCPFault.foreign) { try Self.read([]) }
        #expect(throws: DHCPFault.foreign) { try Self.read([0, 1, 2, 3]) }
        #expect(throws: DHCPFault.foreign) { try Self.read([14, 1, 2, 3]) }
        #expect(throws: DHCPFault.malformed) { try Self.read([1, 1, 2]) }
    }

    @Test func packetsAreReadByTheirPorts() throws {
        func read(_ source: Int, _ port: Int) throws(DHCPFault) -> IPAddress? {
            let packet = TestPackets.ipv6(
                nextHeader: 17, TestPackets.udp(DHCPv6.request, from: source, to: port))
            var address: IPAddress?
            _ = try DHCPv6Message.read(packet: packet.span, source: &address)
            return address
        }
        #expect(try read(546, 547) == IPAddress("fd00::31"))
        #expect(try read(547, 546) == IPAddress("fd00::31"))
        #expect(throws: DHCPFault.foreign) { _ = try read(5_353, 53) }
        let old = TestPackets.ipv4(
            protocolNumber: 17, TestPackets.udp(DHCPv6.request, from: 546, to: 547))
        var address: IPAddress?
        #expect(throws: DHCPFault.foreign) {
            _ = try DHCPv6Message.read(packet: old.span, source: &address)
        }
    }
}
