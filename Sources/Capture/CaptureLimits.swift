/// Bounds on what a capture file can make its reader hold.
package enum CaptureLimits {
    /// Octets of one packet as libpcap bounds it (MAXIMUM_SNAPLEN in pcap-int.h). A length above it
    /// is a damaged file, not a packet.
    package static let packetBytes = 262_144
    /// A block that is read: a packet and its options. Other blocks are stepped over, whatever
    /// their length.
    package static let blockBytes = packetBytes + 65_536
    /// Interfaces of one section: a gateway with every port and VLAN captured has fewer.
    package static let interfaces = 1_024
    /// Octets of options read for one interface: a name, a resolution and comments.
    package static let optionBytes = 65_536
}
