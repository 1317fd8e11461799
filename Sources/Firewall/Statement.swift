package import Wire

package enum IPFamily: Hashable, Sendable {
    case ipv4
    case ipv6
}

/// IANA numbers of the protocols our rules name, with nft's words for them.
package enum Layer4Protocol: UInt8, Hashable, Sendable {
    case icmp = 1
    case tcp = 6
    case udp = 17
    case icmpv6 = 58
}

/// EtherTypes our rules name (IEEE 802 numbers), with nft's words for them.
package enum LinkProtocol: UInt16, Hashable, Sendable {
    case arp = 0x0806
}

/// The mark field: which bits of packet and ct mark are ours, and what their values mean.
package struct MarkField: Hashable, Sendable {
    /// Four or more contiguous bits.
    package let mask: UInt32

    package init(mask: UInt32) { self.mask = mask }

    package enum Value: UInt32, Hashable, Sendable, CaseIterable {
        /// The flow is classified: its hello was read, or it is no protocol that shows a name. Its
        /// later packets skip inspection (never those of DNS and HTTP).
        case pass = 1
        /// The packet is a trigger, or the flow belongs to a cut device.
        case block = 2
        /// Inspected and harmless; the flow stays under inspection.
        case checked = 3
        /// The packet went to port 53 before somebody redirected it to the gateway: its own header
        /// does not say any more what is in it.
        case redirectedDNS = 4
        /// The packet went to port 80 before, or its flow is known to carry HTTP.
        case knownHTTP = 5
        /// The flow carries HTTP on another port than 80: it is never classified for good.
        case http = 6
        /// On a flow: it carries questions of a tagged device. On a packet: it is an answer to one.
        case answer = 7
        /// The packet shows no name and waits behind one that may.
        case held = 8
        /// As `pass`, and no other packet of the device waited when this one was judged.
        case passLast = 9
        /// As `checked`, and no other packet of the device waited when this one was judged.
        case checkedLast = 11
        /// As `http`, and no other packet of the device waited when this one was judged.
        case httpLast = 14

        /// The same with the word that nothing of the device waits behind it.
        package var asLast: Value {
            switch self {
            case .pass: .passLast
            case .checked: .checkedLast
            case .http: .httpLast
            default: self
            }
        }

        /// The port whose protocol the packet is to be read as, whatever its header says.
        package var originalPort: UInt16? {
            switch self {
            case .redirectedDNS: 53
            case .knownHTTP: 80
            default: nil
            }
        }
    }

    package func bits(_ value: Value) -> UInt32 {
        value.rawValue << UInt32(mask.trailingZeroBitCount)
    }

    /// What our field of `mark` says; nil for 0 and for what is none of our values.
    package func value(in mark: UInt32) -> Value? {
        Value(rawValue: (mark & mask) >> UInt32(mask.trailingZeroBitCount))
    }

    /// `mark` with our field set to `value` and every other bit as it was.
    package func setting(_ value: Value, in mark: UInt32) -> UInt32 { mark & ~mask | bits(value) }
}

/// What of a packet names its sender in a set that packets change.
package enum PacketKey: Hashable, Sendable, CaseIterable {
    /// `ether saddr`
    case etherSource
    /// `ip saddr`
    case ipv4Source
    /// `ip6 saddr`
    case ipv6Source
}

/// What a packet does to its sender's element of a set (nft's dynset).
package enum ElementAction: Hashable, Sendable {
    /// Adds it, and goes on only where it was there already: of packets on several CPUs exactly one
    /// does not find it. One that is there keeps its time. A lookup uses the limit as well
    /// (nft_lookup_eval, net/netfilter/nft_lookup.c), and matches for the same reason.
    case add(timeoutSeconds: Int)
    /// As `add`, and one that is there gets its whole time again.
    case refresh(timeoutSeconds: Int)
    /// Takes it away, if it is there.
    case delete
}

