import Wire

/// Devices behind WireGuard peers: no MAC, but an interface and addresses that WireGuard holds them
/// to. Both are asked, so that a peer that may send from anywhere (`0.0.0.0/0`) does not make the
/// whole internet tagged.
extension TableDesign {
    var peerSets: [NftSet] {
        guard !tagged.peerInterfaces.isEmpty, !tagged.peerPrefixes.isEmpty else { return [] }
        let (v4, v6) = Self.widest(of: tagged.peerPrefixes)
        return [TableSets.peerInterface] + (v4.isEmpty ? [] : [TableSets.peerIPv4])
            + (v6.isEmpty ? [] : [TableSets.peerIPv6])
    }

    /// Nil for every other set.
    func peerElements(of set: NftSet) -> Set<SetElement>? {
        switch set {
        case TableSets.peerInterface:
            Set(tagged.peerInterfaces.map { SetElement(.interface($0)) })
        case TableSets.peerIPv4:
            Set(Self.widest(of: tagged.peerPrefixes).v4.map { SetElement(.prefix($0)) })
        case TableSets.peerIPv6:
            Set(Self.widest(of: tagged.peerPrefixes).v6.map { SetElement(.prefix($0)) })
        default: nil
        }
    }

    /// An address that is another peer's, by a longer allowed IP or on another interface, comes to
    /// the daemon as well, and is told apart there.
    func peerRules(to chain: String) -> [Rule] {
        let families: [(NftSet, IPFamily)] = [
            (TableSets.peerIPv4, .ipv4), (TableSets.peerIPv6, .ipv6),
        ]
        return families.filter { peerSets.contains($0.0) }.map { set, family in
            Rule([
                .inputInterfaceIn(set: TableSets.peerInterface.name),
                .sourceIn(set: set.name, family: family), .goto(chain: chain),
            ])
        }
    }

    /// An interval set refuses overlaps, so a prefix inside another is left out.
    static func widest(of prefixes: Set<IPPrefix>) -> (v4: [IPPrefix], v6: [IPPrefix]) {
        let lengths = Set(prefixes.map(\.length))
        let widest = prefixes.filter { prefix in
            !lengths.contains { length in
                length < prefix.length
                    && IPPrefix(prefix.base, length: length).map(prefixes.contains) == true
            }
        }
        return (widest.filter { $0.base.bitWidth == 32 }, widest.filter { $0.base.bitWidth == 128 })
    }
}
