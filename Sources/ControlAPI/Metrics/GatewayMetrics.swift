package import Policy
package import Wire

/// Every figure of `GET /metrics`, counted since the daemon started.
///
/// No label carries what a device can choose: MACs, addresses and asked names stay in the history.
/// Labels are names of the settings, and words of this program.
package struct GatewayMetrics: Hashable, Sendable {
    package var mode = PolicyMode.monitor
    package var uptimeMicroseconds: Int64 = 0
    package var blocks: [BlockCount] = []
    /// Devices remembered, cut ones included.
    package var devices = 0
    package var attempts: [AttemptCount] = []
    package var inspection = Inspection()
    package var queue = Queue()
    package var tables = Tables()
    package var latency = LatencyHistogram()
    package var settings = Settings()
    package var store = Store()
    package var geoip = GeoIP()

    package init() {}

    /// Devices cut off now, of one kind.
    package struct BlockCount: Hashable, Sendable {
        /// Nil: by hand, or taken over from the kernel.
        package let policy: String?
        package let site: String?
        package let region: Region?
        package let count: Int

        package init(policy: String?, site: String?, region: Region?, count: Int) {
            self.policy = policy
            self.site = site
            self.region = region
            self.count = count
        }
    }

    package struct AttemptCount: Hashable, Sendable {
        package let policy: String?
        package let site: String?
        package let vector: Vector
        /// A `Verdict`, or `refused` (the device was cut off already) or `forged`.
        package let verdict: String
        package let count: UInt64

        package init(
            policy: String?, site: String?, vector: Vector, verdict: String, count: UInt64
        ) {
            self.policy = policy
            self.site = site
            self.vector = vector
            self.verdict = verdict
            self.count = count
        }
    }

    /// What was looked into, and what is kept of it.
    package struct Inspection: Hashable, Sendable {
        package var packets: UInt64 = 0
        /// Handed over by the kernel, of devices no policy speaks of.
        package var packetsIgnored: UInt64 = 0
        package var packetsMalformed: UInt64 = 0
        /// Of the resolver's, to tagged devices.
        package var answers: UInt64 = 0
        /// Of these, made into refusals or withheld because encrypted DNS is closed.
        package var answersRefused: UInt64 = 0
        package var hellosWithoutName: UInt64 = 0
        package var hellosWithECH: UInt64 = 0
        package var quicVersionsUnknown: UInt64 = 0
        package var sightings: [Vector: UInt64] = [:]
        package var flowsKept = 0
        package var octetsKept = 0
        package var flowsEvicted: UInt64 = 0
        package var flowsExpired: UInt64 = 0

        package init() {}
    }

    /// The way of packets from the kernel to us.
    package struct Queue: Hashable, Sendable {
        /// Memory of packets that wait in the tap's socket; nil when the kernel does not say.
        package var waitingOctets: Int?
        package var dropped: UInt64 = 0

        package init() {}
    }

    /// Our tables in the kernel beside what should be there.
    package struct Tables: Hashable, Sendable {
        /// Differences the last comparison found.
        package var drift = 0
        package var comparedAt: Timestamp?
        /// Nothing that was found still waits for its repair.
        package var isWhole = false
        package var repairs = 0
        package var foreignTouches: UInt64 = 0

        package init() {}
    }

    package struct Settings: Hashable, Sendable {
        package var revision = ""
        package var loadedAt = Timestamp(microseconds: 0)
        /// False: the settings on disk were refused when they were last read.
        package var isLastReloadAccepted = true
        /// By policy, where it has an end.
        package var validUntil: [String: Timestamp] = [:]

        package init() {}
    }

    /// Of the GeoIP database, where one is in the settings.
    package struct GeoIP: Hashable, Sendable {
        /// It is in use, and nothing is to be said against it; nil without one in the settings.
        package var isWhole: Bool?
        package var builtAt: Timestamp?
        package var recordsRefused: UInt64 = 0
        /// Nil where it can't be told.
        package var isMismatch: Bool?

        package init() {}
    }

    package struct Store: Hashable, Sendable {
        /// Of the database and its log on disk.
        package var octets: Int64 = 0
        /// Records that could not be written yet.
        package var waiting = 0
        package var isWritable = true

        package init() {}
    }
}
