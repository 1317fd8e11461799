import Firewall
import Policy
package import Wire

/// A newcomer that looks like a cut device, until it is clear whether it is.
struct Return: Hashable, Sendable {
    let block: BlockID
    let match: IdentityMatch
    let interface: InterfaceName
    let since: Timestamp
    /// The cut device has had its time to answer.
    var isDue = false
}

/// What devices say of themselves by DHCP: tags follow from it, and a cut device that comes back
/// with another MAC is known again.
extension BlockEngine {
    /// The facts with what the device has said of itself, and what its interface is.
    func informed(_ facts: DeviceFacts) -> DeviceFacts {
        let facts = placed(facts)
        guard facts.dhcp == nil, let mac = facts.mac, let identity = identities.identity(of: mac)
        else { return facts }
        var informed = facts
        informed.dhcp = identity
        return informed
    }

    /// Takes a DHCP message.
    ///
    /// It counts only where its frame carries the client's own MAC: what comes through a relay, or
    /// in somebody else's name, says nothing about anybody.
    mutating func hear(
        _ claim: IdentityClaim, from source: PacketSource, at now: Timestamp
    ) -> [Effect] {
        take(claim, from: source, at: now) + keepIdentities()
    }

    private mutating func take(
        _ claim: IdentityClaim, from source: PacketSource, at now: Timestamp
    ) -> [Effect] {
        guard shape == .complete, removal == nil, let interface = source.interface,
            !book.settings.uplinks.contains(interface), !claim.isRelayed
        else { return [] }
        guard source.mac == claim.mac, !isForged(source, at: now) else {
            return tellForgedIdentity(claim, from: source, at: now)
        }
        if let block = block(of: .mac(claim.mac)) {
            return hearCut(claim, block, on: interface, at: now)
        }
        identities.note(claim, on: interface, at: now)
        let tagged = retag(claim.mac).map { [Effect.commit([$0])] } ?? []
        return tagged + lookForReturn(of: claim.mac, on: interface, at: now)
    }

    /// A cut device goes on asking for addresses. What it says now is not believed, with one
    /// exception: who was cut for what it said is free again when it says something else.
    private mutating func hearCut(
        _ claim: IdentityClaim, _ block: Block, on interface: InterfaceName, at now: Timestamp
    ) -> [Effect] {
        identities.noteSign(of: claim.mac, at: now)
        if identities.profiles[claim.mac] == nil {
            identities.note(claim, on: interface, at: now)
            return []
        }
        guard block.isReturn, let cut = identities.cuts[claim.mac],
            cut.identity.contradicts(claim.identity)
        else { return [] }
        // It alone: the device it was taken for stays cut.
        identities.roots[block.id] = nil
        identities.markDoubtful(claim.mac)
        let name = displayName(of: block.device)
        return end(
            block.id, state: .released, kind: .blockReleased,
            because: "\(name) has its internet back: it was taken for another device, and says "
                + "now that it is not that one",
            by: nil, reason: "identity-contradiction", at: now)
    }

    // MARK: Tags

    /// Has the kernel hand over packets of a device that has got a watched tag by its words.
    mutating func retag(_ mac: MACAddress) -> ElementChange? {
        guard book.usesClaims else { return nil }
        let tag = claimedTag(of: mac)
        guard tag != claimedTags[mac] else { return nil }
        claimedTags[mac] = tag
        identities.changed.insert(mac)
        forgetStandings()
        // One that has lost its tag stays in the kernel's set until it is made anew: its packets
        // are handed over, and not looked into.
        guard let tag else { return nil }
        let element = SetElement(.mac(mac), comment: tag.text)
        return ElementChange(set: TableSets.deviceMAC, element: element, isAdded: true)
    }

    /// A watched tag the device has by what it says; nil where never-block wins.
    func claimedTag(of mac: MACAddress) -> Tag? {
        guard let identity = identities.identity(of: mac) else { return nil }
        let facts = DeviceFacts(mac: mac, address: nil, interface: nil, dhcp: identity)
        let tags = tags(of: .mac(mac), facts: facts).map(\.tag)
        guard !tags.contains(.neverBlock) else { return nil }
        return tags.first { book.watchedTags.contains($0) }
    }

