package import Wire

/// A name one packet showed, and where it was going.
package struct Sighting: Sendable {
    package let flow: FlowKey
    package let vector: Vector
    package let name: NameBuffer

    package init(flow: FlowKey, vector: Vector, name: NameBuffer) {
        self.flow = flow
        self.vector = vector
        self.name = name
    }
}

/// What a tap hands over: an Ethernet frame, or an IP packet (netfilter queues and log groups).
package enum LinkLayer: Hashable, Sendable {
    case ethernet
    case ip
}

/// What is left to do for the flow once a packet has been looked at.
package enum InspectionOutcome: Hashable, Sendable {
    /// Nothing more of this flow can show a name: its hello was read as far as its server name
    /// or its end, or no hello came within the limits, or its ports are not inspected.
    case settled
    /// Later packets may show names: DNS, HTTP, an incomplete hello.
    case open
    /// The bytes break the protocol they claim; counted, never fatal.
    case malformed
}
