package import Wire

/// What stands before the IP header, and who sent the frame.
package struct LinkHeader: Hashable, Sendable {
    /// Outer and inner tag (IEEE 802.1ad).
    private static let maximumTags = 2
    /// ARPHRD_ETHER of linux/if_arp.h: addresses have six octets.
    private static let ethernetHardware = 1

    package let sender: MACAddress?
    /// Where the IP header begins.
    package let length: Int

    /// Nil for a frame that carries no IP, or ends before it.
    package init?(_ frame: Span<UInt8>, link: LinkType) {
        switch link {
        case .ethernet:
            guard let end = Self.skipTypes(frame, at: 12) else { return nil }
            sender = Self.address(frame, at: 6)
            length = end
        case .raw:
            guard !frame.isEmpty, [4, 6].contains(frame[0] >> 4) else { return nil }
            sender = nil
            length = 0
        // https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL.html
        case .sll:
            guard let end = Self.skipTypes(frame, at: 14) else { return nil }
            let isEthernet =
                frame.big16(at: 2) == Self.ethernetHardware && frame.big16(at: 4) == 6
            sender = isEthernet ? Self.address(frame, at: 6) : nil
            length = end
        // https://www.tcpdump.org/linktypes/LINKTYPE_LINUX_SLL2.html
        case .sll2:
            guard frame.count > 20, let end = Self.skipTypes(frame, at: 0, headerEnd: 20) else {
                return nil
            }
            let isEthernet = frame.big16(at: 8) == Self.ethernetHardware && frame[11] == 6
            sender = isEthernet ? Self.address(frame, at: 12) : nil
            length = end
        }
    }

    /// Steps over the EtherType at `offset` and the tags behind it. Where other fields stand
    /// between the first type and what it names, that begins at `headerEnd`.
    private static func skipTypes(
        _ frame: Span<UInt8>, at offset: Int, headerEnd: Int? = nil
    ) -> Int? {
        guard offset + 2 <= frame.count else { return nil }
        var type = frame.big16(at: offset)
        var end = headerEnd ?? offset + 2
        for _ in 0...maximumTags {
            switch type {
            case 0x0800, 0x86dd: return end < frame.count ? end : nil
            case 0x8100, 0x88a8:
                guard end + 4 <= frame.count else { return nil }
                type = frame.big16(at: end + 2)
                end += 4
            default: return nil
            }
        }
        return nil
    }

    private static func address(_ frame: Span<UInt8>, at offset: Int) -> MACAddress {
        var value: UInt64 = 0
        for index in offset..<offset + 6 { value = value << 8 | UInt64(frame[index]) }
        return MACAddress(value: value)
    }
}

extension Span where Element == UInt8 {
    /// Two octets in network order. The caller has checked that they are there.
    fileprivate func big16(at offset: Int) -> Int {
        Int(self[offset]) << 8 | Int(self[offset + 1])
    }
}
