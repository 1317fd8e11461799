import Engine
import Policy
import Wire

extension Scenario {
    /// `NAME says [id HEX] [name TEXT] [class TEXT] [list 1,3,6] [wants ADDRESS] [frame NAME]`: a
    /// DHCP message, with the MAC of another device in its frame at the end.
    mutating func say(_ words: [String]) throws {
        let sender = try device(words[0])
        var frame = sender
        var identity = DHCPIdentity()
        var wanted: IPAddress?
        var rest = words.dropFirst(2)
        while rest.count >= 2 {
            let (key, value) = (rest.removeFirst(), rest.removeFirst())
            switch key {
            case "id": identity.clientIdentifier = Array(value.utf8)
            case "duid": identity.uniqueIdentifier = Array(value.utf8)
            case "name": identity.hostName = value
            case "class": identity.vendorClass = value
            case "list": identity.fingerprint = value
            case "wants": wanted = IPAddress(value)
            case "frame": frame = try device(value)
            default: throw ScenarioError("no word \(key)")
            }
        }
        guard rest.isEmpty, let mac = sender.mac, let unset = IPAddress("0.0.0.0") else {
            throw ScenarioError("what does it say?")
        }
        let claim = IdentityClaim(mac: mac, identity: identity, wantedAddress: wanted)
        let source = PacketSource(mac: frame.mac, address: unset, interface: frame.interface)
        let now = world.now
        world.run(world.engine?.handle(.identity(claim, from: source), at: now) ?? [])
    }

    /// `NAME leased [id HEX] [name TEXT]`: its DHCP server has written that down.
    mutating func lease(_ words: [String]) throws {
        guard let mac = try device(words[0]).mac else { throw ScenarioError("no MAC") }
        var identity = DHCPIdentity()
        var rest = words.dropFirst(2)
        while rest.count >= 2 {
            let (key, value) = (rest.removeFirst(), rest.removeFirst())
            switch key {
            case "id": identity.clientIdentifier = Array(value.utf8)
            case "name": identity.hostName = value
            default: throw ScenarioError("no word \(key)")
            }
        }
        var leases = (world.leases ?? []).filter { $0.mac != mac }
        leases.append(LeaseWords(mac: mac, identity: identity))
        world.leases = leases
        let now = world.now
        world.run(world.engine?.handle(.leases(leases, isWhole: true), at: now) ?? [])
    }
}
