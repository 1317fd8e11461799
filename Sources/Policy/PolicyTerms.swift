package import Wire

/// What a policy takes for a reason to act.
package enum PolicyTrigger: String, Hashable, Sendable, CaseIterable {
    /// Every attempt to activate, wherever the device was activated before.
    case everyAttempt = "every-attempt"
    /// As `everyAttempt`, but a device first activated where it may be is left alone.
    case firstActivation = "first-activation"
    /// Being at a site in a denied region is enough; an attempt there is one as well.
    case entry
}

package enum PolicyAction: String, Hashable, Sendable, CaseIterable {
    /// The device loses the whole internet.
    case cutOff = "cut_off"
    /// Only what it asked for is refused; there is no block.
    case denyActivation = "deny_activation"
}

/// How far a policy goes with one device, from its first attempt on.
package enum Stage: String, Hashable, Sendable, CaseIterable {
    case observe
    case warn
    case grace
    case block
}

/// How long the stages before `block` last, each 0 or more seconds.
package struct PolicyStages: Hashable, Sendable {
    package let observeSeconds: Int64
    package let warnSeconds: Int64
    package let graceSeconds: Int64

    /// `block` from the first attempt on.
    package static let none = PolicyStages(observeSeconds: 0, warnSeconds: 0, graceSeconds: 0)

    package init(observeSeconds: Int64, warnSeconds: Int64, graceSeconds: Int64) {
        self.observeSeconds = observeSeconds
        self.warnSeconds = warnSeconds
        self.graceSeconds = graceSeconds
    }

    /// The stages that last, in their order.
    package var lengths: [(stage: Stage, seconds: Int64)] {
        [(.observe, observeSeconds), (.warn, warnSeconds), (.grace, graceSeconds)]
            .filter { $0.1 > 0 }
    }

    /// Where a device stands whose first attempt was at `start`.
    package func state(since start: Timestamp, at time: Timestamp) -> StageState {
        var end = start
        for (number, length) in lengths.enumerated() {
            end = end.adding(seconds: length.seconds)
            if time < end {
                let next = number + 1 < lengths.count ? lengths[number + 1].stage : .block
                return StageState(
                    stage: length.stage, next: (next, end), blockFrom: blockFrom(start))
            }
        }
        return StageState(stage: .block, next: nil, blockFrom: blockFrom(start))
    }

    private func blockFrom(_ start: Timestamp) -> Timestamp {
        start.adding(seconds: observeSeconds + warnSeconds + graceSeconds)
    }
}

/// A device's stage at one moment.
package struct StageState: Hashable, Sendable {
    package struct Next: Hashable, Sendable {
        package let stage: Stage
        package let from: Timestamp
    }

    package let stage: Stage
    /// Nil in the last stage.
    package let next: Next?
    package let blockFrom: Timestamp

    init(stage: Stage, next: (stage: Stage, from: Timestamp)?, blockFrom: Timestamp) {
        self.stage = stage
        self.next = next.map { Next(stage: $0.stage, from: $0.from) }
        self.blockFrom = blockFrom
    }
}

/// An exception written in the policy itself.
package struct PolicyExemption: Hashable, Sendable {
    package enum Subject: Hashable, Sendable {
        case device(DeviceSelector)
        case tag(Tag)
    }

    package let subject: Subject
    /// Last day; nil is open.
    package let until: CalendarDay?
    package let reason: String?
    package let source: SourceLocation

    package init(
        subject: Subject, until: CalendarDay?, reason: String?, source: SourceLocation
    ) {
        self.subject = subject
        self.until = until
        self.reason = reason
        self.source = source
    }

    /// Whether it spares a device of these facts and tags at this time.
    package func spares(_ device: DeviceFacts?, tags: [TagGrant], at time: Timestamp) -> Bool {
        if let until, time >= until.end { return false }
        return switch subject {
        case .device(let selector): device.map(selector.matches) ?? false
        case .tag(let tag): tags.contains { $0.tag == tag }
        }
    }

    package var description: String {
        let whom =
            switch subject {
            case .device(let selector): "\(selector)"
            case .tag(let tag): "tag \(tag)"
            }
        return whom + (until.map { " until \($0)" } ?? "")
    }
}

/// Where and when a device was first activated.
package struct Activation: Hashable, Sendable {
    package let region: Region
    package let time: Timestamp

    package init(region: Region, time: Timestamp) {
        self.region = region
        self.time = time
    }
}
