package import Policy
package import Wire

/// Reply of `GET /v1/status`: is all in order, and what is cut off.
package struct Status: Codable, Hashable, Sendable {
    package enum State: String, Codable, Hashable, Sendable {
        case ok
        /// It works, and `warnings` says what does not.
        case degraded
    }

    /// The name in the settings.
    package let gateway: String
    package let version: String
    package let mode: PolicyMode
    package let state: State
    /// The daemon's clock when it answered.
    package let time: Timestamp
    package let startedAt: Timestamp
    /// Short hash of the settings in force.
    package let configRevision: String
    /// Blocks in force.
    package let blocks: Int
    /// The newest block in force.
    package let lastBlock: BlockRecord?
    package let devices: DeviceCounts
    package let sites: Int
    package let policies: [PolicyState]
    package let ruleset: RulesetState
    package let inspection: InspectionState
    /// Empty when `state` is `ok`.
    package let warnings: [Warning]
    /// Whether the uplink's address speaks for the declared regions, in a sentence; nil without a
    /// GeoIP database in the settings.
    package var uplink: String?

    package init(
        gateway: String, version: String, mode: PolicyMode, state: State, time: Timestamp,
        startedAt: Timestamp, configRevision: String, blocks: Int, lastBlock: BlockRecord? = nil,
        devices: DeviceCounts, sites: Int, policies: [PolicyState], ruleset: RulesetState,
        inspection: InspectionState, warnings: [Warning]
    ) {
        self.gateway = gateway
        self.version = version
        self.mode = mode
        self.state = state
        self.time = time
        self.startedAt = startedAt
        self.configRevision = configRevision
        self.blocks = blocks
        self.lastBlock = lastBlock
        self.devices = devices
        self.sites = sites
        self.policies = policies
        self.ruleset = ruleset
        self.inspection = inspection
        self.warnings = warnings
    }

    package enum CodingKeys: String, CodingKey {
        case gateway, version, mode, state, time
        case startedAt = "started_at"
        case configRevision = "config_revision"
        case blocks
        case lastBlock = "last_block"
        case devices, sites, policies, ruleset, inspection, warnings, uplink
    }
}

/// How many devices this gateway knows.
package struct DeviceCounts: Codable, Hashable, Sendable {
    package let known: Int
    /// Seen in the last 24 hours.
    package let seenInDay: Int
    /// Of these, with a locally administered MAC: no maker can be told from it.
    package let randomMACs: Int

    package init(
        known: Int, seenInDay: Int, randomMACs: Int
    ) {
        self.known = known
        self.seenInDay = seenInDay
        self.randomMACs = randomMACs
    }

    package enum CodingKeys: String, CodingKey {
        case known
        case seenInDay = "seen_in_day"
        case randomMACs = "random_macs"
    }
}

/// A policy as `status` shows it.
package struct PolicyState: Codable, Hashable, Sendable {
    package let name: String
    package let mode: PolicyMode

    package init(
        name: String, mode: PolicyMode
    ) {
        self.name = name
        self.mode = mode
    }
}

/// What the kernel holds of `table inet regionlock`.
package struct RulesetState: Codable, Hashable, Sendable {
    package let isInstalled: Bool
    /// Blocks whose elements are in the sets; `Status.blocks` is what should be.
    package let blocksInKernel: Int
    /// Repairs since the start of the daemon, after the table was not as it should be.
    package let drift: Int

    package init(
        isInstalled: Bool, blocksInKernel: Int, drift: Int
    ) {
        self.isInstalled = isInstalled
        self.blocksInKernel = blocksInKernel
        self.drift = drift
    }

    package enum CodingKeys: String, CodingKey {
        case isInstalled = "installed"
        case blocksInKernel = "blocks_in_kernel"
        case drift
    }
}

/// The tap, and what it missed.
package struct InspectionState: Codable, Hashable, Sendable {
    /// `inline` or `passive`.
    package let tap: String
    /// `open` or `closed`.
    package let whenDown: String
    package let packetsInspected: Int
    package let packetsLost: Int
    /// TLS and QUIC hellos that named no server.
    package let hellosWithoutName: Int
    /// Names shown beside an Encrypted Client Hello, which may hide another, or be noise.
    package let hellosWithECH: Int
    /// Packets of QUIC versions that cannot be read.
    package let quicVersionsUnknown: Int

    package init(
        tap: String, whenDown: String, packetsInspected: Int, packetsLost: Int,
        hellosWithoutName: Int = 0, hellosWithECH: Int = 0, quicVersionsUnknown: Int = 0
    ) {
        self.tap = tap
        self.whenDown = whenDown
        self.packetsInspected = packetsInspected
        self.packetsLost = packetsLost
        self.hellosWithoutName = hellosWithoutName
        self.hellosWithECH = hellosWithECH
        self.quicVersionsUnknown = quicVersionsUnknown
    }

    package enum CodingKeys: String, CodingKey {
        case tap
        case whenDown = "when_down"
        case packetsInspected = "packets_inspected"
        case packetsLost = "packets_lost"
        case hellosWithoutName = "hellos_without_name"
        case hellosWithECH = "hellos_with_ech"
        case quicVersionsUnknown = "quic_versions_unknown"
    }
}

/// One thing to see to.
package struct Warning: Codable, Hashable, Sendable {
    package let code: String
    package let text: String
    /// What to run or read.
    package let fix: String?

    package init(
        code: String, text: String, fix: String? = nil
    ) {
        self.code = code
        self.text = text
        self.fix = fix
    }
}
