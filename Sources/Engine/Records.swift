package import Policy
package import Wire

/// What a device is known by: its MAC, or its address where packets carry no MAC (ppp, tun).
package enum DeviceKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    case mac(MACAddress)
    case address(IPAddress)

    /// Reads either form.
    package init?(_ text: some StringProtocol) { self.init(String(text)) }

    package init?(_ text: String) {
        if let mac = MACAddress(text) {
            self = .mac(mac)
        } else if let address = IPAddress(text) {
            self = .address(address)
        } else {
            return nil
        }
    }

    package var description: String {
        switch self {
        case .mac(let address): "\(address)"
        case .address(let address): "\(address)"
        }
    }

    /// What is known of it for good, and nothing of where it is or what it says.
    var lastingFacts: DeviceFacts {
        switch self {
        case .mac(let mac): DeviceFacts(mac: mac, address: nil, interface: nil)
        case .address(let address): DeviceFacts(mac: nil, address: address, interface: nil)
        }
    }

    package static func < (left: Self, right: Self) -> Bool {
        left.description < right.description
    }
}

/// The reference of a block, such as `B-7F3K`.
///
/// Kept as a number: a start makes 100,000 of them into keys.
package struct BlockID: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The signs, five bits each from the highest bit down; their count in the lowest four.
    private let packed: UInt64

    /// `B-` and 4...12 of Crockford's base 32.
    package init?(_ text: some StringProtocol) { self.init(String(text)) }

    package init?(_ text: String) {
        var packed: UInt64 = 0
        var count: UInt64 = 0
        for (place, sign) in text.utf8.enumerated() {
            switch place {
            case 0: guard sign == UInt8(ascii: "B") else { return nil }
            case 1: guard sign == UInt8(ascii: "-") else { return nil }
            default:
                guard count < 12, let digit = Self.digit(sign) else { return nil }
                packed |= UInt64(digit) << (59 - 5 * count)
                count += 1
            }
        }
        guard count >= 4 else { return nil }
        self.packed = packed | count
    }

    /// Crockford's base 32: no I, L, O or U to misread on a phone.
    package static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

    private static func digit(_ sign: UInt8) -> UInt8? {
        switch sign {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): sign - UInt8(ascii: "0")
        case UInt8(ascii: "A")...UInt8(ascii: "H"): sign - UInt8(ascii: "A") + 10
        case UInt8(ascii: "J")...UInt8(ascii: "K"): sign - UInt8(ascii: "J") + 18
        case UInt8(ascii: "M")...UInt8(ascii: "N"): sign - UInt8(ascii: "M") + 20
        case UInt8(ascii: "P")...UInt8(ascii: "T"): sign - UInt8(ascii: "P") + 22
        case UInt8(ascii: "V")...UInt8(ascii: "Z"): sign - UInt8(ascii: "V") + 27
        default: nil
        }
    }

    package var text: String {
        let count = Int(packed & 15)
        return String(unsafeUninitializedCapacity: count + 2) { signs in
            signs[0] = UInt8(ascii: "B")
            signs[1] = UInt8(ascii: "-")
            for place in 0..<count {
                signs[place + 2] = Self.alphabet[Int(packed >> (59 - 5 * UInt64(place))) & 31]
            }
            return count + 2
        }
    }

    package var description: String { text }
    /// As the texts are ordered: the alphabet ascends, and of two with the same beginning the
    /// shorter comes first.
    package static func < (left: Self, right: Self) -> Bool { left.packed < right.packed }
}

/// What an attempt left behind as proof.
package struct Evidence: Hashable, Sendable {
    package let vector: Vector
    package let name: String
    /// `udp 10.20.0.31:5353 -> 10.20.0.1:53`, and whether its hello may hide another name.
    package let flow: String
    /// Microseconds from the packet's arrival in the daemon to the block being in the kernel.
    package var latencyMicroseconds: Int64?

    package init(vector: Vector, name: String, flow: String, latencyMicroseconds: Int64? = nil) {
        self.vector = vector
        self.name = name
        self.flow = flow
        self.latencyMicroseconds = latencyMicroseconds
    }
}

