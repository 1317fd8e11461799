import CNetfilter
import Glibc
package import Wire

/// A change in what is attached to this gateway.
package enum RouteEvent: Hashable, Sendable {
    /// Forget everything: the complete state follows. Comes first of all, and again when the kernel
    /// had to drop events.
    case restarted
    case link(index: UInt32, name: InterfaceName, kind: LinkKind)
    case linkGone(index: UInt32)
    /// - mac: nil while the address does not answer (states NONE, INCOMPLETE and FAILED).
    /// - isConfirmed: it has just answered (state REACHABLE), or the administrator says so. In any
    ///   other state the MAC was heard, or the entry has only aged.
    case neighbour(
        interfaceIndex: UInt32, address: IPAddress, mac: MACAddress?, isConfirmed: Bool)
    case neighbourGone(interfaceIndex: UInt32, address: IPAddress)
}

/// What an interface is, as far as it matters here.
package enum LinkKind: Hashable, Sendable {
    case bridge
    /// A VLAN device, by 802.1Q or 802.1ad.
    case vlan(VLANID)
    case wireGuard
    case other
}

/// Links and neighbours (ARP, ND) of this network namespace, from rtnetlink(7): the state at the
/// start, then every change.
package struct RouteWatch: ~Copyable, @unchecked Sendable {
    /// Events of a few thousand neighbours at once.
    private static let receiveBuffer: Int32 = 4 * 1024 * 1024

    private let socket: NetlinkSocket
    private var messages = MessageBuffer()
    private var batch = DatagramBatch(capacity: 16, slotSize: 64 * 1024)
    private var reader: RouteReader

    package static func open() throws(NetfilterError) -> RouteWatch {
        let groups = UInt32(RTMGRP_LINK | RTMGRP_NEIGH)
        let socket = try NetlinkSocket.open(NETLINK_ROUTE, groups: groups)
        try socket.force(SO_RCVBUFFORCE, octets: receiveBuffer)
        var watch = RouteWatch(socket: socket)
        // The answer makes the descriptor readable: the first receive tells the whole state.
        try watch.request(RTM_GETLINK)
        return watch
    }

    private init(socket: consuming NetlinkSocket) {
        reader = RouteReader(port: socket.port)
        self.socket = socket
    }

    /// For poll(2): readable when events wait.
    package var fileDescriptor: Int32 { socket.fileDescriptor }

    /// Hands every event that waits to `body`; returns when none is left.
    package mutating func receive(_ body: (RouteEvent) -> Void) throws(NetfilterError) {
        while true {
            if let dump = reader.nextDump() { try request(dump) }
            switch try batch.receive(from: socket.fileDescriptor) {
            case .empty: return
            case .overrun: reader.mustRestart = true
            case .received:
                for index in 0..<batch.count {
                    try batch.withDatagram(index) { bytes throws(NetfilterError) in
                        try reader.read(bytes, body)
                    }
                }
            }
        }
    }

    private mutating func request(_ type: Int) throws(NetfilterError) {
        // struct ifinfomsg is the longer of the two headers; both begin with the family, and the
        // kernel reads no more than that from a dump request.
        let length = MemoryLayout<ifinfomsg>.size
        messages.append(
            type: UInt16(type), flags: NLM_F_DUMP, header: Array(repeating: 0, count: length))
        reader.dumpSequence = messages.sequence
        defer { messages.removeAll() }
        try socket.send(messages)
    }
}

/// Keeps track of the dumps between the events.
private struct RouteReader {
    let port: UInt32
    var dumpSequence: UInt32 = 0
    /// Events were lost, or the dump is not of one moment.
    var mustRestart = false
    private var isDumping = true
    private var mayDumpNeighbours = false
    private var hasAnnounced = false

    init(port: UInt32) { self.port = port }

    /// The dump to ask for now. The kernel works on one at a time, so a restart waits for the end
    /// of the dump under way.
    mutating func nextDump() -> Int? {
        guard !isDumping else { return nil }
        if mustRestart {
            mustRestart = false
            hasAnnounced = false
            isDumping = true
            return RTM_GETLINK
        }
        guard mayDumpNeighbours else { return nil }
        mayDumpNeighbours = false
        isDumping = true
        return RTM_GETNEIGH
    }

    mutating func read(
        _ bytes: Span<UInt8>, _ body: (RouteEvent) -> Void
    ) throws(NetfilterError) {
        if !hasAnnounced {
            hasAnnounced = true
            body(.restarted)
        }
        var cursor = MessageCursor()
        while let message = cursor.next(in: bytes) { try read(message, bytes, body) }
    }

