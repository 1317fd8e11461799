import CNetfilter
import Glibc
package import Wire

/// The kernel's connection tracking table, as far as we need it: deleting the flows of a device.
///
/// nf_conntrack takes a delete message without tuple or filter as "delete everything". No such
/// message can be written here: deletes are made from a `FlowFilter` or from an entry just read,
/// and both always have one.
package struct FlowTable: ~Copyable, @unchecked Sendable {
    private var channel: NetlinkChannel
    private let kernelFilters: Bool

    /// - Parameter filteredDelete: `KernelFeatures.conntrackFilteredDelete`. Where it is false, and
    ///   for IPv6 everywhere, flows are read and deleted one by one: with 60,000 entries in the
    ///   table 0.4 s instead of 0.08 s.
    package static func open(filteredDelete: Bool) throws(NetfilterError) -> FlowTable {
        let socket = try NetlinkSocket.open(NETLINK_NETFILTER)
        try socket.enable(NETLINK_CAP_ACK)
        try socket.enable(NETLINK_EXT_ACK)
        // One refusal comes back for each entry that ended by itself before we deleted it.
        try socket.force(SO_RCVBUFFORCE, octets: 8 * 1024 * 1024)
        return FlowTable(channel: NetlinkChannel(socket), kernelFilters: filteredDelete)
    }

    private init(channel: consuming NetlinkChannel, kernelFilters: Bool) {
        self.channel = channel
        self.kernelFilters = kernelFilters
    }

    /// Deletes every flow whose first packet came from `address`.
    ///
    /// Nothing of any other source is touched. Call it when the address is in the blocked set
    /// already: nf_conntrack_tcp_loose makes a new entry of the next packet of a deleted TCP flow.
    package mutating func deleteFlows(from address: IPAddress) throws(NetfilterError) {
        try delete(.source(address))
    }

    /// The same for many addresses, with one look at the table for each family.
    package mutating func deleteFlows(
        fromAny addresses: Set<IPAddress>
    ) throws(NetfilterError) {
        for family in [AF_INET, AF_INET6] {
            let members = addresses.filter { FlowFilter.source($0).family == family }
            if !members.isEmpty { try delete(.sources(members, family: family)) }
        }
    }

    /// Deletes every flow whose ct mark has the value `mark` under `mask`.
    ///
    /// - Throws: EINVAL for an empty mask, which every flow would match.
    package mutating func deleteFlows(mark: UInt32, mask: UInt32) throws(NetfilterError) {
        guard let filter = FlowFilter(mark: mark, mask: mask) else {
            throw NetfilterError(
                "delete flows by", "mark \(mark) and mask \(mask)", code: EINVAL,
                detail: "an empty mask matches every flow")
        }
        try delete(filter)
    }

    /// How many flows began with a packet from `address`.
    package mutating func count(from address: IPAddress) throws(NetfilterError) -> Int {
        try entries(matching: .source(address)).count
    }

    private mutating func delete(_ filter: FlowFilter) throws(NetfilterError) {
        guard kernelFilters, filter.isKernelsToJudge else { return try deleteOneByOne(filter) }
        do throws(NetfilterError) {
            try deleteByFilter(filter)
        } catch {
            guard error.code == EOPNOTSUPP else { throw error }
            try deleteOneByOne(filter)
        }
    }

    private mutating func deleteByFilter(_ filter: FlowFilter) throws(NetfilterError) {
        channel.messages.append(
            subsystem: NFNL_SUBSYS_CTNETLINK, message: IPCTNL_MSG_CT_DELETE.rawValue,
            family: filter.family, flags: 0
        ) { filter.write(to: &$0) }
        try channel.request("delete flows", "of \(filter)")
    }

    private mutating func deleteOneByOne(_ filter: FlowFilter) throws(NetfilterError) {
        /// 64 KiB of messages of about 100 octets: small beside every send buffer.
        let batchSize = 600
        var rest = try entries(matching: filter)[...]
        while !rest.isEmpty {
            for entry in rest.prefix(batchSize) {
                channel.messages.append(
                    subsystem: NFNL_SUBSYS_CTNETLINK, message: IPCTNL_MSG_CT_DELETE.rawValue,
                    family: entry.family, flags: 0
                ) { entry.write(to: &$0) }
            }
            rest = rest.dropFirst(batchSize)
            // ENOENT: the flow ended by itself.
            let refusal = try channel.exchange().first { $0.code != 0 && $0.code != ENOENT }
            if let refusal {
                throw NetfilterError(
                    "delete flow", "of \(filter)", code: refusal.code, detail: refusal.text)
            }
        }
    }

    /// Reads the flows that match; checked here as well, since an old kernel ignores the filter.
    private mutating func entries(
        matching filter: FlowFilter
    ) throws(NetfilterError) -> [FlowEntry] {
        var found: [FlowEntry] = []
        let isFiltered = kernelFilters && filter.isKernelsToJudge
        channel.messages.append(
            subsystem: NFNL_SUBSYS_CTNETLINK, message: IPCTNL_MSG_CT_GET.rawValue,
            family: filter.family, flags: NLM_F_DUMP
        ) { request in
            if isFiltered { filter.write(to: &request) }
        }
        _ = try channel.dump("read flows", "of \(filter)") { message, bytes in
            if let entry = FlowEntry(message, bytes, matching: filter) { found.append(entry) }
        }
        return found
    }

    /// Whether the kernel deletes by source address. Asked for 255.255.255.255, which no flow can
    /// have as its source (RFC 1122 section 3.2.1.3), so that nothing is deleted either way: a
    /// kernel that does not know the filter reads the tuple and finds it incomplete.
    static func probeFilteredDelete() throws(NetfilterError) -> Bool {
        var table = try open(filteredDelete: true)
        do throws(NetfilterError) {
            try table.deleteByFilter(.source(.v4(IPv4Address(value: .max))))
            return true
        } catch {
            if error.isNotPermitted { throw error }
            return false
        }
    }
}

