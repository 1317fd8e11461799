package import Firewall
package import Inspection
package import Policy
package import Wire

/// What is remembered of a device while the daemon runs.
package struct SeenDevice: Hashable, Sendable {
    package let key: DeviceKey
    /// Where it was seen last; its tags and site follow from these.
    private let address: IPAddress?
    private let interface: InterfaceName?
    package let firstSeen: Timestamp
    package var lastSeen: Timestamp

    package init(
        key: DeviceKey, facts: DeviceFacts, firstSeen: Timestamp? = nil, lastSeen: Timestamp
    ) {
        self.key = key
        address = facts.address
        interface = facts.interface
        self.firstSeen = firstSeen ?? lastSeen
        self.lastSeen = lastSeen
    }

    /// Made when asked for: there may be 65,536 devices, and most of what facts can hold is learnt
    /// elsewhere.
    package var facts: DeviceFacts {
        var mac: MACAddress?
        if case .mac(let own) = key { mac = own }
        return DeviceFacts(mac: mac, address: address, interface: interface)
    }
}

/// The whole of what is decided and remembered, without a clock, a socket, a log or a file:
/// occurrences and commands in, effects out.
///
/// The packet path is `standing(of:at:)`, `concerns(_:)` and, for the rare name that a policy
/// speaks of, `judge(_:from:at:)`.
package struct BlockEngine: Sendable {
    package internal(set) var book: PolicyBook {
        didSet { hasAddressSites = book.settings.hasAddressSites }
    }
    /// What devices' own addresses say, as it was looked up.
    var addressRegions: [IPAddress: AddressRegion] = [:]
    /// Who is behind the WireGuard interfaces, as far as the settings ask.
    package internal(set) var peers = WireGuardTable()
    /// Whose the addresses of devices that are cut by address were.
    var cutPeers: [IPAddress: WireGuardKey] = [:]
    /// The interfaces that are VLAN devices.
    package internal(set) var vlans: [InterfaceName: VLANID] = [:]
    private(set) var hasAddressSites: Bool
    /// The mode set at the prompt, or the settings' own.
    package internal(set) var mode: PolicyMode
    package internal(set) var blocks: [BlockID: Block] = [:]
    package internal(set) var blockCounts = BlockCounts()
    package internal(set) var attempts = AttemptCounts()
    package internal(set) var exemptions: [String: Exemption] = [:]
    package internal(set) var devices: [DeviceKey: SeenDevice] = [:]
    package internal(set) var bindings = AddressBindings()
    package internal(set) var ledger: Ledger
    /// Where the ledger that the store gave us is broken; looked for once, at the start.
    package internal(set) var ledgerBreak: LedgerBreak?
    /// When a policy's stages began for a device.
    package internal(set) var stagesSince: [DeviceKey: [String: Timestamp]] = [:]
    var places = DevicePlaces()
    var evidence = AddressEvidence()
    /// Who last spoke from an address, for answers that come before the neighbour table knows it.
    var askers: [IPAddress: PacketSource] = [:]
    /// Flows an address alone would have refused, had it been nobody else's.
    package internal(set) var sharedFlows: UInt64 = 0
    package internal(set) var identities = DeviceIdentities()
    /// Watched tags that devices have by what they say of themselves.
    var claimedTags: [MACAddress: Tag] = [:]
    package internal(set) var routers: [MACAddress: RouterSign] = [:]
    var sourceCounts: [MACAddress: SourceCount] = [:]
    /// Told with the next tick: the packet path has no effects to give.
    var routerEvents: [Event] = []
    /// Nil unless everything was taken down by command.
    package internal(set) var removal: Removal?
    /// The settings may be taken back: a block that they do not carry must survive that.
    var isOnTrial = false
    let capabilities: TableCapabilities
    package let shape: TableDesign.Shape
    var modeAtPrompt: PolicyMode?
    var blockOfDevice: [DeviceKey: BlockID] = [:]
    /// Families of the addresses by which devices without a MAC are or were cut: the table's rules
    /// for them stay until the next start.
    private(set) var cutFamilies: Set<IPFamily> = []
    /// The blocks a tick has to look at.
    var timedBlocks: Set<BlockID> = []
    var grants: [DeviceKey: [GrantedTag]] = [:]
    var references: ReferenceSource
    private struct KnownStanding: Hashable {
        let standing: Standing
        let notedAt: Timestamp
    }

    private static let noteMicroseconds: Int64 = 5_000_000
    private var standings: [PacketSource: KnownStanding] = [:]
    private var told: [Told: Timestamp] = [:]
    var lastTick: Timestamp?
    /// When the store's newest event was. A clock that shows less has lost its time.
    let newestStored: Timestamp?
    var isClockBehind = false
    static let pruningMicroseconds: Int64 = 60_000_000
    var lastPruning: Timestamp?

    package init(
        book: PolicyBook, snapshot: EngineSnapshot, capabilities: TableCapabilities,
        shape: TableDesign.Shape = .complete, references: ReferenceSource
    ) {
        self.book = book
        self.hasAddressSites = book.settings.hasAddressSites
        self.capabilities = capabilities
        self.shape = shape
        self.references = references
        self.ledger = Ledger(snapshot.ledger, lastNumber: snapshot.lastLedgerNumber)
        self.newestStored = snapshot.newest
        self.modeAtPrompt = snapshot.mode
        self.mode = snapshot.mode ?? book.settings.mode
        blocks.reserveCapacity(snapshot.blocks.count)
        blockOfDevice.reserveCapacity(snapshot.blocks.count)
        for block in snapshot.blocks where block.state == .inForce {
            blocks[block.id] = block
            blockCounts.add(block)
            blockOfDevice[block.device] = block.id
            noteFamily(of: block.device)
            if block.until != nil { timedBlocks.insert(block.id) }
            if let root = block.returnRoot { identities.roots[block.id] = root }
        }
        for exemption in snapshot.exemptions { exemptions[exemption.id] = exemption }
        for tag in snapshot.tags { grants[tag.device, default: []].append(tag) }
        for start in snapshot.stages {
            stagesSince[start.device, default: [:]][start.policy] = start.since
        }
        identities.restore(snapshot.identities) { [blockOfDevice] in
            blockOfDevice[.mac($0)] != nil
        }
        retagAll()
    }

    // MARK: The packet path

    /// Whether the packet is to be looked into. No allocation once the source is known.
    package mutating func standing(of source: PacketSource, at now: Timestamp) -> Standing {
        if let known = standings[source] {
            // Writing into a dictionary allocates, so "seen" is noted now and then only.
            if known.standing != .ignored, now.since(known.notedAt) > Self.noteMicroseconds {
                devices[source.device]?.lastSeen = now
                standings[source] = KnownStanding(standing: known.standing, notedAt: now)
            }
            return known.standing
        }
        let standing: Standing
        if let interface = source.interface, book.settings.uplinks.contains(interface) {
            // The next router's MAC stands for the whole internet: it is never a device.
            standing = .ignored
        } else if blockOfDevice[source.device] != nil {
            standing = .cut
        } else {
            let tags = tags(of: source.device, facts: source.facts)
            let isWatched = tags.contains { book.watchedTags.contains($0.tag) }
            let isSpared = tags.contains { $0.tag == .neverBlock }
            standing = isWatched && !isSpared ? .watched : .ignored
        }
        if standings.count >= EngineLimits.standings { standings.removeAll(keepingCapacity: true) }
        standings[source] = KnownStanding(standing: standing, notedAt: now)
        if standing == .watched { noteAsker(source) }
        // A forged packet says nothing about the device it names.
        if standing != .ignored, !isForged(source, at: now) {
            countSource(of: source, at: now)
            remember(source.device, facts: believable(source), at: now)
        }
        return standing
    }

    /// Whether any policy names this endpoint. No allocation.
    package func concerns(_ name: NameBuffer) -> Bool { book.concerns(name) }

    /// Decides on a name that concerns a policy.
    package mutating func judge(
        _ sighting: borrowing Sighting, from source: PacketSource, at now: Timestamp
    ) -> Judgement {
        let device = source.device
        // A cut device goes on trying; each try is refused, none is a new block.
        if let block = block(of: device) {
            attempts.note(
                sighting.vector, .refused, policy: block.policyName, site: block.site)
            return Judgement(verdict: .block, effects: [])
        }
        let attempt = attempt(
            of: device, facts: believable(source), name: sighting.name, at: now)
        let decision = book.decide(attempt, mode: mode, at: dated(now))
        let evidence = Evidence(
            vector: sighting.vector, name: sighting.name.description,
            flow: sighting.flow.description
                + (sighting.hasECH ? " (Encrypted Client Hello present)" : ""))
        let isForged = decision.verdict != .allow && isForged(source, at: now)
        attempts.note(
            sighting.vector, isForged ? .forged : .init(decision.verdict),
            policy: decision.policy, site: attempt.site?.name)
        if isForged {
            return Judgement(
                verdict: decision.verdict,
                effects: tellForgery(source, evidence: evidence, at: now), isForged: true,
                decision: decision)
        }
        switch decision.verdict {
        case .block:
            return Judgement(
                verdict: .block,
                effects: cut(
                    source, decision: decision, site: attempt.site, evidence: evidence, at: now),
                decision: decision)
        case .refuse:
            return Judgement(
                verdict: .refuse,
                effects: tellRefusal(
                    decision, of: source, site: attempt.site, evidence, at: now),
                decision: decision)
        case .monitor, .allow:
            return Judgement(
                verdict: decision.verdict,
                effects: tell(decision, of: source, site: attempt.site, evidence, at: now)
                    + noteActivation(
                        decision, of: source, site: attempt.site, evidence, at: now),
                decision: decision)
        }
    }

    // MARK: What happens outside

    package mutating func handle(_ occurrence: Occurrence, at now: Timestamp) -> [Effect] {
        switch occurrence {
        case .neighbour(let address, let mac, let interface, let isConfirmed):
            return bind(address, to: mac, on: interface, isConfirmed: isConfirmed, at: now)
        case .identity(let claim, let source):
            return hear(claim, from: source, at: now)
        case .leases(let words, let isWhole): return take(words, isWhole: isWhole, at: now)
        case .neighbourGone(let address, let interface):
            return unbind(address, on: interface)
        case .neighboursRestarted:
            // Bindings stay: what a cut device holds is cut until somebody else holds it.
            places.removeAll()
            return []
        case .settings(let book, let isTrial):
            return adopt(book, isTrial: isTrial, at: now)
        case .settingsConfirmed:
            return confirmSettings(at: now)
        case .relocated(let regions): return relocate(regions, at: now)
        case .vlans(let vlans): return take(vlans: vlans, at: now)
        case .wireGuardPeers(let peers): return take(peers: peers, at: now)
        case .kernelBlocks(let elements, let ended):
            return adopt(elements, ended: ended, at: now)
        case .tick:
            return tick(at: now)
        }
    }

    // MARK: Attempts

    /// What to believe of a packet's source. An address that the neighbour table gives to another
    /// device is no evidence of where this one is, nor of what it is.
    func believable(_ source: PacketSource) -> DeviceFacts {
        guard let mac = source.mac, let tenant = bindings.tenant(of: source.address),
            tenant != mac, bindings.holder(of: source.address) != mac
        else { return source.facts }
        let own = bindings.addresses(of: mac).last { !bindings.isContested($0) }
        return DeviceFacts(mac: mac, address: own, interface: source.interface)
    }

    /// Tags by the files and tags given at the prompt, to any of its MACs.
    package func tags(of device: DeviceKey, facts: DeviceFacts) -> [TagGrant] {
        let facts = informed(facts)
        var tags = book.tags(of: facts)
        func add(_ grant: TagGrant) {
            if !tags.contains(where: { $0.tag == grant.tag }) { tags.append(grant) }
        }
        for relative in relatives(of: device) {
            if relative != device, case .mac(let mac) = relative {
                // What a MAC has said is its own: another must not get a tag by words not heard
                // from it, or not believed of it.
                var facts = facts
                facts.mac = mac
                facts.dhcp = nil
                book.tags(of: facts).forEach(add)
            }
            for grant in grants[relative] ?? [] {
                add(TagGrant(tag: grant.tag, reason: "given by \(grant.by)", source: nil))
            }
        }
        return tags
    }

    /// Tags given at the prompt, to any of its MACs.
    package func tagsGiven(to device: DeviceKey) -> [Tag] {
        var tags: [Tag] = []
        for grant in relatives(of: device).flatMap({ grants[$0] ?? [] })
        where !tags.contains(grant.tag) {
            tags.append(grant.tag)
        }
        return tags
    }

    mutating func remember(_ device: DeviceKey, facts: DeviceFacts, at now: Timestamp) {
        if devices[device] == nil, devices.count >= EngineLimits.devices {
            // A quarter at once: forged MACs must not cost a search each.
            let byAge = devices.values.sorted { $0.lastSeen > $1.lastSeen }
            let kept = byAge.prefix(EngineLimits.devices * 3 / 4)
            devices = Dictionary(uniqueKeysWithValues: kept.map { ($0.key, $0) })
            identities.forgottenAt = now
        }
        devices[device] = SeenDevice(
            key: device, facts: facts, firstSeen: devices[device]?.firstSeen ?? now, lastSeen: now)
    }

    /// True when the table has no rules yet for devices like this one.
    @discardableResult
    mutating func noteFamily(of device: DeviceKey) -> Bool {
        switch device {
        case .mac: false
        case .address(.v4): cutFamilies.insert(.ipv4).inserted
        case .address(.v6): cutFamilies.insert(.ipv6).inserted
        }
    }

    /// Any change of blocks, tags, settings or mode changes what packets meet.
    mutating func forgetStandings() { standings.removeAll(keepingCapacity: true) }

    // MARK: Telling once

    enum Told: Hashable {
        /// The pattern, not the name: a device can make up names below a suffix without end.
        case attempt(device: DeviceKey, policy: String, pattern: EndpointPattern?)
        case contest(device: DeviceKey, address: IPAddress)
        case forgery(MACAddress, InterfaceName?)
        case likeness(MACAddress, BlockID)
        case stage(device: DeviceKey, policy: String, Stage)
        case review(String)
        case sharedAddress(DeviceKey, IPAddress)
        case refusedDNS(DeviceKey, RefusedName)

        var repeatSeconds: Int64 {
            switch self {
            case .attempt, .stage, .sharedAddress, .refusedDNS: EngineLimits.repeatSeconds
            case .review: EngineLimits.reviewSeconds
            case .contest, .forgery, .likeness: EngineLimits.suspicionSeconds
            }
        }
    }

    /// Whether it has not been told of lately; from now on it has.
    mutating func isNews(_ key: Told, at now: Timestamp) -> Bool {
        if let before = told[key], now.since(before) < key.repeatSeconds * 1_000_000 {
            return false
        }
        if told.count >= EngineLimits.repeats {
            let median = told.values.sorted()[told.count / 2]
            told = told.filter { $0.value > median }
        }
        told[key] = now
        return true
    }

    /// A device that is only watched asks again and again: the journal hears of it now and then.
    mutating func tell(
        _ decision: Decision, of source: PacketSource, site: Site?, _ evidence: Evidence?,
        at now: Timestamp
    ) -> [Effect] {
        // Nothing begins on a clock that has lost its time.
        if let stage = decision.stage, !isClockBehind {
            return tellStage(stage, decision, of: source, site: site, evidence, at: now)
        }
        guard let policy = decision.policy,
            isNews(
                .attempt(
                    device: source.device, policy: policy, pattern: decision.endpoint?.pattern),
                at: now)
        else { return [] }
        let name = displayName(of: source.device, facts: source.facts)
        let would = decision.verdict == .monitor
        let last = decision.why.last { !$0.holds }?.text ?? "allowed"
        let cause = evidence.map { "asked for \($0.name)" } ?? "is there"
        let event = Event(
            time: now, kind: would ? .wouldBlock : .attemptAllowed, device: source.device,
            deviceName: name, site: site?.name, region: decision.region, policy: policy,
            rule: decision.rule, evidence: evidence, verdict: decision.verdict,
            text: would
                ? "\(name) would be cut off by \(policy): it \(cause)"
                : "\(name) \(cause) and may: \(last)")
        return [.record([], event)]
    }
}
