package import Policy
package import Wire

/// One event: a line of history, and what watchers receive.
package struct EventRecord: Codable, Hashable, Sendable {
    /// Rises by one with each event of this gateway, from 1.
    package let id: Int64
    package let time: Timestamp
    /// The same in microseconds since 1970-01-01T00:00:00Z.
    package let timeMicroseconds: Int64
    /// `block.created`, `mode.changed`, ...; clients pass over types they do not know.
    package let type: String
    package let block: String?
    /// `DeviceRecord.id`.
    package let device: String?
    package let deviceName: String?
    package let site: String?
    package let region: Region?
    package let policy: String?
    /// `file:line`.
    package let rule: String?
    package let vector: Vector?
    package let endpoint: String?
    package let verdict: Verdict?
    package let latencyMicroseconds: Int64?
    /// One sentence in English.
    package let text: String
    package let by: String?
    package let reason: String?

    package init(
        id: Int64, time: Timestamp, timeMicroseconds: Int64, type: String, block: String? = nil,
        device: String? = nil, deviceName: String? = nil, site: String? = nil,
        region: Region? = nil, policy: String? = nil, rule: String? = nil, vector: Vector? = nil,
        endpoint: String? = nil, verdict: Verdict? = nil, latencyMicroseconds: Int64? = nil,
        text: String, by: String? = nil, reason: String? = nil
    ) {
        self.id = id
        self.time = time
        self.timeMicroseconds = timeMicroseconds
        self.type = type
        self.block = block
        self.device = device
        self.deviceName = deviceName
        self.site = site
        self.region = region
        self.policy = policy
        self.rule = rule
        self.vector = vector
        self.endpoint = endpoint
        self.verdict = verdict
        self.latencyMicroseconds = latencyMicroseconds
        self.text = text
        self.by = by
        self.reason = reason
    }

    package enum CodingKeys: String, CodingKey {
        case id, time
        case timeMicroseconds = "time_us"
        case type, block, device
        case deviceName = "device_name"
        case site, region, policy, rule, vector, endpoint, verdict
        case latencyMicroseconds = "latency_us"
        case text, by, reason
    }
}
