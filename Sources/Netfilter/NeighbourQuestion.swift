import CNetfilter
import Glibc
package import Wire

/// Has the kernel ask a neighbour whether it is still there (ARP or ND, to its MAC alone). What it
/// answers, `RouteWatch` tells: a neighbour that answers becomes REACHABLE.
package struct NeighbourQuestion: ~Copyable {
    private var channel: NetlinkChannel

    package static func open() throws(NetfilterError) -> NeighbourQuestion {
        NeighbourQuestion(
            channel: NetlinkChannel(try NetlinkSocket.open(NETLINK_ROUTE), batch: 1))
    }

    private init(channel: consuming NetlinkChannel) { self.channel = channel }

    /// Asks, unless the address is another MAC's by now, or the administrator has set it.
    ///
    /// An entry that has gone is made anew for the question; without an answer it goes again.
    package mutating func ask(
        _ address: IPAddress, at mac: MACAddress, interfaceIndex: UInt32
    ) throws(NetfilterError) {
        let entry: Entry
        do throws(NetfilterError) {
            entry = try find(address, interfaceIndex)
        } catch {
            guard error.isMissing else { throw error }
            append(
                address, interfaceIndex, type: RTM_NEWNEIGH, state: NUD_PROBE,
                flags: NLM_F_CREATE | NLM_F_EXCL, mac)
            return try channel.request("ask", "\(address)")
        }
        guard entry.mac == mac, entry.state & (NUD_PERMANENT | NUD_NOARP) == 0 else { return }
        // Without the MAC it stays the one it is.
        append(
            address, interfaceIndex, type: RTM_NEWNEIGH, state: NUD_PROBE, flags: 0, nil)
        try channel.request("ask", "\(address)")
    }

    private struct Entry {
        let state: Int32
        let mac: MACAddress?
    }

    /// One entry by its key (RTM_GETNEIGH without NLM_F_DUMP, Linux 5.0).
    private mutating func find(
        _ address: IPAddress, _ interfaceIndex: UInt32
    ) throws(NetfilterError) -> Entry {
        append(address, interfaceIndex, type: RTM_GETNEIGH, state: 0, flags: 0, nil)
        return try channel.answer("look up", "neighbour \(address)") { message, bytes in
            let headerLength = 12
            guard Int(message.type) == RTM_NEWNEIGH, message.payload.count >= headerLength else {
                return nil
            }
            let start = message.payload.lowerBound
            let mac = message.attributes(after: headerLength).first(NDA_LLADDR, in: bytes)
                .flatMap { MACAddress(octets: bytes.octets($0.value)) }
            return Entry(state: Int32(bytes.hostUInt16(at: start + 8)), mac: mac)
        }
    }

    /// struct ndmsg: family, padding, interface, state, flags, type.
    private mutating func append(
        _ address: IPAddress, _ interfaceIndex: UInt32, type: Int, state: Int32, flags: Int32,
        _ mac: MACAddress?
    ) {
        let family: Int32
        let octets: [UInt8]
        switch address {
        case .v4(let address): (family, octets) = (AF_INET, address.octets)
        case .v6(let address): (family, octets) = (AF_INET6, address.octets)
        }
        let header =
            [UInt8(family), 0, 0, 0] + interfaceIndex.hostOctets
            + UInt32(state).hostOctets
        channel.messages.append(type: UInt16(type), flags: flags, header: header) { body in
            body.put(NDA_DST, octets)
            if let mac { body.put(NDA_LLADDR, mac.octets) }
        }
    }
}