    private mutating func read(
        _ message: NetlinkMessage, _ bytes: Span<UInt8>, _ body: (RouteEvent) -> Void
    ) throws(NetfilterError) {
        let isOfDump = message.port == port && message.sequence == dumpSequence
        if isOfDump, message.flags & UInt16(NLM_F_DUMP_INTR) != 0 { mustRestart = true }
        switch Int(message.type) {
        case RTM_NEWLINK, RTM_DELLINK:
            // The dump of neighbours follows the dump of links, and that has links in it always.
            if isOfDump { mayDumpNeighbours = true }
            if let event = RouteEvent(link: message, bytes) { body(event) }
        case RTM_NEWNEIGH, RTM_DELNEIGH:
            if let event = RouteEvent(neighbour: message, bytes) { body(event) }
        case Int(NLMSG_DONE) where isOfDump: isDumping = false
        case Int(NLMSG_ERROR) where isOfDump:
            isDumping = false
            guard let answer = NetlinkChannel.Acknowledgement(message, bytes), answer.code != 0
            else { return }
            throw NetfilterError("read", "links and neighbours", code: answer.code)
        default: break
        }
    }
}

extension RouteEvent {
    /// Reads RTM_NEWLINK and RTM_DELLINK: struct ifinfomsg, then IFLA_ attributes.
    fileprivate init?(link message: NetlinkMessage, _ bytes: Span<UInt8>) {
        let headerLength = 16
        let start = message.payload.lowerBound
        // Bridges tell about their ports under their own family: those are not links.
        guard message.payload.count >= headerLength, Int32(bytes[start]) == AF_UNSPEC else {
            return nil
        }
        let index = bytes.hostUInt32(at: start + 4)
        if Int(message.type) == RTM_DELLINK {
            self = .linkGone(index: index)
            return
        }
        let attributes = message.attributes(after: headerLength)
        guard let text = bytes.string(attributes.first(IFLA_IFNAME, in: bytes)),
            let name = InterfaceName(text)
        else { return nil }
        let info = attributes.first(IFLA_LINKINFO, in: bytes)?.children
        self = .link(index: index, name: name, kind: LinkKind(info, bytes))
    }

    /// Reads RTM_NEWNEIGH and RTM_DELNEIGH: struct ndmsg, then NDA_ attributes.
    fileprivate init?(neighbour message: NetlinkMessage, _ bytes: Span<UInt8>) {
        let headerLength = 12
        let start = message.payload.lowerBound
        guard message.payload.count >= headerLength,
            [AF_INET, AF_INET6].contains(Int32(bytes[start]))
        else { return nil }
        let index = bytes.hostUInt32(at: start + 4)
        let state = Int32(bytes.hostUInt16(at: start + 8))
        // NOARP entries are made for multicast and for links without addresses: nobody's own.
        guard state & NUD_NOARP == 0 else { return nil }
        let attributes = message.attributes(after: headerLength)
        guard let destination = attributes.first(NDA_DST, in: bytes),
            let address = IPAddress(octets: bytes.octets(destination.value))
        else { return nil }
        if Int(message.type) == RTM_DELNEIGH {
            self = .neighbourGone(interfaceIndex: index, address: address)
            return
        }
        let isSilent = state == NUD_NONE || state & (NUD_INCOMPLETE | NUD_FAILED) != 0
        let mac = attributes.first(NDA_LLADDR, in: bytes)
            .flatMap { MACAddress(octets: bytes.octets($0.value)) }
        self = .neighbour(
            interfaceIndex: index, address: address, mac: isSilent ? nil : mac,
            isConfirmed: state & (NUD_REACHABLE | NUD_PERMANENT) != 0)
    }
}

extension LinkKind {
    /// Reads what is in IFLA_LINKINFO: the name of the kind, and data of its own (if_link.h).
    fileprivate init(_ info: AttributeCursor?, _ bytes: Span<UInt8>) {
        switch bytes.string(info?.first(IFLA_INFO_KIND, in: bytes)) {
        case "bridge": self = .bridge
        case "wireguard": self = .wireGuard
        case "vlan":
            let data = info?.first(IFLA_INFO_DATA, in: bytes)?.children
            guard let number = data?.first(IFLA_VLAN_ID, in: bytes), number.value.count >= 2,
                let id = VLANID(bytes.hostUInt16(at: number.value.lowerBound))
            else { fallthrough }
            self = .vlan(id)
        default: self = .other
        }
    }
}
