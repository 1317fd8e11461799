import Firewall
import Policy
import Wire

/// Why a MAC looks like a router: several devices stand behind it.
package struct RouterSign: Hashable, Sendable {
    /// IPv4 addresses that answer on it.
    package var addresses = 0
    /// Sources of its packets that the neighbour table does not bind to it.
    package var sources = 0
    var lastSeen: Timestamp

    /// `5 addresses answer on its MAC`
    package var text: String {
        addresses > 0
            ? "\(addresses) IPv4 addresses answer on its MAC"
            : "its packets have come from \(sources) addresses or more that are not its own"
    }
}

/// Sources of one MAC, counted up to a few.
struct SourceCount: Sendable {
    let since: Timestamp
    var sources: Set<IPAddress> = []
}

extension BlockEngine {
    /// Nil for a device that looks like one device.
    package func routerSign(of device: DeviceKey) -> RouterSign? {
        if case .mac(let mac) = device { return routers[mac] }
        return nil
    }

    mutating func countAddresses(of mac: MACAddress, at now: Timestamp) -> [Effect] {
        let count = places.ipv4Count(of: mac, at: now)
        guard count >= EngineLimits.routerAddresses else { return [] }
        noteRouter(mac, addresses: count, sources: 0, at: now)
        return drainRouterEvents()
    }

    /// Counts a source the table does not bind to the MAC. Called for sources not met lately only,
    /// and never for long: the count ends at its limit.
    mutating func countSource(of source: PacketSource, at now: Timestamp) {
        guard let mac = source.mac, bindings.holder(of: source.address) != mac,
            let key = Self.countedSource(source.address)
        else { return }
        if case .v6 = key,
            bindings.addresses(of: mac).contains(where: {
                Self.countedSource($0) == key
            })
        {
            return
        }
        if sourceCounts[mac] == nil, sourceCounts.count >= EngineLimits.routers {
            sourceCounts.removeAll(keepingCapacity: true)
        }
        var count = sourceCounts[mac] ?? SourceCount(since: now)
        if now.since(count.since) > EngineLimits.routerCountSeconds * 1_000_000 {
            count = SourceCount(since: now)
        }
        count.sources.insert(key)
        sourceCounts[mac] = count
        guard count.sources.count >= EngineLimits.routerSources else { return }
        sourceCounts[mac] = nil
        noteRouter(mac, addresses: 0, sources: count.sources.count, at: now)
    }

    /// What is counted of an address: itself, or its /64; nil for those that name nobody.
    private static func countedSource(_ address: IPAddress) -> IPAddress? {
        switch address {
        case .v4(let address): address.value == 0 ? nil : .v4(address)
        case .v6(let address):
            address.isLinkLocal || address.high == 0
                ? nil : .v6(IPv6Address(high: address.high, low: 0))
        }
    }

    private mutating func noteRouter(
        _ mac: MACAddress, addresses: Int, sources: Int, at now: Timestamp
    ) {
        guard shape == .complete else { return }
        if let known = routers[mac] {
            routers[mac] = RouterSign(
                addresses: max(addresses, known.addresses), sources: max(sources, known.sources),
                lastSeen: now)
            return
        }
        guard routers.count < EngineLimits.routers else { return }
        let sign = RouterSign(addresses: addresses, sources: sources, lastSeen: now)
        routers[mac] = sign
        let name = displayName(of: .mac(mac))
        let event = Event(
            time: now, kind: .deviceRouter, device: .mac(mac), deviceName: name,
            text: "\(name) looks like a router or a repeater: \(sign.text). It is treated as one "
                + "device, and a block cuts all that is behind it")
        routerEvents.append(event)
    }

    mutating func drainRouterEvents() -> [Effect] {
        defer { routerEvents = [] }
        return routerEvents.map { .record([], $0) }
    }

    mutating func forgetRouters(at now: Timestamp) {
        routers = routers.filter {
            now.since($0.value.lastSeen) <= EngineLimits.routerShownSeconds * 1_000_000
        }
    }
}
