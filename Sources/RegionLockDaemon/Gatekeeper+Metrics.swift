import ControlAPI
import Engine
import Inspection
import Netfilter
import Policy
import Wire

extension Gatekeeper {
    /// Everything the packet thread counts. Nothing here asks the kernel for its tables or walks
    /// through devices or blocks: whoever may look may ask as often as he likes.
    func metrics(startedAt: Timestamp) -> GatewayMetrics {
        var metrics = GatewayMetrics()
        metrics.mode = engine.mode
        metrics.uptimeMicroseconds = clock.now().since(startedAt)
        metrics.blocks = engine.blockCounts.counts.map { kind, count in
            .init(policy: kind.policy, site: kind.site, region: kind.region, count: count)
        }
        metrics.devices = engine.devices.count
        metrics.attempts = engine.attempts.counts.map { kind, count in
            .init(
                policy: kind.policy, site: kind.site, vector: kind.vector,
                verdict: kind.outcome.rawValue, count: count)
        }
        metrics.inspection = inspectionMetrics
        metrics.queue.dropped = tap.counters.lost
        metrics.queue.waitingOctets = tap.waitingOctets
        metrics.tables.drift = comparison.differences
        metrics.tables.comparedAt = comparison.time
        metrics.tables.isWhole = kernelTrouble == nil && tampering.repairDue == nil
        metrics.tables.repairs = tampering.repairs
        metrics.tables.foreignTouches = tampering.touches
        metrics.latency = counters.latency
        let settings = engine.book.settings
        metrics.settings.revision = settings.revision
        for policy in settings.policies {
            metrics.settings.validUntil[policy.name] = policy.validUntil?.end
        }
        return metrics
    }

    private var inspectionMetrics: GatewayMetrics.Inspection {
        let kept = inspector.counters
        var metrics = GatewayMetrics.Inspection()
        metrics.packets = counters.inspected
        metrics.packetsIgnored = counters.ignored
        metrics.packetsMalformed = counters.malformed
        metrics.answers = counters.answers
        metrics.answersRefused = counters.answersRefused
        metrics.hellosWithoutName = kept.hellosWithoutName
        metrics.hellosWithECH = kept.hellosWithECH
        metrics.quicVersionsUnknown = kept.quicVersionsUnknown
        for vector in Vector.allCases { metrics.sightings[vector] = counters.sightings[vector] }
        metrics.flowsKept = kept.flowsOpen
        metrics.octetsKept = kept.bytesKept
        metrics.flowsEvicted = kept.flowsEvicted
        metrics.flowsExpired = kept.flowsExpired
        return metrics
    }
}

/// What the packet thread has counted since it started.
struct PacketCounters: Sendable {
    var inspected: UInt64 = 0
    var ignored: UInt64 = 0
    var malformed: UInt64 = 0
    var sightings = SightingCounts()
    var answers: UInt64 = 0
    /// Answers made into refusals or withheld.
    var answersRefused: UInt64 = 0
    /// Of cuts that a packet caused.
    var latency = LatencyHistogram()
    /// Losses the journal has been told of.
    var lostReported: UInt64 = 0
}

/// Names read, by where they stood: numbers side by side, so that counting allocates nothing.
struct SightingCounts: Sendable {
    private var dns: UInt64 = 0
    private var dnsTCP: UInt64 = 0
    private var tls: UInt64 = 0
    private var quic: UInt64 = 0
    private var http: UInt64 = 0
    private var socks: UInt64 = 0
    private var dnsAnswer: UInt64 = 0
    private var address: UInt64 = 0
    /// DHCP messages.
    private var dhcp: UInt64 = 0

    subscript(vector: Vector) -> UInt64 {
        switch vector {
        case .dns: dns
        case .dnsTCP: dnsTCP
        case .tls: tls
        case .quic: quic
        case .http: http
        case .socks: socks
        case .dnsAnswer: dnsAnswer
        case .address: address
        case .dhcp: dhcp
        // Nothing that is seen.
        case .settings: 0
        }
    }

    mutating func note(_ vector: Vector) {
        switch vector {
        case .dns: dns += 1
        case .dnsTCP: dnsTCP += 1
        case .tls: tls += 1
        case .quic: quic += 1
        case .http: http += 1
        case .socks: socks += 1
        case .dnsAnswer: dnsAnswer += 1
        case .address: address += 1
        case .dhcp: dhcp += 1
        case .settings: break
        }
    }
}

/// What the last comparison of our tables with the kernel's found.
struct Comparison: Sendable {
    var differences = 0
    /// Nil before the first.
    var time: Timestamp?
}
