package import Wire

/// A device that a policy, or every policy, leaves alone until a deadline.
package struct ExemptionRecord: Codable, Hashable, Sendable {
    /// Such as `X-2M9Q`.
    package let id: String
    /// `DeviceRecord.id`.
    package let device: String
    package let deviceName: String?
    /// Nil: every policy.
    package let policy: String?
    package let since: Timestamp
    /// Nil: for ever.
    package let until: Timestamp?
    package let by: String
    package let reason: String
    package let endedAt: Timestamp?

    package init(
        id: String, device: String, deviceName: String? = nil, policy: String? = nil,
        since: Timestamp, until: Timestamp? = nil, by: String, reason: String,
        endedAt: Timestamp? = nil
    ) {
        self.id = id
        self.device = device
        self.deviceName = deviceName
        self.policy = policy
        self.since = since
        self.until = until
        self.by = by
        self.reason = reason
        self.endedAt = endedAt
    }

    package enum CodingKeys: String, CodingKey {
        case id, device
        case deviceName = "device_name"
        case policy, since, until, by, reason
        case endedAt = "ended_at"
    }
}