/// The lasting state of a cut device.
package struct Block: Hashable, Sendable {
    package enum State: String, Hashable, Sendable {
        case inForce = "in_force"
        case released
        case expired
    }
    package enum Cause: Hashable, Sendable {
        case policy(name: String, rule: SourceLocation?, evidence: Evidence?)
        case command(reason: String, by: String)
        /// Found in the kernel without a record: the store was lost.
        case adopted(comment: String)
    }

    package let id: BlockID
    package let device: DeviceKey
    package var cause: Cause
    package let site: String?
    package let region: Region?
    package let since: Timestamp
    package var until: Timestamp?
    /// What gave the region where that was the device's address: the address, the database and its
    /// record, in words.
    package var regionReason: String?
    package var state: State
    /// Why and by whom it ended.
    package var endedAt: Timestamp?
    package var endedBecause: String?
    package var endedBy: String?

    package init(
        id: BlockID, device: DeviceKey, cause: Cause, site: String?, region: Region?,
        since: Timestamp, until: Timestamp?, state: State = .inForce, endedAt: Timestamp? = nil,
        endedBecause: String? = nil, endedBy: String? = nil
    ) {
        self.id = id
        self.device = device
        self.cause = cause
        self.site = site
        self.region = region
        self.since = since
        self.until = until
        self.state = state
        self.endedAt = endedAt
        self.endedBecause = endedBecause
        self.endedBy = endedBy
    }

    package var policyName: String? {
        if case .policy(let name, _, _) = cause { return name }
        return nil
    }
}

/// A device that a policy, or every policy, leaves alone until a deadline.
package struct Exemption: Hashable, Sendable {
    /// `X-2M9Q`
    package let id: String
    package let device: DeviceKey
    /// Nil: every policy.
    package let policy: String?
    package let since: Timestamp
    package let until: Timestamp?
    package let by: String
    package let reason: String

    package init(
        id: String, device: DeviceKey, policy: String?, since: Timestamp, until: Timestamp?,
        by: String, reason: String
    ) {
        self.id = id
        self.device = device
        self.policy = policy
        self.since = since
        self.until = until
        self.by = by
        self.reason = reason
    }

    func covers(_ policy: String) -> Bool { self.policy == nil || self.policy == policy }
}

/// A tag given at the prompt.
package struct GrantedTag: Hashable, Sendable {
    package let device: DeviceKey
    package let tag: Tag
    package let by: String
    package let reason: String?
    package let since: Timestamp

    package init(device: DeviceKey, tag: Tag, by: String, reason: String?, since: Timestamp) {
        self.device = device
        self.tag = tag
        self.by = by
        self.reason = reason
        self.since = since
    }
}

