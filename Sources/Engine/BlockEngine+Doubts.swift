import Policy
import Wire

/// What keeps a newcomer from being taken for a cut device. In doubt nobody is cut, and it is told.
extension BlockEngine {
    /// Nil when nothing speaks against it.
    func doubt(
        that mac: MACAddress, is block: Block, on interface: InterfaceName, at now: Timestamp
    ) -> String? {
        guard case .mac(let former) = block.device, let cut = identities.cuts[former],
            let profile = identities.profiles[mac]
        else { return "what was known of the cut device is forgotten" }
        guard book.settings.returning == .cut else { return "identity.returning is report" }
        let isShared = cut.identity.identifiers.contains { identifier in
            identities.speakers(of: identifier)
                .union(identities.leases.holders(of: identifier))
                .contains { $0 != mac && self.block(of: .mac($0)) == nil }
        }
        if cut.isDoubtful || profile.isDoubtful || isShared {
            return "more than one device has said so, or it has said something else before"
        }
        if cut.lastSign >= profile.firstSeen { return "that device is still there itself" }
        if identities.isMemoryPartial(at: now) {
            return "too many devices were seen to tell who was here before"
        }
        if let startedAt = identities.startedAt, block.since < startedAt,
            !identities.leases.areKnownSinceStart,
            profile.firstSeen.since(startedAt) <= EngineLimits.tenancySeconds * 1_000_000
        {
            return "the daemon was started since, and who was here before is not known yet"
        }
        return doubt(aboutNewcomer: mac, profile, since: block.since)
            ?? doubt(aboutCut: mac, block, on: interface, at: now)
    }

    /// Only a MAC made up for this network, and never met before, is another one of the device.
    private func doubt(
        aboutNewcomer mac: MACAddress, _ profile: DeviceIdentities.Profile, since: Timestamp
    ) -> String? {
        guard mac.isLocallyAdministered else { return "its MAC is one that a maker has given" }
        let firstSeen = min(devices[.mac(mac)]?.firstSeen ?? profile.firstSeen, profile.firstSeen)
        guard firstSeen > since else { return "it was here before the other was cut off" }
        if let leased = identities.leases.knownSince(mac), leased < profile.firstSeen {
            return "it had an address before it said so"
        }
        guard
            profile.firstSeen.since(firstSeen) <= EngineLimits.newcomerSeconds * 1_000_000
        else { return "it was here before it said so" }
        let facts = DeviceFacts(mac: mac, address: nil, interface: nil)
        if book.knows(facts) || grants[.mac(mac)] != nil || ledger.first(of: .mac(mac)) != nil {
            return "the operator knows it as a device of its own"
        }
        return nil
    }

    /// Whether the block could have been made where the newcomer is.
    private func doubt(
        aboutCut mac: MACAddress, _ block: Block, on interface: InterfaceName, at now: Timestamp
    ) -> String? {
        let profile = identities.profiles[mac]
        let address = profile?.wantedAddress ?? profile?.wantedAddressV6
        let facts = informed(DeviceFacts(mac: mac, address: address, interface: interface))
        guard book.site(of: facts)?.site.name == block.site else { return "it is somewhere else" }
        if tags(of: .mac(mac), facts: facts).contains(where: { $0.tag == .neverBlock }) {
            return "it is tagged never-block"
        }
        if isExempt(.mac(mac), at: now) { return "it is exempt" }
        guard mode == .enforce, !isClockBehind else { return "nothing is cut off now" }
        guard let policy = block.policyName else { return nil }
        let denies = book.stillDenies(
            policy: policy, region: block.region, site: block.site, device: facts,
            tags: tags(of: .mac(mac), facts: facts), activation: nil, at: dated(now))
        return denies ? nil : "\(policy) does not deny it"
    }

    mutating func tellSuspicion(
        of mac: MACAddress, _ block: Block, _ match: IdentityMatch, _ doubt: String,
        at now: Timestamp
    ) -> [Effect] {
        guard isNews(.likeness(mac, block.id), at: now) else { return [] }
        let name = displayName(of: .mac(mac))
        let event = Event(
            time: now, kind: .identitySuspected, device: .mac(mac), deviceName: name,
            site: block.site, region: block.region, policy: block.policyName,
            text: "\(name) looks like \(displayName(of: block.device)), who is cut off "
                + "(\(block.id)), by its \(match.evidence); it is not cut off: \(doubt)")
        return [.record([], event)]
    }

    /// A message in somebody else's name, with the words of a cut device.
    mutating func tellForgedIdentity(
        _ claim: IdentityClaim, from source: PacketSource, at now: Timestamp
    ) -> [Effect] {
        guard !identities.cutDevices(with: claim.identity.identifiers).isEmpty,
            let sender = source.mac, isNews(.forgery(sender, source.interface), at: now)
        else { return [] }
        let name = displayName(of: .mac(claim.mac))
        let event = Event(
            time: now, kind: .identitySuspected, device: .mac(claim.mac), deviceName: name,
            text: "\(sender) has asked for an address in the name of \(name) with the words of a "
                + "device that is cut off: nobody is cut off for it")
        return [.record([], event)]
    }
}

extension Block {
    /// The block it goes back to was made for another MAC of the device.
    package var isReturn: Bool { returnRoot != nil }

    /// Written at the end of what is kept as proof, so that it outlives the daemon.
    var returnRoot: BlockID? {
        let text: String
        switch cause {
        case .policy(_, _, let evidence?) where evidence.vector == .dhcp: text = evidence.flow
        case .command(let reason, _) where reason.hasPrefix("identity-rebind:"):
            text = String(reason.dropLast())
        default: return nil
        }
        return text.split(separator: " ").last.flatMap { BlockID($0) }
    }
}
