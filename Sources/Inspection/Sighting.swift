package import Wire

/// A name one packet showed, and where it was going.
package struct Sighting: Sendable {
    package let flow: FlowKey
    package let vector: Vector
    package let name: NameBuffer
    /// The hello carries an `encrypted_client_hello` too (RFC 9849 section 5), as far as it has
    /// arrived with the name. So `name` may be that of a front, and the one inside is not seen; or
    /// the extension is noise that clients send to every server (section 6.2). Nobody between can
    /// tell which.
    package let hasECH: Bool

    package init(flow: FlowKey, vector: Vector, name: NameBuffer, hasECH: Bool = false) {
        self.flow = flow
        self.vector = vector
        self.name = name
        self.hasECH = hasECH
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
    /// or its end, or no hello came within the limits, or it is none of the protocols we read.
    case settled
    /// Later packets may show names: DNS, port 80, an incomplete hello.
    case open
    /// It carries HTTP on a port that does not say so: the caller is to remember that, and to show
    /// every later packet with port 80 as the original port.
    case http
    /// The bytes break the protocol they claim; counted, never fatal.
    case malformed
}
