package import Policy
package import Wire

/// What one DHCP message says of its sender.
package struct IdentityClaim: Hashable, Sendable {
    /// `chaddr`, or the sender of the frame of a DHCPv6 message.
    package let mac: MACAddress
    package let identity: DHCPIdentity
    /// The address it takes up or keeps; nil in messages that do neither.
    package let wantedAddress: IPAddress?
    /// The link-local address a DHCPv6 message was sent from.
    package let linkLocalAddress: IPAddress?
    /// It came through a relay: its frame says nothing about the client.
    package let isRelayed: Bool

    package init(
        mac: MACAddress, identity: DHCPIdentity, wantedAddress: IPAddress? = nil,
        linkLocalAddress: IPAddress? = nil, isRelayed: Bool = false
    ) {
        self.mac = mac
        self.identity = identity
        self.wantedAddress = wantedAddress
        self.linkLocalAddress = linkLocalAddress
        self.isRelayed = isRelayed
    }
}

/// What devices have said of themselves by DHCP, and which of them are cut off.
///
/// Whoever is cut off is remembered as it was before: what it says afterwards could be anybody's.
package struct DeviceIdentities: Sendable {
    struct Profile: Hashable, Sendable {
        var identity: DHCPIdentity
        var interface: InterfaceName
        let firstSeen: Timestamp
        var lastSeen: Timestamp
        /// What it has asked for last by DHCPv4.
        var wantedAddress: IPAddress?
        /// And by DHCPv6, and what it has sent that from.
        var wantedAddressV6: IPAddress?
        var linkLocalAddress: IPAddress?
        /// When it last said something that does not fit what it had said.
        var disputedAt: Timestamp?
        /// It has been somebody else before, or a free device has said the same.
        var isDoubtful = false

        /// Addresses one of which has to be its own.
        var addresses: [IPAddress] {
            [wantedAddress, wantedAddressV6, linkLocalAddress].compactMap { $0 }
        }

        mutating func takeAddresses(of claim: IdentityClaim) {
            switch claim.wantedAddress {
            case .v4?: wantedAddress = claim.wantedAddress
            case .v6?: wantedAddressV6 = claim.wantedAddress
            case nil: break
            }
            linkLocalAddress = claim.linkLocalAddress ?? linkLocalAddress
        }
    }

    /// A cut device as it was when it was cut off.
    struct Cut: Hashable, Sendable {
        let identity: DHCPIdentity
        let interfaceIdentifiers: [UInt64]
        let isDoubtful: Bool
        /// When it last showed that it is there.
        var lastSign: Timestamp
    }

    private(set) var profiles: [MACAddress: Profile] = [:]
    private(set) var cuts: [MACAddress: Cut] = [:]
    private var profilesByIdentifier: [DeviceIdentifier: Set<MACAddress>] = [:]
    private var cutsByIdentifier: [DeviceIdentifier: Set<MACAddress>] = [:]
    /// When the engine began: who was here before is not known from then on by itself.
    var startedAt: Timestamp?
    /// When somebody had to be forgotten: who was here before is not known for certain any more.
    var forgottenAt: Timestamp?
    /// Newcomers that look like a cut device.
    var returns: [MACAddress: Return] = [:]
    /// The block each block of a returned device goes back to: they begin and end together.
    var roots: [BlockID: BlockID] = [:]
    /// Whose profiles the store has, and those that have changed since it was told.
    var stored: Set<MACAddress> = []
    var changed: Set<MACAddress> = []
    /// The parts of IPv6 addresses by which a device may be known.
    var interfaceIdentifiers = InterfaceIdentifiers()
    var leases = Leases()

    package init() {}

    /// Takes what the store has kept.
    ///
    /// - Parameter isCut: whether a block stands for the device.
    mutating func restore(_ kept: [KeptIdentity], isCut: (MACAddress) -> Bool) {
        for kept in kept.prefix(EngineLimits.identities) {
            stored.insert(kept.mac)
            profiles[kept.mac] = Profile(
                identity: kept.identity, interface: kept.interface, firstSeen: kept.firstSeen,
                lastSeen: kept.lastSeen, isDoubtful: kept.isDoubtful)
            for identifier in kept.identity.identifiers {
                profilesByIdentifier[identifier, default: []].insert(kept.mac)
            }
            guard kept.isCut else { continue }
            guard isCut(kept.mac) else {
                // Its block has ended while nobody listened: what is kept may have to go.
                changed.insert(kept.mac)
                continue
            }
            cuts[kept.mac] = Cut(
                identity: kept.identity, interfaceIdentifiers: kept.interfaceIdentifiers,
                isDoubtful: kept.isDoubtful, lastSign: kept.lastSeen)
            for identifier in kept.identity.identifiers {
                cutsByIdentifier[identifier, default: []].insert(kept.mac)
            }
        }
    }

    /// Nil while it says things that do not fit together. Of a device we have not heard, what the
    /// DHCP server has written down.
    package func identity(of mac: MACAddress) -> DHCPIdentity? {
        guard let profile = profiles[mac] else { return leases.words(of: mac) }
        guard profile.disputedAt == nil else { return nil }
        var identity = profile.identity
        // Whoever renews a lease need not say again who it is.
        if let words = leases.words(of: mac) { identity.complete(from: words) }
        return identity.isEmpty ? nil : identity
    }

    /// What the device itself was heard to say, without what its DHCP server has written down.
    func heard(_ mac: MACAddress) -> DHCPIdentity? {
        profiles[mac].flatMap { $0.disputedAt == nil ? $0.identity : nil }
    }

    private static func isOver(_ time: Timestamp, at now: Timestamp) -> Bool {
        now.since(time) > EngineLimits.tenancySeconds * 1_000_000
    }

    /// Whether so much had to be forgotten lately that nobody counts as new.
    func isMemoryPartial(at now: Timestamp) -> Bool {
        forgottenAt.map { !Self.isOver($0, at: now) } ?? false
    }

    // MARK: Claims

    /// Takes what a free device says. The first word counts: another one within the time is a
    /// dispute, a later one makes it somebody else.
    mutating func note(_ claim: IdentityClaim, on interface: InterfaceName, at now: Timestamp) {
        guard var profile = profiles[claim.mac] else {
            makeRoom(at: now)
            var profile = Profile(
                identity: claim.identity, interface: interface, firstSeen: now, lastSeen: now)
            profile.takeAddresses(of: claim)
            profiles[claim.mac] = profile
            index(claim.mac, claim.identity.identifiers)
            changed.insert(claim.mac)
            return
        }
        let before = profile
        if profile.identity.contradicts(claim.identity) {
            if Self.isOver(profile.lastSeen, at: now) {
                unindex(claim.mac, profile.identity.identifiers)
                profile.identity = claim.identity
                profile.disputedAt = nil
            } else {
                profile.disputedAt = now
            }
            profile.isDoubtful = true
        } else {
            profile.identity.complete(from: claim.identity)
            profile.lastSeen = now
            if let disputedAt = profile.disputedAt, Self.isOver(disputedAt, at: now) {
                profile.disputedAt = nil
            }
        }
        profile.interface = interface
        profile.takeAddresses(of: claim)
        profiles[claim.mac] = profile
        if before.identity != profile.identity || before.isDoubtful != profile.isDoubtful {
            changed.insert(claim.mac)
        }
        index(claim.mac, profile.identity.identifiers)
    }

    private mutating func index(_ mac: MACAddress, _ identifiers: [DeviceIdentifier]) {
        for identifier in identifiers { index(mac, identifier) }
    }

    private mutating func index(_ mac: MACAddress, _ identifier: DeviceIdentifier) {
        guard speakers(of: identifier).contains(mac) == false else { return }
        let others = Array(
            speakers(of: identifier).lazy.filter { [cuts] in cuts[$0] == nil }.prefix(2))
        profilesByIdentifier[identifier, default: []].insert(mac)
        guard !others.isEmpty else { return }
        markDoubtful(mac)
        // Of more than one each is marked already.
        if others.count == 1, let other = others.first { markDoubtful(other) }
    }

    private mutating func unindex(_ mac: MACAddress, _ identifiers: [DeviceIdentifier]) {
        for identifier in identifiers {
            profilesByIdentifier[identifier]?.remove(mac)
            if profilesByIdentifier[identifier]?.isEmpty ?? false {
                profilesByIdentifier[identifier] = nil
            }
        }
    }

    /// A quarter goes at once, those not heard of for longest: made-up MACs must not cost a search
    /// each.
    private mutating func makeRoom(at now: Timestamp) {
        guard profiles.count >= EngineLimits.identities else { return }
        let byAge = profiles.sorted { $0.value.lastSeen > $1.value.lastSeen }
        for (mac, profile) in byAge.dropFirst(EngineLimits.identities * 3 / 4) {
            unindex(mac, profile.identity.identifiers)
            profiles[mac] = nil
            returns[mac] = nil
            if stored.contains(mac) { changed.insert(mac) }
        }
        forgottenAt = now
    }

    /// Everybody who has said that he is this one.
    func speakers(of identifier: DeviceIdentifier) -> Set<MACAddress> {
        profilesByIdentifier[identifier] ?? []
    }

    // MARK: Cut devices

    /// The device is cut off from now on.
    mutating func cut(_ mac: MACAddress, at now: Timestamp) {
        guard let profile = profiles[mac], !profile.identity.identifiers.isEmpty,
            cuts.count < EngineLimits.identities
        else { return }
        // Whoever names somebody else's identifier must not have that one cut off later.
        let isShared = profile.identity.identifiers.contains { identifier in
            speakers(of: identifier).contains { $0 != mac && cuts[$0] == nil }
        }
        cuts[mac] = Cut(
            identity: profile.identity, interfaceIdentifiers: interfaceIdentifiers.of(mac),
            isDoubtful: profile.isDoubtful || profile.disputedAt != nil || isShared, lastSign: now)
        changed.insert(mac)
        for identifier in profile.identity.identifiers {
            cutsByIdentifier[identifier, default: []].insert(mac)
        }
    }

    mutating func free(_ mac: MACAddress) {
        guard let cut = cuts.removeValue(forKey: mac) else { return }
        changed.insert(mac)
        for identifier in cut.identity.identifiers {
            cutsByIdentifier[identifier]?.remove(mac)
            if cutsByIdentifier[identifier]?.isEmpty ?? false { cutsByIdentifier[identifier] = nil }
        }
    }

    mutating func markDoubtful(_ mac: MACAddress) {
        profiles[mac]?.isDoubtful = true
        changed.insert(mac)
    }

    /// The blocks that end with this one, itself left out.
    func companions(of block: BlockID) -> [BlockID] {
        let root = roots[block] ?? block
        guard !roots.isEmpty else { return [] }
        return (roots.filter { $0.value == root }.map(\.key) + [root]).filter { $0 != block }
    }

    /// It has just shown that it is there.
    mutating func noteSign(of mac: MACAddress, at now: Timestamp) { cuts[mac]?.lastSign = now }

    /// Cut devices with one of these identifiers.
    func cutDevices(with identifiers: [DeviceIdentifier]) -> Set<MACAddress> {
        identifiers.reduce(into: []) { $0.formUnion(cutsByIdentifier[$1] ?? []) }
    }
}