    mutating func retagAll() {
        let before = claimedTags
        claimedTags = [:]
        if book.usesClaims {
            for mac in identities.profiles.keys { claimedTags[mac] = claimedTag(of: mac) }
            for mac in identities.leases.macs { claimedTags[mac] = claimedTag(of: mac) }
        }
        // Of a cut device the store keeps what it said, tag or not.
        identities.changed.formUnion(
            Set(before.keys).union(identities.stored).symmetricDifference(claimedTags.keys)
                .filter { identities.cuts[$0] == nil })
    }

    // MARK: Coming back

    private mutating func lookForReturn(
        of mac: MACAddress, on interface: InterfaceName, at now: Timestamp
    ) -> [Effect] {
        guard let profile = identities.profiles[mac] else { return [] }
        if identities.returns[mac] != nil { return settleReturn(of: mac, at: now) }
        guard let (block, match) = likeness(of: mac, profile) else { return [] }
        if let doubt = doubt(that: mac, is: block, on: interface, at: now) {
            return tellSuspicion(of: mac, block, match, doubt, at: now)
        }
        guard identities.returns.count < EngineLimits.returns else { return [] }
        identities.returns[mac] = Return(
            block: block.id, match: match, interface: interface, since: now)
        guard case .mac(let former) = block.device else { return [] }
        // The one it looks like is asked whether it is still there.
        var addresses = Array(bindings.addresses(of: former).suffix(Self.askedAddresses))
        // A host may keep its link-local address under another MAC (RFC 7217): who asks for that
        // one asks the newcomer, and keeps its answer from the server away from it.
        if let local = identities.profiles[former]?.linkLocalAddress,
            local != profile.linkLocalAddress, places.isBehind(interface, former, local)
        {
            addresses.append(local)
        }
        return [.ask(former, addresses: addresses, on: interface)]
    }

    private static let askedAddresses = 4

    /// A link-local address may say who a device is that has said too little by DHCP.
    mutating func noteInterfaceIdentifier(
        _ address: IPv6Address, of mac: MACAddress, on interface: InterfaceName, at now: Timestamp
    ) -> [Effect] {
        guard shape == .complete,
            !isForged(
                PacketSource(mac: mac, address: .v6(address), interface: interface), at: now),
            identities.interfaceIdentifiers.note(address, of: mac), block(of: .mac(mac)) == nil
        else { return [] }
        return lookForReturn(of: mac, on: interface, at: now) + keepIdentities()
    }

    /// The newest block of a device that this one looks enough like.
    private func likeness(
        of mac: MACAddress, _ profile: DeviceIdentities.Profile
    ) -> (block: Block, match: IdentityMatch)? {
        let said = profile.identity.besides(mac)
        var best: (block: Block, match: IdentityMatch)?
        for other in identities.cutDevices(with: said.identifiers) where other != mac {
            guard let cut = identities.cuts[other], let block = block(of: .mac(other)) else {
                continue
            }
            let isSameAddress = profile.addresses.contains {
                bindings.tenant(of: $0) == other || bindings.holder(of: $0) == other
            }
            let match = IdentityMatch(
                cut.identity, said, sameAddress: isSameAddress,
                sameInterfaceIdentifier: identities.interfaceIdentifiers.of(mac).contains {
                    cut.interfaceIdentifiers.contains($0)
                })
            guard match.isEnough, best.map({ $0.block.since < block.since }) ?? true else {
                continue
            }
            best = (block, match)
        }
        return best
    }

    /// Cuts the newcomer once it uses the address it asked for and the device it looks like has
    /// had time to answer.
    mutating func settleReturn(of mac: MACAddress, at now: Timestamp) -> [Effect] {
        guard let found = identities.returns[mac] else { return [] }
        guard let block = blocks[found.block], self.block(of: .mac(mac)) == nil,
            let profile = identities.profiles[mac],
            now.since(found.since) <= EngineLimits.returnSeconds * 1_000_000
        else {
            identities.returns[mac] = nil
            return []
        }
        guard now.since(found.since) >= EngineLimits.answerMicroseconds,
            let address = profile.addresses.first(where: {
                isOwn($0, of: mac, on: found.interface)
            })
        else { return [] }
        identities.returns[mac] = nil
        if let doubt = doubt(that: mac, is: block, on: found.interface, at: now) {
            return tellSuspicion(of: mac, block, found.match, doubt, at: now)
        }
        let source = PacketSource(mac: mac, address: address, interface: found.interface)
        return cutReturned(source, like: block, found.match, at: now)
    }

