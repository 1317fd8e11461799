import Policy
package import Wire

/// Attempts by what came of them, since the start.
///
/// A device can make attempts without end, but not kinds of them: all that tells two kinds apart
/// is named in the settings or in this program.
package struct AttemptCounts: Hashable, Sendable {
    package enum Outcome: String, Hashable, Sendable, CaseIterable {
        case block, monitor, allow
        /// The device was cut off already.
        case refused
        /// The activation was refused, and nothing else of the device (`deny_activation`).
        case denied
        /// The packet carried somebody else's MAC.
        case forged

        init(_ verdict: Verdict) {
            self =
                switch verdict {
                case .block: .block
                case .monitor: .monitor
                case .allow: .allow
                case .refuse: .denied
                }
        }
    }

    package struct Kind: Hashable, Sendable {
        package let policy: String?
        package let site: String?
        package let vector: Vector
        package let outcome: Outcome
    }

    package private(set) var counts: [Kind: UInt64] = [:]

    mutating func note(_ vector: Vector, _ outcome: Outcome, policy: String?, site: String?) {
        var kind = Kind(policy: policy, site: site, vector: vector, outcome: outcome)
        if counts[kind] == nil, counts.count >= EngineLimits.countedKinds {
            // No longer told apart, but counted.
            kind = Kind(policy: nil, site: nil, vector: vector, outcome: outcome)
        }
        counts[kind, default: 0] += 1
    }
}
