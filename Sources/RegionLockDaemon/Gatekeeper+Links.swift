import Netfilter
import Wire

/// What the interfaces of this gateway are.
extension Gatekeeper {
    func note(_ kind: LinkKind, of index: UInt32) {
        switch kind {
        case .bridge: bridges.insert(index)
        case .vlan(let number): vlans[index] = number
        case .wireGuard:
            wireGuards.insert(index)
            arePeersStale = true
        case .other: break
        }
    }

    func forget(interface index: UInt32) {
        interfaces[index] = nil
        bridges.remove(index)
        vlans[index] = nil
        if wireGuards.remove(index) != nil { arePeersStale = true }
    }

    var vlansByName: [InterfaceName: VLANID] {
        var byName: [InterfaceName: VLANID] = [:]
        for (index, number) in vlans { interfaces[index].map { byName[$0] = number } }
        return byName
    }
}
