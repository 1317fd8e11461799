package import Wire

/// The key types our sets use, with nft's names for them.
package enum SetKeyType: String, Hashable, Sendable {
    case etherAddress = "ether_addr"
    case ipv4Address = "ipv4_addr"
    case ipv6Address = "ipv6_addr"
    case interfaceName = "ifname"
    case protocolFamily = "nf_proto"
}

/// Who changes the elements of a set.
package enum SetUpkeep: Hashable, Sendable {
    /// We alone: what the kernel holds is what we committed.
    case ours
    /// Packets, by rules that add and delete; `limit` elements at most. `flags dynamic,timeout`
    case packets(limit: UInt32)
    /// We, again and again: an element is gone after its time. `timeout 5s`
    case expiring(timeoutSeconds: Int)
}

/// A named set of the table. Sets that change while packets flow are hash sets; `isInterval` is for
/// small static prefix lists only (an interval set of 100,000 takes 24 ms for one element).
package struct NftSet: Hashable, Sendable {
    package let name: String
    package let key: SetKeyType
    package let isInterval: Bool
    /// Elements count the packets that hit them.
    package let hasCounter: Bool
    package let upkeep: SetUpkeep
    package let comment: String?

    package init(
        name: String, key: SetKeyType, isInterval: Bool = false, hasCounter: Bool = false,
        upkeep: SetUpkeep = .ours, comment: String? = nil
    ) {
        self.name = name
        self.key = key
        self.isInterval = isInterval
        self.hasCounter = hasCounter
        self.upkeep = upkeep
        self.comment = comment
    }
}

package enum SetKey: Hashable, Sendable, CustomStringConvertible {
    case mac(MACAddress)
    case address(IPAddress)
    /// Interval sets only.
    case prefix(IPPrefix)
    case interface(InterfaceName)
    case family(IPFamily)

    package var description: String {
        switch self {
        case .mac(let address): "\(address)"
        case .address(let address): "\(address)"
        case .prefix(let prefix): "\(prefix)"
        case .interface(let name): "\"\(name)\""
        case .family(.ipv4): "ipv4"
        case .family(.ipv6): "ipv6"
        }
    }
}

extension SetKey: Comparable {
    /// By kind, then by value: an order that costs no text for each of 100,000 elements.
    package static func < (left: Self, right: Self) -> Bool {
        if case .mac(let first) = left, case .mac(let second) = right { return first < second }
        return left.order < right.order
    }

    private var order: (Int, UInt64, UInt64, String) {
        switch self {
        case .mac(let address): (0, address.value, 0, "")
        case .address(.v4(let address)): (1, 0, UInt64(address.value), "")
        case .address(.v6(let address)): (2, address.high, address.low, "")
        case .prefix, .interface, .family: (3, 0, 0, description)
        }
    }
}

package struct SetElement: Hashable, Sendable {
    /// nft keeps an element's comment in at most 128 bytes with its terminating zero.
    package static let maximumCommentLength = 127

    package let key: SetKey
    package let comment: String?

    /// A longer comment is cut at a character boundary.
    package init(_ key: SetKey, comment: String? = nil) {
        self.key = key
        self.comment = comment.map { text in
            var cut = text
            while cut.utf8.count > Self.maximumCommentLength { cut.removeLast() }
            return cut
        }
    }

    /// By the key alone: a set of ours holds each key once, and a hundred thousand comments need
    /// not be read for it.
    package func hash(into hasher: inout Hasher) { hasher.combine(key) }
}
