package import Engine
package import Policy
package import Wire

/// What a packet of the capture has shown.
package enum ReplayFinding {
    /// A name that a device asked for.
    case sighting(ReplaySighting)
    /// What the daemon would have told of: a device cut off, one that would be, one that may.
    case event(ReplayEvent)
}

package struct ReplaySighting {
    /// As Wireshark counts, from 1.
    package let packet: UInt64
    package let time: Timestamp
    package let source: PacketSource
    package let flow: FlowKey
    package let vector: Vector
    package let name: NameBuffer

    package init(
        packet: UInt64, time: Timestamp, source: PacketSource, flow: FlowKey, vector: Vector,
        name: NameBuffer
    ) {
        self.packet = packet
        self.time = time
        self.source = source
        self.flow = flow
        self.vector = vector
        self.name = name
    }
}

package struct ReplayEvent: Hashable, Sendable {
    package let packet: UInt64
    package let event: Event
    /// Why, with the lines of the settings that say so; empty for what is no decision.
    package let why: [WhyStep]

    package init(packet: UInt64, event: Event, why: [WhyStep]) {
        self.packet = packet
        self.event = event
        self.why = why
    }
}

/// What a whole capture came to.
package struct ReplayCounts: Hashable, Sendable {
    package var packets: UInt64 = 0
    /// Octets on the wire.
    package var octets: UInt64 = 0
    /// Packets that were looked into.
    package var inspected: UInt64 = 0
    /// Packets without an IP header that can be read: ARP, and what is damaged.
    package var otherThanIP: UInt64 = 0
    /// Packets of which the capture kept the beginning only.
    package var cutShort: UInt64 = 0
    /// Packets that break the protocol they claim.
    package var malformed: UInt64 = 0
    package var sightings: UInt64 = 0
    /// Sightings that a policy names as a trigger.
    package var attempts: UInt64 = 0
    /// Devices that the daemon would have cut off: in enforce mode.
    package var cuts: UInt64 = 0
    /// Attempts that would have cut a device off if nothing were in monitor mode.
    package var monitored: UInt64 = 0
    /// Time of the first and the last packet.
    package var first: Timestamp?
    package var last: Timestamp?

    package init() {}
}
