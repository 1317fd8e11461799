import Engine
import Policy
import Wire

extension Scenario {
    /// `NAME says [id HEX] [duid HEX] [name TEXT] [class TEXT] [list 1,3,6] [wants ADDRESS]
    /// [local ADDRESS] [frame NAME]`: a message of either DHCP; local is the address DHCPv6 is sent
    /// from, and at the end may be another device, whose MAC its frame has.
    mutating func say(_ words: [String]) throws {
        let sender = try device(words[0])
        var frame = sender
        var identity = DHCPIdentity()
        var wanted: IPAddress?
        var local: IPAddress?
        var rest = words.dropFirst(2)
        while rest.count >= 2 {
            let (key, value) = (rest.removeFirst(), rest.removeFirst())
            switch key {
            case "id":
                let octets = try octets(value)
                identity.clientIdentifier = octets
                identity.uniqueIdentifier = DHCPIdentity.uniqueIdentifier(
                    inClientIdentifier: octets)
            case "duid": identity.uniqueIdentifier = try octets(value)
            case "name": identity.hostName = value
            case "class": identity.vendorClass = value
            case "list": identity.fingerprint = value
            case "wants": wanted = IPAddress(value)
            case "local": local = IPAddress(value)
            case "frame": frame = try device(value)
            default: throw ScenarioError("no word \(key)")
            }
        }
        guard rest.isEmpty, let mac = sender.mac, let unset = IPAddress("0.0.0.0") else {
            throw ScenarioError("what does it say?")
        }
        let claim = IdentityClaim(
            mac: mac, identity: identity, wantedAddress: wanted, linkLocalAddress: local)
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

    private func octets(_ text: String) throws -> [UInt8] {
        let digits = text.compactMap(\.hexDigitValue)
        guard digits.count == text.count, digits.count.isMultiple(of: 2) else {
            throw ScenarioError("\(text) is not hexadecimal")
        }
        return stride(from: 0, to: digits.count, by: 2).map {
            UInt8(digits[$0] << 4 | digits[$0 + 1])
        }
    }
}
