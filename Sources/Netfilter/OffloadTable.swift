import CNetfilter

/// An nft flowtable, by which an administrator lets established flows pass by every hook: where
/// they are taken out of the forward path, no packet of theirs comes to our chains.
package struct OffloadTable: Hashable, Sendable {
    /// nft's word for the family of the table it belongs to.
    package let family: String
    package let table: String
    package let name: String
    package let devices: [String]
    /// Rules that say `flow add @name`; 0 when it is there and nobody sends flows to it.
    package let ruleCount: Int
    /// The network card forwards by itself (`flags offload`).
    package let isHardware: Bool

    package init(
        family: String, table: String, name: String, devices: [String], ruleCount: Int,
        isHardware: Bool
    ) {
        self.family = family
        self.table = table
        self.name = name
        self.devices = devices
        self.ruleCount = ruleCount
        self.isHardware = isHardware
    }

    /// The flowtables of one datagram of a dump (NFT_MSG_NEWFLOWTABLE).
    package static func decoded(_ datagram: [UInt8]) -> [OffloadTable] {
        var cursor = MessageCursor()
        var tables: [OffloadTable] = []
        while let message = cursor.next(in: datagram.span) {
            if let table = OffloadTable(message, datagram.span) { tables.append(table) }
        }
        return tables
    }

    /// Reads struct nfgenmsg, then NFTA_FLOWTABLE_ attributes.
    fileprivate init?(_ message: NetlinkMessage, _ bytes: Span<UInt8>) {
        let expected = UInt16(NFNL_SUBSYS_NFTABLES) << 8 | UInt16(NFT_MSG_NEWFLOWTABLE.rawValue)
        guard message.type == expected,
            message.payload.count >= NetlinkMessage.familyHeaderLength
        else { return nil }
        let attributes = message.attributes
        func find(_ type: nft_flowtable_attributes) -> Attribute? {
            attributes.first(type.rawValue, in: bytes)
        }
        guard let table = bytes.string(find(NFTA_FLOWTABLE_TABLE)),
            let name = bytes.string(find(NFTA_FLOWTABLE_NAME))
        else { return nil }
        self.table = table
        self.name = name
        family = Self.word(Int32(bytes[message.payload.lowerBound]))
        var devices: [String] = []
        var list = find(NFTA_FLOWTABLE_HOOK)?.children
            .first(NFTA_FLOWTABLE_HOOK_DEVS.rawValue, in: bytes)?.children
        while let item = list?.next(in: bytes) {
            if let device = bytes.string(item) { devices.append(device) }
        }
        self.devices = devices
        // A kernel that does not count is taken at its worst.
        ruleCount = bytes.networkUInt32(find(NFTA_FLOWTABLE_USE)).map(Int.init) ?? 1
        let flags = bytes.networkUInt32(find(NFTA_FLOWTABLE_FLAGS)) ?? 0
        isHardware = flags & NFT_FLOWTABLE_HW_OFFLOAD.rawValue != 0
    }

    private static func word(_ family: Int32) -> String {
        switch family {
        case Int32(NFPROTO_INET): "inet"
        case Int32(NFPROTO_IPV4): "ip"
        case Int32(NFPROTO_IPV6): "ip6"
        default: "family \(family)"
        }
    }
}

extension NftConnection {
    /// Everybody's flowtables. A kernel built without them has none.
    package mutating func offloadTables() throws(NetfilterError) -> [OffloadTable] {
        var tables: [OffloadTable] = []
        channel.messages.append(
            subsystem: NFNL_SUBSYS_NFTABLES, message: NFT_MSG_GETFLOWTABLE.rawValue,
            family: Int32(NFPROTO_UNSPEC), flags: NLM_F_DUMP)
        _ = try channel.dump("read", "flowtables") { message, bytes in
            if let table = OffloadTable(message, bytes) { tables.append(table) }
        }
        return tables
    }
}
