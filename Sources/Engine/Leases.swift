package import Policy
package import Wire

/// What a DHCP server has written down of one client.
package struct LeaseWords: Hashable, Sendable {
    package let mac: MACAddress
    /// Its name as far as the server keeps it (Kea writes it in small letters), and its
    /// identifiers.
    package let identity: DHCPIdentity

    package init(mac: MACAddress, identity: DHCPIdentity) {
        self.mac = mac
        self.identity = identity
    }
}

/// The leases of DHCP servers, as evidence beside what devices are heard to say.
///
/// A server believes whatever MAC a message names, so nobody is taken for a cut device by a lease.
/// It gives tags, and it says who was here before and whose an identifier is: what keeps somebody
/// from being taken for another.
struct Leases: Hashable, Sendable {
    private var byMAC: [MACAddress: LeaseWords] = [:]
    private var knownSince: [MACAddress: Timestamp] = [:]
    private var holders: [DeviceIdentifier: Set<MACAddress>] = [:]
    /// Every file could be read before the first packet was: who has no lease was not here.
    var areKnownSinceStart = false

    var macs: Dictionary<MACAddress, LeaseWords>.Keys { byMAC.keys }

    func words(of mac: MACAddress) -> DHCPIdentity? {
        byMAC[mac].flatMap { $0.identity.isEmpty ? nil : $0.identity }
    }

    /// When its lease was first read.
    func knownSince(_ mac: MACAddress) -> Timestamp? { knownSince[mac] }

    /// Who has a lease under this identifier.
    func holders(of identifier: DeviceIdentifier) -> Set<MACAddress> { holders[identifier] ?? [] }

    /// Takes what the files hold now.
    ///
    /// - Returns: the MACs of which they say something else than before.
    mutating func replace(with words: [LeaseWords], at now: Timestamp) -> Set<MACAddress> {
        let before = byMAC
        byMAC = [:]
        holders = [:]
        for words in words.suffix(EngineLimits.leases) {
            byMAC[words.mac] = words
            for identifier in words.identity.identifiers {
                holders[identifier, default: []].insert(words.mac)
            }
        }
        knownSince = byMAC.mapValues { [knownSince] in knownSince[$0.mac] ?? now }
        return Set(before.keys).union(byMAC.keys).filter { before[$0] != byMAC[$0] }
    }
}

extension BlockEngine {
    /// Takes the leases as they are now; a device gets a tag by its lease where it was not heard.
    mutating func take(
        _ words: [LeaseWords], isWhole: Bool, at now: Timestamp
    ) -> [Effect] {
        if identities.startedAt == nil { identities.leases.areKnownSinceStart = isWhole }
        let changed = identities.leases.replace(with: words, at: now)
        let elements = changed.sorted().compactMap { retag($0) }
        return elements.isEmpty ? [] : [.commit(elements)]
    }
}
