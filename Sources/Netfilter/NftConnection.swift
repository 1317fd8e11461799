import CNetfilter
package import Firewall
import Glibc

/// The one socket through which our tables are made, changed and read.
///
/// The kernel lets only the socket that owns a table change it, so the daemon keeps one connection
/// for its lifetime. When it closes, an owned table persists as an orphan that still enforces; the
/// next connection claims it with its first `addTable`.
///
/// The type may move between threads, never be used by two at once: it cannot be copied, and every
/// operation is mutating.
package struct NftConnection: ~Copyable, @unchecked Sendable {
    /// Limit of one transaction: 1,000,000 elements with comments need 170 MB. A limit, no memory.
    private static let sendBuffer: Int32 = 256 * 1024 * 1024
    /// Room for the refusals of a transaction in which everything is refused.
    private static let receiveBuffer: Int32 = 8 * 1024 * 1024

    var channel: NetlinkChannel

    /// How the kernel holds a table of ours. Only `owned` keeps others from changing it.
    package enum Ownership: Hashable, Sendable {
        /// Somebody else's socket, or an earlier daemon that still runs; the number is its port.
        case ownedByAnother(port: UInt32)
        case owned
        /// It survived its owner. `addTable` claims it.
        case orphan
        /// Made without an owner; it cannot be claimed, only deleted and made again.
        case plain
    }

    /// Opens the socket.
    ///
    /// - Throws: EPERM without CAP_NET_ADMIN, EPROTONOSUPPORT without nf_tables.
    package static func open() throws(NetfilterError) -> NftConnection {
        let socket = try NetlinkSocket.open(NETLINK_NETFILTER)
        // Without CAP_ACK a refusal echoes the whole message and overflows the socket.
        try socket.enable(NETLINK_CAP_ACK)
        try socket.enable(NETLINK_EXT_ACK)
        try socket.force(SO_SNDBUFFORCE, octets: sendBuffer)
        try socket.force(SO_RCVBUFFORCE, octets: receiveBuffer)
        return NftConnection(channel: NetlinkChannel(socket))
    }

    private init(channel: consuming NetlinkChannel) { self.channel = channel }

    /// Commits operations on one table; see `commit(_:features:)`.
    package mutating func commit(
        _ operations: [FirewallOperation], in family: TableFamily = .inet,
        features: KernelFeatures
    ) throws(NetfilterError) {
        try commit([TableChange(family, operations)], features: features)
    }

    /// Commits the changes as one atomic transaction: all of them, or none.
    ///
    /// Adding an element that is there already succeeds and changes nothing, not even its comment;
    /// deleting one that is not there refuses the whole transaction (`isMissing`, with
    /// `operationIndex`): read the table and plan again.
    ///
    /// `addTable` asks for owner and persist where the kernel has both. Owner alone would take the
    /// table, and with it every block, down with the daemon, so then the table is made plain. A
    /// table that exists and is plain cannot be claimed (EOPNOTSUPP); the transaction is repeated
    /// against it as it is, because that keeps the blocks in force. `ownership()` tells. To win the
    /// lock back, plan `deleteTable`, `addTable` and everything else in one transaction.
    ///
    /// - Throws: the first refusal, with the operation's position, the kernel's errno and text.
    package mutating func commit(
        _ changes: [TableChange], features: KernelFeatures
    ) throws(NetfilterError) {
        let owned = Transaction.ownerFlag | Transaction.persistFlag
        var plain: Set<TableFamily> = []
        // Each refusal names one more table that has no owner, so this ends.
        while true {
            var batch = Transaction(
                changes, features: features, tableFlags: features.ownerPersist ? owned : nil,
                plainFamilies: plain)
            do throws(NetfilterError) {
                return try send(&batch)
            } catch {
                guard let family = batch.plainFamily(in: error) else { throw error }
                plain.insert(family)
            }
        }
    }

    private mutating func send(_ batch: inout Transaction) throws(NetfilterError) {
        do throws(NetfilterError) {
            try batch.write(to: &channel.messages)
        } catch {
            channel.messages.removeAll()
            throw error
        }
        // Elements added or deleted may be none at all.
        guard !batch.isEmpty else {
            channel.messages.removeAll()
            return
        }
        let answers = try channel.exchange()
        if let refusal = answers.first(where: { $0.code != 0 }) {
            throw batch.error(for: refusal)
        }
        // Only the last message asks for an acknowledgement: one for each would overflow the socket
        // although the transaction went through.
        guard answers.contains(where: { $0.sequence == batch.lastSequence }) else {
            throw NetfilterError(
                "commit", "transaction", code: ENOBUFS, detail: "the kernel's answer was lost")
        }
    }

    /// The number of the ruleset's generation in this network namespace: every transaction of
    /// anybody that changes anything raises it by one.
    package mutating func generation() throws(NetfilterError) -> UInt32 {
        channel.messages.append(
            subsystem: NFNL_SUBSYS_NFTABLES, message: NFT_MSG_GETGEN.rawValue, family: AF_UNSPEC,
            flags: 0)
        return try channel.answer("read", "generation of the ruleset") { message, bytes in
            bytes.networkUInt32(message.attributes.first(NFTA_GEN_ID.rawValue, in: bytes))
        }
    }

    /// How the kernel holds our table of a family; nil when there is none.
    package mutating func ownership(
        _ family: TableFamily = .inet
    ) throws(NetfilterError) -> Ownership? {
        var found: Ownership?
        let port = channel.socket.port
        channel.messages.appendTableMessage(NFT_MSG_GETTABLE, family, flags: NLM_F_DUMP) { _ in }
        _ = try channel.dump("read", "tables") { message, bytes in
            let attributes = message.attributes
            guard
                bytes.string(attributes.first(NFTA_TABLE_NAME.rawValue, in: bytes))
                    == Ruleset.tableName
            else { return }
            let flags = bytes.networkUInt32(
                attributes.first(NFTA_TABLE_FLAGS.rawValue, in: bytes))
            let owner = bytes.networkUInt32(
                attributes.first(NFTA_TABLE_OWNER.rawValue, in: bytes))
            if let owner, owner != 0 {
                found = owner == port ? .owned : .ownedByAnother(port: owner)
            } else {
                found = (flags ?? 0) & Transaction.persistFlag != 0 ? .orphan : .plain
            }
        }
        return found
    }
}