/// Something worth telling: it becomes a journal entry, a line of history and a watcher's event.
package struct Event: Hashable, Sendable {
    package enum Kind: String, Hashable, Sendable, CaseIterable {
        case blockCreated = "block.created"
        case blockReleased = "block.released"
        case blockExpired = "block.expired"
        case blockAdopted = "block.adopted"
        case blockFailed = "block.failed"
        case wouldBlock = "monitor.would_block"
        case attemptAllowed = "attempt.allowed"
        case tagAdded = "tag.added"
        case tagRemoved = "tag.removed"
        case exemptionAdded = "exemption.added"
        case exemptionEnded = "exemption.ended"
        case modeChanged = "mode.changed"
        case settingsLoaded = "settings.loaded"
        case settingsRefused = "settings.refused"
        /// Settings nobody confirmed in time gave way to those before them.
        case settingsRolledBack = "settings.rolled_back"
        case rulesetInstalled = "ruleset.installed"
        case rulesetTampered = "ruleset.tampered"
        case everythingRemoved = "everything.removed"
        case daemonStarted = "daemon.started"
        case daemonStopped = "daemon.stopped"
        case storeLost = "store.lost"
        case packetsLost = "packets.lost"
        /// A cut device and another one answer for the same address.
        case addressContested = "address.contested"
        /// A packet came with a MAC that answers elsewhere.
        case addressForged = "address.forged"
        /// A flow without a name went to an address of an endpoint that is others' as well.
        case addressShared = "address.shared"
        /// A tagged device was refused encrypted DNS.
        case encryptedDNSRefused = "dns.refused"
        /// A device looks like a cut one, and is not cut off for it.
        case identitySuspected = "identity.suspected"
        /// One MAC, many addresses.
        case deviceRouter = "device.router"
        /// An attempt before a policy's stage block.
        case deviceWarned = "device.warned"
        /// A first activation was seen.
        case deviceActivated = "device.activated"
        /// Only what was asked for is refused (`action: deny_activation`).
        case attemptRefused = "attempt.refused"
        /// Past `review_by`.
        case policyOverdue = "policy.overdue"
        /// The clock is behind what the store has seen, or no longer is.
        case clockBehind = "clock.behind"
        /// A list of first activations was added to the ledger.
        case ledgerImported = "ledger.imported"
        /// The ledger's chain of digests is broken.
        case ledgerBroken = "ledger.broken"
        /// The uplink's address is in none of the declared regions.
        case regionMismatch = "region.mismatch"
        /// It can't be told whether it is.
        case regionUnchecked = "region.unchecked"
        /// The GeoIP database is missing, damaged or old, or does not answer what policies ask.
        case databaseTrouble = "geoip.trouble"
    }

    /// Rises by one with each event of this gateway; 0 until the store has numbered it.
    package var number: Int64
    package let time: Timestamp
    package let kind: Kind
    package let device: DeviceKey?
    /// Label or id of the device, as the CLI shows it.
    package let deviceName: String?
    package let site: String?
    package let region: Region?
    package let policy: String?
    package let rule: SourceLocation?
    package let block: BlockID?
    package var evidence: Evidence?
    package let verdict: Verdict?
    /// One sentence in English; nothing from a device stands in it unescaped.
    package let text: String
    package let by: String?
    package let reason: String?

    package init(
        number: Int64 = 0, time: Timestamp, kind: Kind, device: DeviceKey? = nil,
        deviceName: String? = nil, site: String? = nil, region: Region? = nil,
        policy: String? = nil, rule: SourceLocation? = nil, block: BlockID? = nil,
        evidence: Evidence? = nil, verdict: Verdict? = nil, text: String, by: String? = nil,
        reason: String? = nil
    ) {
        self.number = number
        self.time = time
        self.kind = kind
        self.device = device
        self.deviceName = deviceName
        self.site = site
        self.region = region
        self.policy = policy
        self.rule = rule
        self.block = block
        self.evidence = evidence
        self.verdict = verdict
        self.text = text
        self.by = by
        self.reason = reason
    }
}

/// One change to what must survive a restart.
package enum StoreChange: Hashable, Sendable {
    /// Inserts, or replaces the block of the same id.
    case put(Block)
    case putExemption(Exemption)
    case endExemption(id: String, at: Timestamp)
    case putTag(GrantedTag)
    case removeTag(device: DeviceKey, tag: Tag)
    case putMode(PolicyMode)
    case putLedger(LedgerEntry)
    /// Inserts, or replaces that of the same device and policy.
    case putStage(StageStart)
    /// Inserts, or replaces that of the same MAC.
    case putIdentity(KeptIdentity)
    case removeIdentity(MACAddress)
    case append(Event)
}

/// What the store knew at start.
package struct EngineSnapshot: Hashable, Sendable {
    /// Blocks in force only.
    package var blocks: [Block]
    /// Exemptions that have not ended.
    package var exemptions: [Exemption]
    package var tags: [GrantedTag]
    /// The mode set at the prompt; nil: the settings' mode holds.
    package var mode: PolicyMode?
    /// In order of number.
    package var ledger: [LedgerEntry]
    /// The number of the last entry, also where that one cannot be read.
    package var lastLedgerNumber: Int64 = 0
    package var stages: [StageStart]
    package var identities: [KeptIdentity]
    /// When the newest event was; the clock was right then.
    package var newest: Timestamp?

    package init(
        blocks: [Block] = [], exemptions: [Exemption] = [], tags: [GrantedTag] = [],
        mode: PolicyMode? = nil, ledger: [LedgerEntry] = [], stages: [StageStart] = [],
        identities: [KeptIdentity] = [], newest: Timestamp? = nil
    ) {
        self.blocks = blocks
        self.exemptions = exemptions
        self.tags = tags
        self.mode = mode
        self.ledger = ledger
        self.stages = stages
        self.identities = identities
        self.newest = newest
    }
}
