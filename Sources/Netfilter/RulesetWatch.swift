import CNetfilter
package import Firewall
import Glibc

/// What somebody else did to our table in one transaction.
package struct RulesetTouch: Hashable, Sendable {
    package struct Writer: Hashable, Sendable {
        /// As the process calls itself: 15 octets of anything, to be escaped before it is shown.
        package let name: String
        /// In the initial PID namespace; of a program with threads, the id of the one that wrote
        /// (nf_tables_fill_gen_info takes task_pid_nr).
        package let processID: UInt32
    }

    /// Descriptions kept of one transaction: enough to tell a flush from a single rule, and a
    /// transaction of 100,000 elements grows no further.
    package static let maximumDescriptions = 3
    /// Messages of one transaction that are looked at for descriptions. The flush of a set tells of
    /// each element: 100,000 of them must not keep packets waiting.
    static let maximumDescribed = 64

    /// Nil when the kernel had to drop messages: anybody may have done anything.
    package fileprivate(set) var writer: Writer?
    /// `set blocked_mac deleted`, ...: the first few that differ. Names of foreign objects stand in
    /// it as their maker wrote them.
    package fileprivate(set) var descriptions: [String] = []
    package fileprivate(set) var families: Set<TableFamily> = []
    /// Messages about our tables.
    package fileprivate(set) var count = 0
    package fileprivate(set) var isTableDeleted = false
    /// Rules and chains are all it changed, so every element is where it was.
    package fileprivate(set) var leavesElements = true

    /// By somebody unknown, until more is known.
    package init() {}
}

/// Notices changes of our tables by others, from the multicast group of nf_tables.
///
/// The kernel tells every committed object, then the generation with the writer's process name and
/// pid (nf_tables_commit, net/netfilter/nf_tables_api.c). A socket filter drops what our own
/// connection caused before it takes room in the buffer: each of 100,000 elements is echoed.
package struct RulesetWatch: ~Copyable, @unchecked Sendable {
    /// Other programs' reloads: some 50,000 rules. A limit, no memory.
    package static let receiveBuffer: Int32 = 16 * 1024 * 1024

    private let socket: NetlinkSocket
    private var batch = DatagramBatch(capacity: 16, slotSize: 64 * 1024)
    private var reader = TouchReader()

    /// Opens it deaf: it hears nothing before `listen`.
    ///
    /// - Parameters:
    ///   - connection: whose own changes are not told.
    ///   - receiveBuffer: octets; what does not fit is told as a touch by somebody unknown.
    package static func open(
        besides connection: borrowing NftConnection, receiveBuffer: Int32 = receiveBuffer
    ) throws(NetfilterError) -> RulesetWatch {
        let socket = try NetlinkSocket.open(NETLINK_NETFILTER)
        try socket.force(SO_RCVBUFFORCE, octets: receiveBuffer)
        guard cnf_drop_messages_of(socket.fileDescriptor, connection.port) == 0 else {
            throw .last("filter netlink socket")
        }
        return RulesetWatch(socket: socket)
    }

    private init(socket: consuming NetlinkSocket) { self.socket = socket }

    /// From now on changes are told.
    package func listen() throws(NetfilterError) {
        try socket.set(NETLINK_ADD_MEMBERSHIP, group: NFNLGRP_NFTABLES.rawValue)
    }

    /// Until `listen`, changes are not told; those told already stay to be received.
    ///
    /// For large changes of our own: while anybody listens, the kernel writes a message for each
    /// element, dropped or not, and 100,000 of them take a second. Whether somebody else made use
    /// of the silence, `NftConnection.generation` tells.
    package func stopListening() throws(NetfilterError) {
        try socket.set(NETLINK_DROP_MEMBERSHIP, group: NFNLGRP_NFTABLES.rawValue)
    }

    /// For poll(2): readable when somebody changed some table.
    package var fileDescriptor: Int32 { socket.fileDescriptor }

    /// Hands every touch that is complete to `body`; returns when nothing waits.
    package mutating func receive(_ body: (RulesetTouch) -> Void) throws(NetfilterError) {
        while true {
            switch try batch.receive(from: socket.fileDescriptor) {
            case .empty: return
            case .overrun:
                reader.touch = RulesetTouch()
                body(RulesetTouch())
            case .received:
                for index in 0..<batch.count {
                    batch.withDatagram(index) { bytes in
                        var cursor = MessageCursor()
                        while let message = cursor.next(in: bytes) {
                            reader.read(message, bytes, body)
                        }
                    }
                }
            }
        }
    }
}

