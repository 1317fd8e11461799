package import Wire

/// The peers of this gateway's WireGuard interfaces, to look up whose a packet is.
///
/// WireGuard lets a packet in only where its source is one of the peer's allowed IPs, by the
/// longest that fits (drivers/net/wireguard/allowedips.c), so interface and address together name
/// the peer.
package struct WireGuardTable: Hashable, Sendable {
    private let peers: [WireGuardPeer]
    /// The places of a key's peers: it may stand on several interfaces.
    private let places: [WireGuardKey: [Int]]
    private var keys: [InterfaceName: [IPPrefix: WireGuardKey]] = [:]
    /// Of each interface, the longest first.
    private var lengths: [InterfaceName: [Int]] = [:]

    package init(_ peers: [WireGuardPeer] = []) {
        self.peers = peers
        places = Dictionary(grouping: peers.indices) { peers[$0].key }
        for peer in peers {
            for prefix in peer.prefixes { keys[peer.interface, default: [:]][prefix] = peer.key }
        }
        for (interface, prefixes) in keys {
            lengths[interface] = Set(prefixes.keys.map(\.length)).sorted(by: >)
        }
    }

    /// Nil where the interface is none of WireGuard's, or no peer may send from the address.
    package func peer(of address: IPAddress, on interface: InterfaceName) -> WireGuardKey? {
        guard let prefixes = keys[interface] else { return nil }
        let address = address.unmapped
        for length in lengths[interface] ?? [] {
            if let prefix = IPPrefix(address, length: length), let key = prefixes[prefix] {
                return key
            }
        }
        return nil
    }

    /// The one peer that may send from the address, on whatever interface; nil for none and for
    /// several.
    package func onlyPeer(of address: IPAddress) -> WireGuardKey? {
        let found = Set(keys.keys.compactMap { peer(of: address, on: $0) })
        return found.count == 1 ? found.first : nil
    }

    package func contains(_ key: WireGuardKey) -> Bool { places[key] != nil }

    package func peers(with key: WireGuardKey) -> [WireGuardPeer] {
        (places[key] ?? []).map { peers[$0] }
    }
}
