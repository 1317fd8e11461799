/// Bounds on what devices can make the inspector hold.
package struct InspectionLimits: Hashable, Sendable {
    /// Bytes kept of one flow. A TLS hello of 16 KiB, the most one record carries (RFC 8446
    /// section 5.1), with room for the headers of more records.
    package var bytesPerFlow: Int
    /// Datagrams looked at of a QUIC flow before it is let by without a name. A hello of 16 KiB
    /// takes fourteen (RFC 9000 section 14.1), which may be lost and sent again, with early data
    /// between.
    package var datagramsPerFlow: Int
    /// Flows kept at a time. A flow is kept only between the pieces of one message.
    package var flows: Int
    /// Bytes kept of all flows together, allocated capacity included.
    package var bytesInTotal: Int
    /// A flow that has been silent for so long is forgotten. TCP retransmits well within it:
    /// RFC 6298 section 2 starts at one second and doubles.
    package var flowTimeoutSeconds: UInt64
    /// IPv6 extension headers stepped over in one packet. RFC 8200 section 4.1 lists six, but a
    /// receiver takes any number of them in any order, so whoever wants to hide a question behind
    /// them may write as many as fit: 8,192 fill a packet of 64 KiB, and are stepped over in less
    /// time than it takes to receive it.
    package var extensionHeaders: Int

    package init(
        bytesPerFlow: Int, datagramsPerFlow: Int = 64, flows: Int, bytesInTotal: Int,
        flowTimeoutSeconds: UInt64, extensionHeaders: Int = 8_192
    ) {
        self.bytesPerFlow = bytesPerFlow
        self.datagramsPerFlow = datagramsPerFlow
        self.flows = flows
        self.bytesInTotal = bytesInTotal
        self.flowTimeoutSeconds = flowTimeoutSeconds
        self.extensionHeaders = extensionHeaders
    }

    package static let standard = InspectionLimits(
        bytesPerFlow: 17 * 1024, flows: 8_192, bytesInTotal: 16 * 1024 * 1024,
        flowTimeoutSeconds: 10)

    /// As home-made inspectors are, which find UDP and TCP right behind the first header only. It
    /// exists so that our tests can show that they would catch it; no setting leads here.
    package static let firstHeaderOnly = InspectionLimits(
        bytesPerFlow: 17 * 1024, flows: 8_192, bytesInTotal: 16 * 1024 * 1024,
        flowTimeoutSeconds: 10, extensionHeaders: 0)
}

/// What the inspector has met since it started. Every packet that was not understood is in here.
package struct InspectionCounters: Hashable, Sendable {
    package var packets: UInt64 = 0
    /// Names handed to the caller.
    package var sightings: UInt64 = 0
    /// Packets whose bytes break the protocol they claim.
    package var malformed: UInt64 = 0
    /// IP fragments that were not whole enough to read.
    package var fragments: UInt64 = 0
    /// Packets that are not TCP or UDP over IP.
    package var otherProtocols: UInt64 = 0
    /// Flows let by because what they began with is neither TLS, HTTP nor QUIC.
    package var flowsForeign: UInt64 = 0
    /// Hellos read to their end that named no server.
    package var hellosWithoutName: UInt64 = 0
    /// Hellos that carry an `encrypted_client_hello` beside the name: a real one, or noise.
    package var hellosWithECH: UInt64 = 0
    /// TLS and QUIC flows given up because no name came within `bytesPerFlow`, or within
    /// `datagramsPerFlow`.
    package var hellosTooLong: UInt64 = 0
    /// Packets of QUIC versions that cannot be read; they may be no QUIC at all.
    package var quicVersionsUnknown: UInt64 = 0
    /// QUIC Initials that no key of their flow opens: garbage, or of a connection whose beginning
    /// was not seen.
    package var quicPacketsSealed: UInt64 = 0
    /// Segments whose sequence numbers fit no kept byte of their flow, and pieces of QUIC hellos
    /// behind `bytesPerFlow`.
    package var segmentsOutOfWindow: UInt64 = 0
    /// Segments and QUIC packets that brought other bytes for a place already filled.
    package var segmentsInConflict: UInt64 = 0
    /// Flows forgotten because they were silent.
    package var flowsExpired: UInt64 = 0
    /// Flows forgotten because a limit was reached: the longest silent goes first.
    package var flowsEvicted: UInt64 = 0
    /// Flows kept now.
    package var flowsOpen: Int = 0
    /// Bytes kept now.
    package var bytesKept: Int = 0

    package init() {}
}