/// Which flows: always a real condition.
private enum FlowFilter: CustomStringConvertible {
    case source(IPAddress)
    case sources(Set<IPAddress>, family: Int32)
    case mark(value: UInt32, mask: UInt32)

    /// CTA_FILTER_F_CTA_IP_SRC (net/netfilter/nf_internals.h): of the tuple given, compare the
    /// source address alone.
    private static let compareSource: UInt32 = 1 << 0

    /// Nil for an empty mask.
    init?(mark: UInt32, mask: UInt32) {
        guard mask != 0 else { return nil }
        self = .mark(value: mark, mask: mask)
    }

    /// The kernel's comparison of IPv6 addresses is the wrong way round: the filter for one source
    /// matches every other (`!ipv6_addr_cmp` in ctnetlink_filter_match_tuple,
    /// net/netfilter/nf_conntrack_netlink.c; measured on Linux 6.18). Given to the kernel, it would
    /// cut the flows of everybody but the device. So IPv6 flows are read and deleted one by one.
    var isKernelsToJudge: Bool {
        switch self {
        case .source(.v6), .sources: false
        case .source(.v4), .mark: true
        }
    }

    var family: Int32 {
        switch self {
        case .source(.v4): AF_INET
        case .source(.v6): AF_INET6
        case .sources(_, let family): family
        case .mark: AF_UNSPEC
        }
    }

    func write(to body: inout MessageBody) {
        switch self {
        case .source(let address):
            let nested = Int32(NLA_F_NESTED)
            body.nest(nested | Int32(CTA_TUPLE_ORIG.rawValue)) { tuple in
                tuple.nest(nested | Int32(CTA_TUPLE_IP.rawValue)) { source in
                    source.put(address.sourceAttribute, address.octets)
                }
            }
            body.nest(nested | Int32(CTA_FILTER.rawValue)) { filter in
                filter.put(CTA_FILTER_ORIG_FLAGS.rawValue, host: Self.compareSource)
            }
        // The kernel compares with one address only.
        case .sources: break
        case .mark(let value, let mask):
            body.put(CTA_MARK.rawValue, network: value)
            body.put(CTA_MARK_MASK.rawValue, network: mask)
        }
    }

    func matches(source: IPAddress, mark: UInt32) -> Bool {
        switch self {
        case .source(let address): source == address
        case .sources(let addresses, _): addresses.contains(source)
        case .mark(let value, let mask): mark & mask == value
        }
    }

    var description: String {
        switch self {
        case .source(let address): "\(address)"
        case .sources(let addresses, _): "\(addresses.count) addresses"
        case .mark(let value, let mask):
            "mark 0x\(String(value, radix: 16))/0x\(String(mask, radix: 16))"
        }
    }
}

extension IPAddress {
    fileprivate var sourceAttribute: UInt32 {
        switch self {
        case .v4: CTA_IP_V4_SRC.rawValue
        case .v6: CTA_IP_V6_SRC.rawValue
        }
    }
}

/// One flow as the kernel described it, kept in the kernel's own octets to name it exactly.
private struct FlowEntry {
    let family: Int32
    /// Value of CTA_TUPLE_ORIG: addresses, ports and protocol. Never empty.
    private let tuple: [UInt8]
    private let id: [UInt8]?
    private let zone: [UInt8]?

    /// Nil for a flow that does not match, or a message that makes no sense.
    init?(_ message: NetlinkMessage, _ bytes: Span<UInt8>, matching filter: FlowFilter) {
        let attributes = message.attributes
        let mark = bytes.networkUInt32(attributes.first(CTA_MARK.rawValue, in: bytes)) ?? 0
        guard !message.payload.isEmpty,
            let tuple = attributes.first(CTA_TUPLE_ORIG.rawValue, in: bytes),
            let addresses = tuple.children.first(CTA_TUPLE_IP.rawValue, in: bytes)?.children,
            let source = addresses.first(CTA_IP_V4_SRC.rawValue, in: bytes)
                ?? addresses.first(CTA_IP_V6_SRC.rawValue, in: bytes),
            let address = IPAddress(octets: bytes.octets(source.value)),
            filter.matches(source: address, mark: mark)
        else { return nil }
        family = Int32(bytes[message.payload.lowerBound])
        self.tuple = bytes.octets(tuple.value)
        func copy(_ type: UInt32) -> [UInt8]? {
            attributes.first(type, in: bytes).map { bytes.octets($0.value) }
        }
        id = copy(CTA_ID.rawValue)
        zone = copy(CTA_ZONE.rawValue)
    }

    func write(to body: inout MessageBody) {
        body.put(NLA_F_NESTED | Int32(CTA_TUPLE_ORIG.rawValue), tuple)
        // The id keeps us from deleting a newer flow of the same tuple.
        if let id { body.put(CTA_ID.rawValue, id) }
        if let zone { body.put(CTA_ZONE.rawValue, zone) }
    }
}
