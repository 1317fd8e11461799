package import Policy

/// What other settings would mean for the devices that are known: the blast radius.
package struct Impact: Codable, Hashable, Sendable {
    /// Devices that are cut off and would have their internet back at once.
    package let released: Int
    /// Devices whose next attempt would cut them off, which it would not today.
    package let atRisk: Int
    /// Devices whose next attempt would cut them off today, and would not any more.
    package let spared: Int
    /// The first of them by device, at most `FieldLimits.maximumCandidates`.
    package let devices: [ImpactRecord]

    package init(
        released: Int, atRisk: Int, spared: Int, devices: [ImpactRecord]
    ) {
        self.released = released
        self.atRisk = atRisk
        self.spared = spared
        self.devices = devices
    }

    package enum CodingKeys: String, CodingKey {
        case released
        case atRisk = "at_risk"
        case spared, devices
    }
}

/// One device of an `Impact`.
package struct ImpactRecord: Codable, Hashable, Sendable {
    package let device: String
    package let name: String
    /// `released`, `at_risk` or `spared`.
    package let change: String
    package let policy: String?
    package let region: Region?

    package init(
        device: String, name: String, change: String, policy: String?, region: Region?
    ) {
        self.device = device
        self.name = name
        self.change = change
        self.policy = policy
        self.region = region
    }
}
