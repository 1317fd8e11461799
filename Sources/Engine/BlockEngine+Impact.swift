package import Policy
package import Wire

/// What other settings would mean for one device that is known.
package struct DeviceImpact: Hashable, Sendable {
    package enum Change: String, Hashable, Sendable, CaseIterable {
        /// It is cut off, and would have its internet back at once.
        case released
        /// Its next attempt would cut it off, which it would not today.
        case atRisk = "at_risk"
        /// Its next attempt would cut it off today, and would not any more.
        case spared
    }

    package let device: DeviceKey
    package let name: String
    package let change: Change
    /// The policy that holds or would cut the device.
    package let policy: String?
    package let region: Region?

    package init(
        device: DeviceKey, name: String, change: Change, policy: String?, region: Region?
    ) {
        self.device = device
        self.name = name
        self.change = change
        self.policy = policy
        self.region = region
    }
}

extension BlockEngine {
    /// Which known devices `book` would treat otherwise, were it in force; in order of device.
    ///
    /// It is asked of a copy of this engine, so that it cannot differ from what a reload does. The
    /// work grows with devices times policies: ask a copy, off the packet thread.
    package func impact(of book: PolicyBook, at now: Timestamp) -> [DeviceImpact] {
        var later = self
        later.take(book)
        later.isOnTrial = false
        _ = later.endUnfounded(at: now) + later.cutNewRelatives(at: now)
        let keys = Set((knownDevices + later.knownDevices).map(\.key))
        return keys.sorted().compactMap { key in
            if let block = block(of: key) {
                guard later.block(of: key) == nil else { return nil }
                return DeviceImpact(
                    device: key, name: displayName(of: key), change: .released,
                    policy: block.policyName, region: block.region)
            }
            let today = explain(key, at: now)
            let then = later.explain(key, at: now)
            guard (today.verdict == .block) != (then.verdict == .block) else { return nil }
            let speaking = then.verdict == .block ? then : today
            return DeviceImpact(
                device: key, name: displayName(of: key),
                change: then.verdict == .block ? .atRisk : .spared, policy: speaking.policy,
                region: speaking.region)
        }
    }
}
