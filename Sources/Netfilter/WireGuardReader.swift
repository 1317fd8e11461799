import CNetfilter
import Glibc
package import Wire

/// How many peers are taken; what is beyond is told of and left out.
package enum WireGuardLimits {
    /// Of all interfaces together: gateways of thousands of users exist. Each is a key and a name.
    package static let peers = 4_096
    /// Allowed IPs of all peers: a site behind a peer has several networks.
    package static let prefixes = 16_384
}

/// The peers of WireGuard interfaces, asked of the kernel by generic netlink
/// (linux/wireguard.h; needs CAP_NET_ADMIN). Nothing tells when they change.
package struct WireGuardReader: ~Copyable {
    package struct Reading: Sendable {
        package var peers: [WireGuardPeer] = []
        /// Nothing was left out for the limits.
        package var isWhole = true

        package init() {}
    }

    /// Every allowed IP beyond what fits one datagram begins another message, and interfaces change
    /// while they are read: then from the beginning.
    private static let attempts = 3

    private var channel: NetlinkChannel
    private let family: UInt16

    /// - Throws: "no such file or directory" where the kernel has no WireGuard.
    package static func open() throws(NetfilterError) -> WireGuardReader {
        var channel = NetlinkChannel(try NetlinkSocket.open(NETLINK_GENERIC), batch: 2)
        channel.messages.append(
            type: UInt16(GENL_ID_CTRL), flags: 0, header: [UInt8(CTRL_CMD_GETFAMILY), 1, 0, 0]
        ) { $0.put(CTRL_ATTR_FAMILY_NAME, WG_GENL_NAME) }
        let family = try channel.answer("look up", "netlink family wireguard") {
            message, bytes -> UInt16? in
            guard let id = message.attributes.first(CTRL_ATTR_FAMILY_ID, in: bytes),
                id.value.count >= 2
            else { return nil }
            return bytes.hostUInt16(at: id.value.lowerBound)
        }
        return WireGuardReader(channel: channel, family: family)
    }

    private init(channel: consuming NetlinkChannel, family: UInt16) {
        self.channel = channel
        self.family = family
    }

    /// Reads the peers of these interfaces; one that has gone has none.
    package mutating func read(_ interfaces: [InterfaceName]) throws(NetfilterError) -> Reading {
        var reading = Reading()
        // The kernel tells whoever may ask the private key as well.
        defer { channel.replies.wipe() }
        for interface in interfaces {
            do throws(NetfilterError) {
                try read(interface, into: &reading)
            } catch {
                guard error.isMissing || error.code == ENODEV || error.code == EOPNOTSUPP else {
                    throw error
                }
            }
        }
        return reading
    }

    private mutating func read(
        _ interface: InterfaceName, into reading: inout Reading
    ) throws(NetfilterError) {
        for attempt in 1...Self.attempts {
            var decoder = WireGuardDecoder(interface: interface, reading: reading)
            channel.messages.append(
                type: family, flags: NLM_F_DUMP,
                header: [UInt8(WG_CMD_GET_DEVICE.rawValue), UInt8(WG_GENL_VERSION), 0, 0]
            ) { $0.put(WGDEVICE_A_IFNAME.rawValue, interface.text) }
            let isConsistent = try channel.dump("read", "peers of \(interface)") {
                message, bytes throws(NetfilterError) in
                decoder.take(message, bytes)
            }
            guard isConsistent || attempt == Self.attempts else { continue }
            reading = decoder.reading
            return
        }
    }
}

/// Puts the peers together: one that has more allowed IPs than a message holds goes on in the next.
struct WireGuardDecoder {
    let interface: InterfaceName
    var reading: WireGuardReader.Reading
    private var prefixCount: Int

    init(interface: InterfaceName, reading: WireGuardReader.Reading) {
        self.interface = interface
        self.reading = reading
        prefixCount = reading.peers.reduce(0) { $0 + $1.prefixes.count }
    }

    /// Takes one answer: struct genlmsghdr, then WGDEVICE_A_ attributes.
    mutating func take(_ message: NetlinkMessage, _ bytes: Span<UInt8>) {
        let attributes = message.attributes(after: 4)
        guard var peers = attributes.first(WGDEVICE_A_PEERS.rawValue, in: bytes)?.children else {
            return
        }
        while let peer = peers.next(in: bytes) { take(peer.children, bytes) }
    }

    private mutating func take(_ peer: AttributeCursor, _ bytes: Span<UInt8>) {
        guard let value = peer.first(WGPEER_A_PUBLIC_KEY.rawValue, in: bytes)?.value,
            let key = WireGuardKey(octets: bytes.octets(value)), let place = place(of: key)
        else { return }
        guard var allowed = peer.first(WGPEER_A_ALLOWEDIPS.rawValue, in: bytes)?.children else {
            return
        }
        while let entry = allowed.next(in: bytes) {
            guard let prefix = Self.prefix(entry.children, bytes) else { continue }
            guard prefixCount < WireGuardLimits.prefixes else {
                reading.isWhole = false
                return
            }
            reading.peers[place].prefixes.append(prefix)
            prefixCount += 1
        }
    }

    /// Only the last one goes on.
    private mutating func place(of key: WireGuardKey) -> Int? {
        if let last = reading.peers.last, last.key == key, last.interface == interface {
            return reading.peers.count - 1
        }
        guard reading.peers.count < WireGuardLimits.peers else {
            reading.isWhole = false
            return nil
        }
        reading.peers.append(WireGuardPeer(interface: interface, key: key, prefixes: []))
        return reading.peers.count - 1
    }

    private static func prefix(_ entry: AttributeCursor, _ bytes: Span<UInt8>) -> IPPrefix? {
        guard let value = entry.first(WGALLOWEDIP_A_IPADDR.rawValue, in: bytes)?.value,
            let address = IPAddress(octets: bytes.octets(value)),
            let mask = entry.first(WGALLOWEDIP_A_CIDR_MASK.rawValue, in: bytes)?.value,
            !mask.isEmpty
        else { return nil }
        return IPPrefix(address, length: Int(bytes[mask.lowerBound]))
    }
}

extension WireGuardReader {
    /// What datagrams of the kernel say of an interface's peers. They may hold anything.
    package static func reading(
        _ datagrams: [[UInt8]], of interface: InterfaceName
    ) -> Reading {
        var decoder = WireGuardDecoder(interface: interface, reading: Reading())
        for datagram in datagrams {
            let bytes = datagram.span
            var cursor = MessageCursor()
            while let message = cursor.next(in: bytes) { decoder.take(message, bytes) }
        }
        return decoder.reading
    }
}
