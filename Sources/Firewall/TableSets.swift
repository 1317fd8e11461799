package import Wire

/// The sets of `table inet regionlock`.
///
/// None counts the packets of each element: a counter is memory of its own on every CPU, and half
/// of the time in which 100,000 elements are made.
package enum TableSets {
    /// Cut devices. Both directions follow from it: see `downIPv4`.
    package static let blockedMAC = NftSet(
        name: "blocked_mac", key: .etherAddress, comment: "cut devices")
    /// Cut devices whose packets carry no MAC (ppp, tun) and that are known by address.
    package static let blockedIPv4 = NftSet(
        name: "blocked_ip4", key: .ipv4Address,
        comment: "cut devices without a MAC")
    package static let blockedIPv6 = NftSet(
        name: "blocked_ip6", key: .ipv6Address,
        comment: "cut devices without a MAC")
    /// Addresses the neighbour table gives for cut MACs. They are matched as destination only: an
    /// address that moves to an innocent device must never cut what that device sends.
    package static let downIPv4 = NftSet(
        name: "down_ip4", key: .ipv4Address,
        comment: "addresses of cut devices, towards them")
    package static let downIPv6 = NftSet(
        name: "down_ip6", key: .ipv6Address,
        comment: "addresses of cut devices, towards them")

    package static let deviceMAC = NftSet(
        name: "dev_mac", key: .etherAddress, comment: "tagged devices")
    package static let exceptMAC = NftSet(
        name: "except_mac", key: .etherAddress, comment: "devices a wider selector must not catch")
    package static let deviceInterface = NftSet(
        name: "dev_if", key: .interfaceName, comment: "tagged interfaces")
    package static let deviceIPv4 = NftSet(
        name: "dev_ip4", key: .ipv4Address, isInterval: true, comment: "tagged subnets")
    package static let deviceIPv6 = NftSet(
        name: "dev_ip6", key: .ipv6Address, isInterval: true, comment: "tagged subnets")

    package static let peerInterface = NftSet(
        name: "dev_wg_if", key: .interfaceName, comment: "WireGuard with tagged peers")
    package static let peerIPv4 = NftSet(
        name: "dev_wg4", key: .ipv4Address, isInterval: true, comment: "tagged peers")
    package static let peerIPv6 = NftSet(
        name: "dev_wg6", key: .ipv6Address, isInterval: true, comment: "tagged peers")

    package static let resolverIPv4 = NftSet(
        name: "doh_ip4", key: .ipv4Address, comment: "resolvers of DNS over HTTPS")
    package static let resolverIPv6 = NftSet(
        name: "doh_ip6", key: .ipv6Address, comment: "resolvers of DNS over HTTPS")

    /// Makers' blocks as masked hash sets, one for each length the IEEE assigns.
    package static func deviceMaker(length: Int) -> NftSet {
        NftSet(
            name: "dev_oui\(length)", key: .etherAddress, comment: "tagged makers, /\(length)")
    }

    /// Blocks whose addresses look made up and are not, as `deviceMaker`.
    package static func assignedLocal(length: Int) -> NftSet {
        NftSet(
            name: "local_oui\(length)", key: .etherAddress,
            comment: "no random MACs, /\(length)")
    }

    /// The set a cut device's own key belongs to.
    package static func blocked(_ key: SetKey) -> NftSet {
        switch key {
        case .address(.v4): blockedIPv4
        case .address(.v6): blockedIPv6
        case .mac, .prefix, .interface, .family: blockedMAC
        }
    }

    package static func down(_ address: IPAddress) -> NftSet {
        switch address {
        case .v4: downIPv4
        case .v6: downIPv6
        }
    }

    /// Devices that have a packet at the verdict. The limit is that of remembered devices; a device
    /// that finds no place is inspected all the same.
    package static func pending(_ key: PacketKey) -> NftSet {
        NftSet(
            name: "pending_\(key.suffix)", key: key.setKey, upkeep: .packets(limit: 65_536),
            comment: "a packet waits for its verdict")
    }

    /// Devices that have more than one.
    package static func pendingMore(_ key: PacketKey) -> NftSet {
        NftSet(
            name: "pending_more_\(key.suffix)", key: key.setKey, upkeep: .packets(limit: 65_536),
            comment: "more than one waits")
    }

    /// Both families while the daemon reads a passive tap. Five times its own interval.
    package static let alive = NftSet(
        name: "alive", key: .protocolFamily, upkeep: .expiring(timeoutSeconds: 5),
        comment: "somebody inspects")

    /// Both families while a daemon reads the queue, or may soon read it again: three times the
    /// interval, and more than systemd takes to end one that hangs and start another (10 seconds).
    ///
    /// Renewed seldom: each transaction makes every listing that is under way begin anew, nft's as
    /// well as our own, and one of 100,000 elements takes seconds.
    package static let attended = NftSet(
        name: "attended", key: .protocolFamily,
        upkeep: .expiring(timeoutSeconds: 3 * attendedSeconds), comment: "somebody inspects")
    /// How often the daemon renews it.
    package static let attendedSeconds = 20

    package static let aliveElements = [
        SetElement(.family(.ipv4)), SetElement(.family(.ipv6)),
    ]

    /// Sets of cut devices themselves: what a lost store is made anew from.
    package static let blocked = [blockedMAC, blockedIPv4, blockedIPv6]

    /// Sets of tagged devices, of which the settings may name a million.
    package static let devices = [deviceMAC, exceptMAC]

    /// Sets that change while packets flow; they are there whatever the design.
    package static let changing = [blockedMAC, blockedIPv4, blockedIPv6, downIPv4, downIPv6]
}

extension PacketKey {
    fileprivate var suffix: String {
        switch self {
        case .etherSource: "mac"
        case .ipv4Source: "ip4"
        case .ipv6Source: "ip6"
        }
    }

    fileprivate var setKey: SetKeyType {
        switch self {
        case .etherSource: .etherAddress
        case .ipv4Source: .ipv4Address
        case .ipv6Source: .ipv6Address
        }
    }
}
