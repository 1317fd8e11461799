import Netfilter
import Testing
import Wire

/// Answers of the kernel as its headers describe them, and whatever else a socket may hold. The
/// real ones are read in `WireGuardTests`, on a kernel that has them.
@Suite struct WireGuardReaderTests {
    private let first = Array(repeating: UInt8(1), count: 32)
    private let second = Array(repeating: UInt8(2), count: 32)

    /// One attribute, filled up to four octets (netlink(7)).
    private func attribute(_ type: UInt16, _ value: [UInt8]) -> [UInt8] {
        let length = UInt16(value.count + 4)
        let fill = Array(repeating: UInt8(0), count: (4 - value.count % 4) % 4)
        return [
            UInt8(length & 0xff), UInt8(length >> 8), UInt8(type & 0xff), UInt8(type >> 8),
        ] + value + fill
    }

    private func allowed(_ address: [UInt8], _ length: UInt8) -> [UInt8] {
        let family: [UInt8] = address.count == 4 ? [2, 0] : [10, 0]
        return attribute(
            0x8000, attribute(1, family) + attribute(2, address) + attribute(3, [length]))
    }

    private func peer(_ key: [UInt8], _ allowed: [[UInt8]]) -> [UInt8] {
        attribute(
            0x8000, attribute(1, key) + attribute(2, key) + attribute(9, allowed.flatMap { $0 }))
    }

    private func message(_ peers: [[UInt8]]) -> [UInt8] {
        let body: [UInt8] =
            [0, 1, 0, 0] + attribute(2, Array("wg0".utf8) + [0]) + attribute(3, second)
            + attribute(0x8008, peers.flatMap { $0 })
        let length = UInt32(16 + body.count)
        let lengthOctets = (0..<4).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
        return lengthOctets + [30, 0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0] + body
    }

    private func read(_ datagrams: [[UInt8]]) throws -> WireGuardReader.Reading {
        WireGuardReader.reading(datagrams, of: try #require(InterfaceName("wg0")))
    }

    @Test func aPeerMayGoOnInTheNextMessage() throws {
        let reading = try read([
            message([
                peer(first, [allowed([10, 8, 0, 0], 24)]),
                peer(second, [allowed([0, 0, 0, 0], 0)]),
            ]),
            message([peer(second, [allowed(Array(repeating: 0, count: 16), 0)])]),
            message([]),
        ])
        #expect(reading.isWhole)
        #expect(reading.peers.map(\.key.octets) == [first, second])
        #expect(
            reading.peers.map { $0.prefixes.map(\.description) } == [
                ["10.8.0.0/24"], ["0.0.0.0/0", "::/0"],
            ])
    }

    @Test func whatIsCutShortOrWrongIsLeftOut() throws {
        let whole = message([peer(first, [allowed([10, 8, 0, 0], 24)])])
        for count in 0..<whole.count {
            let reading = try read([Array(whole.prefix(count))])
            #expect(reading.peers.isEmpty, "\(count) octets")
        }
        // A key of 31 octets, an address of five, a length of 33.
        let odd = try read([
            message([
                peer(Array(first.dropLast()), []), peer(second, [allowed([1, 2, 3, 4, 5], 8)]),
                peer(first, [allowed([10, 0, 0, 0], 33), allowed([10, 0, 0, 1], 32)]),
            ])
        ])
        #expect(odd.peers.map(\.key.octets) == [second, first])
        #expect(odd.peers.map(\.prefixes.count) == [0, 1])
        // Whatever octets are changed, nothing outside of the message is read.
        for place in whole.indices {
            var broken = whole
            broken[place] ^= 0xff
            _ = try read([broken])
        }
    }

    @Test func limitsHold() throws {
        let entries = (0..<200).map { allowed([10, 8, UInt8($0), 0], 24) }
        let datagrams = (0..<100).map { _ in message([peer(first, entries)]) }
        let reading = try read(datagrams)
        #expect(!reading.isWhole)
        #expect(reading.peers.count == 1)
        #expect(reading.peers[0].prefixes.count == WireGuardLimits.prefixes)
        let many = (0...WireGuardLimits.peers).map { number in
            var key = first
            key[30] = UInt8(number >> 8)
            key[31] = UInt8(number & 0xff)
            return message([peer(key, [])])
        }
        let crowd = try read(many)
        #expect(!crowd.isWhole && crowd.peers.count == WireGuardLimits.peers)
    }
}
