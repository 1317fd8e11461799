/// What the running kernel can do for us. Asked once at start with `NftConnection.probe`; nothing
/// is concluded from version numbers.
package struct KernelFeatures: Hashable, Sendable {
    /// The `queue` expression (CONFIG_NFT_QUEUE).
    package var nativeQueue = false
    /// The xt target NFQUEUE in nft rules (CONFIG_NFT_COMPAT, CONFIG_NETFILTER_XT_TARGET_NFQUEUE).
    package var xtQueue = false
    /// `log group`: copies of packets, for passive mode.
    package var logGroup = false
    /// A table may belong to a socket (Linux 5.12).
    package var owner = false
    /// An owned table outlives its socket (Linux 6.9).
    package var ownerPersist = false
    /// `redirect` in a nat chain.
    package var redirect = false
    /// Tables of the bridge family (CONFIG_NF_TABLES_BRIDGE): frames between ports can be dropped.
    package var bridgeTable = false
    /// `@ih`, by which a segment without payload is told from one with (Linux 5.17).
    package var innerHeaderPayload = false
    /// Rules that add and delete elements of a set (Linux 5.4).
    package var senderSets = false
    /// Conntrack deletes by IPv4 source address in one message (Linux 6.8). Never used for IPv6,
    /// see `FlowTable`.
    package var conntrackFilteredDelete = false

    package init() {}

    /// Packets can be held until we decide.
    package var canQueue: Bool { nativeQueue || xtQueue }
}
