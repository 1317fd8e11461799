package import Policy
package import Wire

/// Devices behind WireGuard peers are known by address. Who may use an address is the operator's to
/// say (allowed IPs), and may change; who reads that tells it as a value.
extension BlockEngine {
    /// Other peers are there, or have other addresses. Nobody is cut off by it alone.
    mutating func take(peers: WireGuardTable, at now: Timestamp) -> [Effect] {
        guard peers != self.peers else { return [] }
        noteCutPeers()
        self.peers = peers
        guard book.usesWireGuard else { return [] }
        return endMoved(at: now) + retable(at: now)
    }

    /// Whose the addresses of cut devices are, as long as it is known.
    private mutating func noteCutPeers() {
        for block in blocks.values {
            guard case .address(let address) = block.device, cutPeers[address] == nil,
                let key = holder(of: address)
            else { continue }
            cutPeers[address] = key
        }
        cutPeers = cutPeers.filter { blockOfDevice[.address($0.key)] != nil }
    }

    /// A cut by address must not meet another device: it ends when the address is another peer's.
    /// While it is nobody's the block stays, for the peer may get it back. What the operator has
    /// cut off by address stays cut, for that is what was said.
    private mutating func endMoved(at now: Timestamp) -> [Effect] {
        let moved = cutPeers.compactMap { address, former -> Ending? in
            guard let id = blockOfDevice[.address(address)], blocks[id]?.policyName != nil,
                let key = holder(of: address), key != former
            else { return nil }
            return Ending(
                id: id,
                text: "\(displayName(of: .address(address))) has its internet back: \(address) is "
                    + "another WireGuard peer's now (\(key))")
        }
        for (address, _) in cutPeers where holder(of: address) != nil {
            cutPeers[address] = holder(of: address)
        }
        return end(
            moved.sorted { $0.id < $1.id }, state: .released, kind: .blockReleased, by: nil,
            reason: "wireguard-peer-changed", at: now)
    }

    private func holder(of address: IPAddress) -> WireGuardKey? {
        if let interface = devices[.address(address)]?.facts.interface {
            return peers.peer(of: address, on: interface)
        }
        return peers.onlyPeer(of: address)
    }

    /// Peers that the settings name and no interface has.
    package var missingPeers: [Located<WireGuardKey>] {
        book.wireGuardKeys.filter { !peers.contains($0.value) }
    }
}