/// How much two descriptions have in common.
///
/// Only an identifier made for one device reaches the threshold, and not by itself: machines that
/// were copied have the same. Names, programs and addresses together do not, for two telephones of
/// one model have all but the address in common, and an address goes from one to the next.
package struct IdentityMatch: Hashable, Sendable {
    package static let threshold = 80

    package let score: Int
    /// `client-id+hostname`, `duid+hostname`
    package let evidence: String

    /// - Parameters:
    ///   - sameAddress: the newcomer asks for an address of the cut device.
    ///   - sameInterfaceIdentifier: their link-local addresses end alike.
    package init(
        _ known: DHCPIdentity, _ claimed: DHCPIdentity, sameAddress: Bool,
        sameInterfaceIdentifier: Bool = false
    ) {
        var score = 0
        var words: [String] = []
        func weigh(_ word: String, _ weight: Int, _ one: String?, _ other: String?) {
            guard let one, let other else { return }
            if one == other {
                score += weight
                words.append(word)
            } else if word != "fingerprint" {
                // A device keeps its name and its program when it takes another MAC.
                score -= 30
            }
        }
        // One device has one identifier, and a DUID may be said in both: it counts once.
        if known.clientIdentifier != nil, known.clientIdentifier == claimed.clientIdentifier {
            weigh("client-id", 60, "", "")
        } else if known.uniqueIdentifier != nil,
            known.uniqueIdentifier == claimed.uniqueIdentifier
        {
            weigh("duid", 60, "", "")
        }
        if known.hasOtherIdentifier(than: claimed) { score -= 30 }
        if let isSame = known.hasSameName(as: claimed) {
            weigh("hostname", 25, "", isSame ? "" : "other")
        }
        weigh("vendor-class", 5, known.vendorClass, claimed.vendorClass)
        weigh("fingerprint", 10, known.fingerprint, claimed.fingerprint)
        // Together they count once: whoever has the one may have been given the other with it.
        if sameAddress || sameInterfaceIdentifier { score += 20 }
        if sameAddress { words.append("address") }
        if sameInterfaceIdentifier { words.append("interface-id") }
        self.score = score
        evidence = words.joined(separator: "+")
    }

    package var isEnough: Bool { score >= Self.threshold }
}
