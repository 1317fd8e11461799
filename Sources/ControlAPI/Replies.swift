package import Policy

/// What a change of tags did.
package struct TagReply: Codable, Hashable, Sendable {
    /// As it is afterwards.
    package let device: DeviceRecord
    package let tag: Tag
    /// False: it was so already.
    package let isChanged: Bool
    /// Policies that speak of this tag.
    package let policies: [String]

    package init(
        device: DeviceRecord, tag: Tag, isChanged: Bool, policies: [String]
    ) {
        self.device = device
        self.tag = tag
        self.isChanged = isChanged
        self.policies = policies
    }

    package enum CodingKeys: String, CodingKey {
        case device, tag
        case isChanged = "changed"
        case policies
    }
}

/// What a release did.
package struct ReleaseReply: Codable, Hashable, Sendable {
    /// As it ended.
    package let block: BlockRecord
    /// With `exempt_for`.
    package let exemption: ExemptionRecord?

    package init(
        block: BlockRecord, exemption: ExemptionRecord? = nil
    ) {
        self.block = block
        self.exemption = exemption
    }
}

/// What a release of many did, or would do.
package struct ReleaseAllReply: Codable, Hashable, Sendable {
    /// Devices that have their internet back; in a dry run those that would.
    package let released: Int
    /// Blocks that are in force afterwards; in a dry run those that would be.
    package let remaining: Int
    package let isDryRun: Bool
    /// The first of them by id, at most `FieldLimits.maximumCandidates`; each has an event.
    package let blocks: [BlockRecord]

    package init(
        released: Int, remaining: Int, isDryRun: Bool, blocks: [BlockRecord]
    ) {
        self.released = released
        self.remaining = remaining
        self.isDryRun = isDryRun
        self.blocks = blocks
    }

    package enum CodingKeys: String, CodingKey {
        case released, remaining
        case isDryRun = "dry_run"
        case blocks
    }
}

/// What an exemption did.
package struct ExemptReply: Codable, Hashable, Sendable {
    package let exemption: ExemptionRecord
    /// Blocks it ended.
    package let released: [BlockRecord]

    package init(
        exemption: ExemptionRecord, released: [BlockRecord]
    ) {
        self.exemption = exemption
        self.released = released
    }
}

/// The mode in force.
package struct ModeReply: Codable, Hashable, Sendable {
    package let mode: PolicyMode
    /// What the settings say.
    package let configured: PolicyMode
    /// The mode before, after a change.
    package let was: PolicyMode?

    package init(
        mode: PolicyMode, configured: PolicyMode, was: PolicyMode? = nil
    ) {
        self.mode = mode
        self.configured = configured
        self.was = was
    }
}

/// What was taken down, or would be.
package struct RemoveAllReply: Codable, Hashable, Sendable {
    /// Devices that have their internet back; in a dry run those that would.
    package let released: Int
    /// The tables that were deleted, such as `inet regionlock`; none when it was done before.
    package let tables: [String]
    /// The mode afterwards: `monitor`; in a dry run as it is.
    package let mode: PolicyMode
    /// The mode before.
    package let was: PolicyMode
    package let isDryRun: Bool
    /// The first of the released by id, at most `FieldLimits.maximumCandidates`.
    package let blocks: [BlockRecord]

    package init(
        released: Int, tables: [String], mode: PolicyMode, was: PolicyMode, isDryRun: Bool,
        blocks: [BlockRecord]
    ) {
        self.released = released
        self.tables = tables
        self.mode = mode
        self.was = was
        self.isDryRun = isDryRun
        self.blocks = blocks
    }

    package enum CodingKeys: String, CodingKey {
        case released, tables, mode, was
        case isDryRun = "dry_run"
        case blocks
    }
}
