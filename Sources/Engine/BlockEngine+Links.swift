import Policy
import Wire

/// What the gateway's interfaces say of the devices behind them. Who watches them tells it as
/// values.
extension BlockEngine {
    /// The facts with what the gateway knows of the interface.
    func placed(_ facts: DeviceFacts) -> DeviceFacts {
        guard let interface = facts.interface else { return facts }
        var placed = facts
        placed.vlan = facts.vlan ?? vlans[interface]
        if placed.wireGuardPeer == nil, facts.mac == nil, let address = facts.address {
            placed.wireGuardPeer = peers.peer(of: address, on: interface)
        }
        return placed
    }

    /// Other VLAN devices are there. Nobody is cut off or freed by it alone: tags follow, and with
    /// them whose packets are looked into.
    mutating func take(vlans: [InterfaceName: VLANID], at now: Timestamp) -> [Effect] {
        guard vlans != self.vlans else { return [] }
        self.vlans = vlans
        return book.usesVLANs ? retable(at: now) : []
    }

    /// The kernel's sets of tagged devices are made anew.
    mutating func retable(at now: Timestamp) -> [Effect] {
        forgetStandings()
        guard removal == nil else { return [] }
        return [.install(rulesets())] + enterAll(at: now)
    }
}
