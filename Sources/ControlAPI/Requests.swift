package import Policy

/// Body of `PUT /v1/devices/{device}/tags/{tag}`; may be left out. `DELETE` takes `reason` as a
/// query field.
package struct TagRequest: RequestBody {
    package let reason: String?

    package init(
        reason: String? = nil
    ) {
        self.reason = reason
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case reason
    }

    package func validate() throws(Problem) {
        if let reason { try FieldLimits.checkReason(reason) }
    }
}

/// Body of `POST /v1/blocks`: cut a device off by hand.
package struct BlockRequest: RequestBody {
    package let device: String
    package let term: BlockTerm
    package let reason: String

    package init(
        device: String, term: BlockTerm, reason: String
    ) {
        self.device = device
        self.term = term
        self.reason = reason
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case device
        case term = "for"
        case reason
    }

    package func validate() throws(Problem) {
        try FieldLimits.checkDevice(device)
        try FieldLimits.checkTerm(term, field: "for")
        try FieldLimits.checkReason(reason)
    }
}

/// Body of `POST /v1/blocks/{block}/release`.
package struct ReleaseRequest: RequestBody {
    package let reason: String
    /// Exempt the device from the policy that cut it off, for so long.
    package let exemptFor: BlockTerm?

    package init(
        reason: String, exemptFor: BlockTerm? = nil
    ) {
        self.reason = reason
        self.exemptFor = exemptFor
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case reason
        case exemptFor = "exempt_for"
    }

    package func validate() throws(Problem) {
        try FieldLimits.checkReason(reason)
        if let exemptFor { try FieldLimits.checkTerm(exemptFor, field: "exempt_for") }
    }
}

/// Body of `POST /v1/blocks/release`: every block in force, or those of a policy or a region.
package struct ReleaseAllRequest: RequestBody {
    package let reason: String
    /// Nil: of every policy, and those made by hand.
    package let policy: String?
    /// A country stands for its parts as well. Nil: everywhere.
    package let region: Region?
    /// Count only; nothing changes.
    package let isDryRun: Bool?

    package init(
        reason: String, policy: String? = nil, region: Region? = nil, isDryRun: Bool? = nil
    ) {
        self.reason = reason
        self.policy = policy
        self.region = region
        self.isDryRun = isDryRun
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case reason, policy, region
        case isDryRun = "dry_run"
    }

    package func validate() throws(Problem) {
        try FieldLimits.checkReason(reason)
        if let policy { try FieldLimits.checkName(policy, field: "policy") }
    }
}

/// Body of `POST /v1/exemptions`. Blocks in force that it covers end with it.
package struct ExemptRequest: RequestBody {
    package let device: String
    /// Nil: every policy.
    package let policy: String?
    package let term: BlockTerm
    package let reason: String

    package init(
        device: String, policy: String? = nil, term: BlockTerm, reason: String
    ) {
        self.device = device
        self.policy = policy
        self.term = term
        self.reason = reason
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case device, policy
        case term = "for"
        case reason
    }

    package func validate() throws(Problem) {
        try FieldLimits.checkDevice(device)
        if let policy { try FieldLimits.checkName(policy, field: "policy") }
        try FieldLimits.checkTerm(term, field: "for")
        try FieldLimits.checkReason(reason)
    }
}

/// Body of `PUT /v1/mode`.
package struct ModeRequest: RequestBody {
    /// `monitor` or `enforce`.
    package let mode: PolicyMode
    package let reason: String?

    package init(
        mode: PolicyMode, reason: String? = nil
    ) {
        self.mode = mode
        self.reason = reason
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case mode, reason
    }

    package func validate() throws(Problem) {
        guard mode != .disabled else {
            throw .invalid("mode", "must be monitor or enforce")
        }
        if let reason { try FieldLimits.checkReason(reason) }
    }
}

/// Body of `POST /v1/remove-all`.
package struct RemoveAllRequest: RequestBody {
    package let reason: String
    /// Say what would be taken down; nothing changes.
    package let isDryRun: Bool?

    package init(
        reason: String, isDryRun: Bool? = nil
    ) {
        self.reason = reason
        self.isDryRun = isDryRun
    }

    package enum CodingKeys: String, CodingKey, CaseIterable {
        case reason
        case isDryRun = "dry_run"
    }

    package func validate() throws(Problem) { try FieldLimits.checkReason(reason) }
}