extension NftConnection {
    /// The netlink port its changes are told under.
    fileprivate var port: UInt32 { channel.socket.port }
}

/// Gathers the messages of a transaction up to its generation.
private struct TouchReader {
    private static let families: [Int: TableFamily] = [
        Int(NFPROTO_INET): .inet, Int(NFPROTO_BRIDGE): .bridge,
    ]
    private static let leaveElements: Set<UInt32> = [
        NFT_MSG_NEWCHAIN.rawValue, NFT_MSG_DELCHAIN.rawValue, NFT_MSG_NEWRULE.rawValue,
        NFT_MSG_DELRULE.rawValue,
    ]
    var touch = RulesetTouch()

    mutating func read(
        _ message: NetlinkMessage, _ bytes: Span<UInt8>, _ body: (RulesetTouch) -> Void
    ) {
        guard message.type >> 8 == UInt16(NFNL_SUBSYS_NFTABLES),
            message.payload.count >= NetlinkMessage.familyHeaderLength
        else { return }
        let type = UInt32(message.type & 0xff)
        let attributes = message.attributes
        if type == NFT_MSG_NEWGEN.rawValue {
            guard touch.count > 0 else { return }
            let name = bytes.string(attributes.first(NFTA_GEN_PROC_NAME.rawValue, in: bytes))
            let pid = bytes.networkUInt32(
                attributes.first(NFTA_GEN_PROC_PID.rawValue, in: bytes))
            touch.writer = RulesetTouch.Writer(name: name ?? "?", processID: pid ?? 0)
            body(touch)
            touch = RulesetTouch()
            return
        }
        // The table's name is attribute 1 of every kind of object (linux/netfilter/nf_tables.h).
        guard let family = Self.families[Int(bytes[message.payload.lowerBound])],
            bytes.string(attributes.first(NFTA_TABLE_NAME.rawValue, in: bytes))
                == Ruleset.tableName
        else { return }
        touch.count += 1
        touch.families.insert(family)
        if type == NFT_MSG_DELTABLE.rawValue { touch.isTableDeleted = true }
        if !Self.leaveElements.contains(type) { touch.leavesElements = false }
        guard touch.count <= RulesetTouch.maximumDescribed,
            touch.descriptions.count < RulesetTouch.maximumDescriptions,
            let text = Self.description(type, attributes, bytes),
            !touch.descriptions.contains(text)
        else { return }
        touch.descriptions.append(text)
    }

    private static func description(
        _ type: UInt32, _ attributes: AttributeCursor, _ bytes: Span<UInt8>
    ) -> String? {
        func name(_ attribute: UInt32) -> String {
            bytes.string(attributes.first(attribute, in: bytes)) ?? "?"
        }
        return switch nf_tables_msg_types(type) {
        case NFT_MSG_NEWTABLE: "table changed"
        case NFT_MSG_DELTABLE: "table deleted"
        case NFT_MSG_NEWCHAIN: "chain \(name(NFTA_CHAIN_NAME.rawValue)) added"
        case NFT_MSG_DELCHAIN: "chain \(name(NFTA_CHAIN_NAME.rawValue)) deleted"
        case NFT_MSG_NEWRULE: "rules of chain \(name(NFTA_RULE_CHAIN.rawValue)) added"
        case NFT_MSG_DELRULE: "rules of chain \(name(NFTA_RULE_CHAIN.rawValue)) deleted"
        case NFT_MSG_NEWSET: "set \(name(NFTA_SET_NAME.rawValue)) added"
        case NFT_MSG_DELSET: "set \(name(NFTA_SET_NAME.rawValue)) deleted"
        case NFT_MSG_NEWSETELEM:
            "elements of set \(name(NFTA_SET_ELEM_LIST_SET.rawValue)) added"
        case NFT_MSG_DELSETELEM:
            "elements of set \(name(NFTA_SET_ELEM_LIST_SET.rawValue)) deleted"
        default: "another object changed"
        }
    }
}