/// One nft statement or match. The case's comment is the text `nft list` prints for it.
package enum Statement: Hashable, Sendable {
    // Matches
    /// `iifname "lan0"`
    case inputInterface(InterfaceName)
    /// `oifname "wan0"`
    case outputInterface(InterfaceName)
    /// `iifname @name`
    case inputInterfaceIn(set: String)
    /// `ether saddr @name`
    case etherSourceIn(set: String)
    /// `ether daddr @name`
    case etherDestinationIn(set: String)
    /// `meta protocol arp`
    case linkProtocol(LinkProtocol)
    /// `ether saddr & ff:ff:ff:00:00:00 == @name`; the length is 24, 28 or 36.
    case etherSourceMasked(length: Int, set: String)
    /// `ether saddr != @name`
    case etherSourceNotIn(set: String)
    /// `ether saddr & ff:ff:ff:00:00:00 != @name`; the length is 24, 28 or 36.
    case etherSourceMaskedNotIn(length: Int, set: String)
    /// `ether saddr & 03:00:00:00:00:00 == 02:00:00:00:00:00`, the assigned blocks apart.
    case etherSourceLooks(MACKind)
    /// `ether saddr & 03:00:00:00:00:00 != 02:00:00:00:00:00`
    case etherSourceLooksNot(MACKind)
    /// `meta iiftype != ether`: the interface has no MACs (ppp, tun).
    case lacksEthernet
    /// `meta nfproto != @name`
    case familyNotIn(set: String)
    /// `ip saddr @name` or `ip6 saddr @name`
    case sourceIn(set: String, family: IPFamily)
    /// `ip daddr @name` or `ip6 daddr @name`
    case destinationIn(set: String, family: IPFamily)
    /// `ip saddr 203.0.113.0/24`
    case source(IPPrefix)
    /// `ip daddr 203.0.113.0/24`
    case destination(IPPrefix)
    /// `meta l4proto tcp`
    case layer4(Layer4Protocol)
    /// `tcp dport 53`
    case destinationPort(TransportProtocol, UInt16)
    /// `tcp sport 53`
    case sourcePort(TransportProtocol, UInt16)
    /// `ip6 hoplimit 255 icmpv6 type 133-137`: router and neighbour solicitations and
    /// advertisements, redirects (RFC 4861 section 4). A router leaves no packet the hop limit of
    /// 255, so whatever has it comes from the same link and stays there.
    case neighbourDiscovery
    /// `tcp flags & rst == rst`
    case isTCPReset
    /// `meta l4proto tcp ct original proto-dst 443`: the port the flow was sent to, before somebody
    /// redirected it.
    case originalPort(TransportProtocol, UInt16)
    /// The segment carries payload: a load of its first byte that fails, and so breaks, without
    /// one.
    case hasPayload
    /// `ct direction reply`
    case isReply
    /// `meta pkttype host`: to one receiver. What crosses a bridge to one counts as well, for
    /// br_netfilter says so of it (br_nf_forward_ip, net/bridge/br_netfilter_hooks.c).
    case isUnicast
    /// `ct mark & 0x000f0000 == 0x00020000`
    case connectionMark(MarkField.Value, MarkField)
    /// `ct mark & 0x000f0000 != 0x00010000`
    case connectionMarkIsNot(MarkField.Value, MarkField)
    /// `ct mark & 0x000f0000 != 0x00000000`: some value of ours.
    case connectionMarkIsSet(MarkField)
    /// `meta mark & 0x000f0000 == 0x00020000`
    case packetMark(MarkField.Value, MarkField)
    /// `meta mark & 0x000f0000 == 0x00000000`
    case packetMarkIsClear(MarkField)

    // Statements
    /// `ct mark set ct mark & 0xfff2ffff | 0x00020000`
    case setConnectionMark(MarkField.Value, MarkField)
    /// `meta mark set meta mark & 0xfff2ffff | 0x00020000`
    case setPacketMark(MarkField.Value, MarkField)
    /// `meta mark set meta mark & 0xfff0ffff`
    case clearPacketMark(MarkField)
    /// `add @name { ether saddr timeout 1s limit rate over 1/week burst 1 packets }`, the same with
    /// `update`, `delete @name { ether saddr }`.
    case change(set: String, key: PacketKey, ElementAction)
    /// `counter packets 0 bytes 0`
    case counter
    /// `queue num 5 bypass`, by the native expression or the xt target, whichever the kernel has.
    case queue(number: UInt16, bypass: Bool)
    /// `log prefix "regionlock" group 7 queue-threshold 1`
    case log(group: UInt16, prefix: String)

    // Verdicts
    /// `reject with tcp reset`
    case rejectWithTCPReset
    /// `reject with icmpx admin-prohibited`
    case rejectAsProhibited
    /// `redirect to :9741` (nat chains only)
    case redirect(toPort: UInt16)
    case accept
    case drop
    case jump(chain: String)
    case goto(chain: String)
    case `return`
}