    /// Whether the neighbour table gives the address to the MAC there. Nobody holds a link-local
    /// one for certain: another device may have the same on every interface.
    private func isOwn(
        _ address: IPAddress, of mac: MACAddress, on interface: InterfaceName
    ) -> Bool {
        guard places.isBehind(interface, mac, address) else { return false }
        if case .v6(let local) = address, local.isLinkLocal { return true }
        return bindings.holder(of: address) == mac
    }

    /// When the next newcomer is to be looked at again, without anything new of it.
    package var returnDue: Timestamp? {
        identities.returns.values.lazy.filter { !$0.isDue }.map(\.since).min()
            .map { Timestamp(microseconds: $0.microseconds + EngineLimits.answerMicroseconds) }
    }

    package mutating func settleReturns(at now: Timestamp) -> [Effect] {
        var effects: [Effect] = []
        for mac in identities.returns.keys.sorted() {
            if let found = identities.returns[mac],
                now.since(found.since) >= EngineLimits.answerMicroseconds
            {
                identities.returns[mac]?.isDue = true
                effects += settleReturn(of: mac, at: now)
            }
        }
        return effects
    }

    private mutating func cutReturned(
        _ source: PacketSource, like former: Block, _ match: IdentityMatch, at now: Timestamp
    ) -> [Effect] {
        let reason = "identity-rebind:\(match.evidence)"
        let root = identities.roots[former.id] ?? former.id
        let flow = "dhcp of \(source.device), as \(former.device) in \(root)"
        var cause = former.cause
        var evidence: Evidence?
        switch former.cause {
        case .policy(let policy, let rule, _):
            evidence = Evidence(vector: .dhcp, name: reason, flow: flow)
            cause = .policy(name: policy, rule: rule, evidence: evidence)
        case .command(_, let by): cause = .command(reason: "\(reason) (\(flow))", by: by)
        case .adopted: return []
        }
        let block = Block(
            id: freshID(), device: source.device, cause: cause, site: former.site,
            region: former.region, since: now, until: former.until)
        identities.roots[block.id] = root
        let name = displayName(of: source.device, facts: source.facts)
        let event = Event(
            time: now, kind: .blockCreated, device: source.device, deviceName: name,
            site: block.site, region: block.region, policy: block.policyName, block: block.id,
            evidence: evidence, verdict: .block,
            text: "\(name) is cut off: by its \(match.evidence) it is "
                + "\(displayName(of: former.device)), who is cut off (\(former.id))",
            reason: reason)
        return put(block, event: event)
    }
}

// MARK: - One device, several blocks

extension BlockEngine {
    /// Remembers a device as it is when it is cut off. One that looks like a device cut before
    /// belongs to it, whatever policy it was cut for; not one that was cut by hand, which ends by
    /// hand alone, nor where likeness is only told of.
    mutating func noteCut(_ block: Block) {
        guard case .mac(let mac) = block.device else { return }
        if book.settings.returning == .cut,
            identities.roots[block.id] == nil, case .policy = block.cause,
            let profile = identities.profiles[mac],
            !profile.isDoubtful, let (other, _) = likeness(of: mac, profile),
            case .mac(let former) = other.device, identities.cuts[former]?.isDoubtful == false
        {
            identities.roots[block.id] = identities.roots[other.id] ?? other.id
        }
        identities.returns[mac] = nil
        identities.cut(mac, at: block.since)
    }

    mutating func noteFreed(_ block: Block) {
        identities.roots[block.id] = nil
        if case .mac(let mac) = block.device { identities.free(mac) }
    }

    /// The same device under its other MACs is released with it.
    func withCompanions(_ endings: [Ending]) -> [Ending] {
        var all = endings
        var ids = Set(endings.map(\.id))
        for ending in endings {
            let listed = blocks[ending.id].map { blocksOfRelatives(of: $0).map(\.id) } ?? []
            for id in identities.companions(of: ending.id) + listed where ids.insert(id).inserted {
                guard let block = blocks[id] else { continue }
                let other = blocks[ending.id].map { displayName(of: $0.device) } ?? "another"
                let text =
                    "\(displayName(of: block.device)) has its internet back with \(other): it "
                    + "was cut off as the same device"
                all.append(Ending(id: id, text: text))
            }
        }
        return all
    }
}
