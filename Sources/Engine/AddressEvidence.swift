import Policy
import Wire

/// What answers to tagged devices have said of addresses: which are an endpoint's, and which are
/// other names' as well.
///
/// A device can ask a resolver of its own, which says anything. So what a foreign resolver says
/// counts for the device that asked it alone; what the gateway's own says, for all. In the other
/// direction everybody's word counts: it can only keep an address from cutting anybody.
struct AddressEvidence: Sendable {
    private struct Owner: Hashable {
        let address: IPAddress
        /// Nil: all devices.
        let device: DeviceKey?
    }
    private struct Claim {
        let name: NameBuffer
        let until: Timestamp
    }
    private struct Neighbour {
        let name: String
        let until: Timestamp
    }

    private var claims: [Owner: Claim] = [:]
    private var neighbours: [IPAddress: Neighbour] = [:]

    /// Whether a flow without a name has to be asked about.
    var isEmpty: Bool { claims.isEmpty }
    var count: Int { claims.count + neighbours.count }

    /// - Parameter device: who asked a foreign resolver; nil when the gateway's own answered.
    mutating func learn(
        _ address: IPAddress, of name: NameBuffer, by device: DeviceKey?,
        timeToLiveSeconds: UInt32, at now: Timestamp
    ) {
        let owner = Owner(address: address, device: device)
        if claims[owner] == nil, claims.count >= EngineLimits.addressClaims {
            Self.makeRoom(in: &claims, at: now) { $0.until }
        }
        claims[owner] = Claim(
            name: name,
            until: now.adding(seconds: Self.bounded(timeToLiveSeconds)))
    }

    /// The address is given for a name no policy speaks of as well.
    mutating func learnNeighbour(
        _ address: IPAddress, named name: borrowing NameBuffer, at now: Timestamp
    ) {
        // Renewed in the second half of its time only: a write for each answer would allocate.
        let life = EngineLimits.sharedAddressSeconds
        if let known = neighbours[address], now.adding(seconds: life / 2) < known.until { return }
        if neighbours[address] == nil, neighbours.count >= EngineLimits.addressClaims {
            Self.makeRoom(in: &neighbours, at: now) { $0.until }
        }
        neighbours[address] = Neighbour(name: name.description, until: now.adding(seconds: life))
    }

    /// The endpoint's name an answer gave this address for.
    func name(of address: IPAddress, for device: DeviceKey, at now: Timestamp) -> NameBuffer? {
        let owners = [
            Owner(address: address, device: nil), Owner(address: address, device: device),
        ]
        for owner in owners {
            if let claim = claims[owner], now < claim.until { return claim.name }
        }
        return nil
    }

    /// Another name the address was given for, escaped; nil when there is none.
    func neighbour(of address: IPAddress, at now: Timestamp) -> String? {
        guard let known = neighbours[address], now < known.until else { return nil }
        return known.name
    }

    mutating func removeAll() {
        claims = [:]
        neighbours = [:]
    }

    private static func bounded(_ seconds: UInt32) -> Int64 {
        min(
            max(Int64(seconds), EngineLimits.addressMinimumSeconds),
            EngineLimits.addressMaximumSeconds)
    }

    /// What is over goes, or else the quarter that would end first.
    private static func makeRoom<Key, Value>(
        in table: inout [Key: Value], at now: Timestamp, _ until: (Value) -> Timestamp
    ) {
        table = table.filter { now < until($0.value) }
        guard table.count >= EngineLimits.addressClaims * 3 / 4 else { return }
        let kept = table.sorted { until($0.value) > until($1.value) }
            .prefix(EngineLimits.addressClaims * 3 / 4)
        table = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0.value) })
    }
}
