package import Policy
package import Wire

/// One block: a device that is, or was, cut off.
package struct BlockRecord: Codable, Hashable, Sendable {
    package enum State: String, Codable, Hashable, Sendable {
        case inForce = "in_force"
        case released
        case expired
    }
    package enum Cause: String, Codable, Hashable, Sendable {
        case policy
        case command
        /// Found in the kernel without a record.
        case adopted
    }

    /// The reference the person is shown, such as `B-7F3K`.
    package let id: String
    /// `DeviceRecord.id`.
    package let device: String
    package let deviceName: String?
    package let state: State
    package let cause: Cause
    package let policy: String?
    /// `file:line` of the region entry that decided.
    package let rule: String?
    package let site: String?
    package let region: Region?
    package let since: Timestamp
    /// Nil: until it is released.
    package let until: Timestamp?
    package let reason: String?
    package let by: String?
    package let evidence: EvidenceRecord?
    package let endedAt: Timestamp?
    package let endedBecause: String?
    package let endedBy: String?
    /// Open connections the kernel ended; only in the reply to `block`.
    package let flowsEnded: Int?
    /// What gave the region where that was the device's address: address, database and record.
    package var regionReason: String?

    package init(
        id: String, device: String, deviceName: String? = nil, state: State, cause: Cause,
        policy: String? = nil, rule: String? = nil, site: String? = nil, region: Region? = nil,
        since: Timestamp, until: Timestamp? = nil, reason: String? = nil, by: String? = nil,
        evidence: EvidenceRecord? = nil, endedAt: Timestamp? = nil, endedBecause: String? = nil,
        endedBy: String? = nil, flowsEnded: Int? = nil
    ) {
        self.id = id
        self.device = device
        self.deviceName = deviceName
        self.state = state
        self.cause = cause
        self.policy = policy
        self.rule = rule
        self.site = site
        self.region = region
        self.since = since
        self.until = until
        self.reason = reason
        self.by = by
        self.evidence = evidence
        self.endedAt = endedAt
        self.endedBecause = endedBecause
        self.endedBy = endedBy
        self.flowsEnded = flowsEnded
    }

    package enum CodingKeys: String, CodingKey {
        case id, device
        case deviceName = "device_name"
        case state, cause, policy, rule, site, region, since, until, reason, by, evidence
        case endedAt = "ended_at"
        case endedBecause = "ended_because"
        case endedBy = "ended_by"
        case flowsEnded = "flows_ended"
        case regionReason = "region_reason"
    }
}

/// What the attempt left behind as proof.
package struct EvidenceRecord: Codable, Hashable, Sendable {
    package let vector: Vector
    /// The name it asked for.
    package let endpoint: String
    /// `udp 10.20.0.31:5353 -> 10.20.0.1:53`
    package let flow: String
    /// Microseconds from the packet's arrival to the block being in the kernel.
    package let latencyMicroseconds: Int64?

    package init(
        vector: Vector, endpoint: String, flow: String, latencyMicroseconds: Int64? = nil
    ) {
        self.vector = vector
        self.endpoint = endpoint
        self.flow = flow
        self.latencyMicroseconds = latencyMicroseconds
    }

    package enum CodingKeys: String, CodingKey {
        case vector, endpoint, flow
        case latencyMicroseconds = "latency_us"
    }
}
