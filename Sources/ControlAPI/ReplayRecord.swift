package import Policy
package import Wire

/// One line of `regionlock replay -o json`: what a packet of a capture has led to.
package struct ReplayEventRecord: Codable, Hashable, Sendable {
    /// `block.created`, `monitor.would_block`, `attempt.allowed`, ... as in the history.
    package let type: String
    /// As Wireshark counts, from 1.
    package let packet: UInt64
    package let time: Timestamp
    package let device: String?
    package let deviceName: String?
    package let site: String?
    package let region: Region?
    package let policy: String?
    /// `file:line`.
    package let rule: String?
    package let vector: Vector?
    package let endpoint: String?
    package let flow: String?
    package let verdict: Verdict?
    package let text: String
    /// Empty for what is no decision.
    package let steps: [WhyRecord]

    package init(
        type: String, packet: UInt64, time: Timestamp, device: String?, deviceName: String?,
        site: String?, region: Region?, policy: String?, rule: String?, vector: Vector?,
        endpoint: String?, flow: String?, verdict: Verdict?, text: String, steps: [WhyRecord]
    ) {
        self.type = type
        self.packet = packet
        self.time = time
        self.device = device
        self.deviceName = deviceName
        self.site = site
        self.region = region
        self.policy = policy
        self.rule = rule
        self.vector = vector
        self.endpoint = endpoint
        self.flow = flow
        self.verdict = verdict
        self.text = text
        self.steps = steps
    }

    package enum CodingKeys: String, CodingKey {
        case type, packet, time, device
        case deviceName = "device_name"
        case site, region, policy, rule, vector, endpoint, flow, verdict, text, steps
    }
}

/// A name that a device of a capture asked for: many of the lines of `regionlock replay`.
package struct ReplaySightingRecord: Codable, Hashable, Sendable {
    /// Always `sighting`.
    package let type: String
    package let packet: UInt64
    package let time: Timestamp
    package let device: String
    package let vector: Vector
    package let endpoint: String
    package let flow: String

    package init(
        packet: UInt64, time: Timestamp, device: String, vector: Vector, endpoint: String,
        flow: String
    ) {
        type = "sighting"
        self.packet = packet
        self.time = time
        self.device = device
        self.vector = vector
        self.endpoint = endpoint
        self.flow = flow
    }
}

/// The last line: what the capture came to.
package struct ReplaySummaryRecord: Codable, Hashable, Sendable {
    /// Always `summary`.
    package let type: String
    package let packets: UInt64
    /// Octets on the wire.
    package let octets: UInt64
    /// Packets looked into: those of devices that a policy speaks of.
    package let inspected: UInt64
    package let sightings: UInt64
    package let attempts: UInt64
    /// Devices that would have been cut off.
    package let cuts: UInt64
    /// Attempts that a monitor mode spares.
    package let monitored: UInt64
    package let malformed: UInt64
    /// Packets of which the capture has the beginning only.
    package let cutShort: UInt64
    /// Packets that are no IP.
    package let otherThanIP: UInt64
    /// Packets of link layers that are not read.
    package let otherLinks: UInt64
    /// Absent when no packet has a time.
    package let first: Timestamp?
    package let last: Timestamp?

    package init(
        packets: UInt64, octets: UInt64, inspected: UInt64, sightings: UInt64, attempts: UInt64,
        cuts: UInt64, monitored: UInt64, malformed: UInt64, cutShort: UInt64, otherThanIP: UInt64,
        otherLinks: UInt64, first: Timestamp?, last: Timestamp?
    ) {
        type = "summary"
        self.packets = packets
        self.octets = octets
        self.inspected = inspected
        self.sightings = sightings
        self.attempts = attempts
        self.cuts = cuts
        self.monitored = monitored
        self.malformed = malformed
        self.cutShort = cutShort
        self.otherThanIP = otherThanIP
        self.otherLinks = otherLinks
        self.first = first
        self.last = last
    }

    package enum CodingKeys: String, CodingKey {
        case type, packets, octets, inspected, sightings, attempts, cuts, monitored, malformed
        case cutShort = "cut_short"
        case otherThanIP = "other_than_ip"
        case otherLinks = "other_links"
        case first, last
    }
}
