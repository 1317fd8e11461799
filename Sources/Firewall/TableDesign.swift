package import Wire

/// What the kernel must be able to do for parts of the table; probed at start, never assumed.
package struct TableCapabilities: Hashable, Sendable {
    /// `@ih` loads: packets without payload need not be queued.
    package var innerHeader: Bool
    /// `redirect` in nat chains: plain HTTP of cut devices can be shown the notice.
    package var redirect: Bool
    /// Tables of the bridge family: a cut holds between the ports of a bridge too.
    package var bridge: Bool
    /// `log group` in both families: DHCP messages can be read.
    package var logGroup: Bool
    /// Rules that add and take away elements: a device's packets can wait behind each other.
    package var senderSets: Bool

    package init(
        innerHeader: Bool, redirect: Bool, bridge: Bool, senderSets: Bool,
        logGroup: Bool = true
    ) {
        self.innerHeader = innerHeader
        self.redirect = redirect
        self.bridge = bridge
        self.senderSets = senderSets
        self.logGroup = logGroup
    }

    package static let all = TableCapabilities(
        innerHeader: true, redirect: true, bridge: true, senderSets: true)
}

/// Everything that decides what our table looks like, but the cut devices themselves.
package struct TableDesign: Hashable, Sendable {
    package enum Tap: Hashable, Sendable {
        /// Packets wait for the verdict; with `bypass` they pass while nobody listens.
        case inline(queue: UInt16, bypass: Bool)
        /// Packets are copied to a log group and go on; with `isClosed` they are refused while
        /// nobody reads the copies.
        case passive(group: UInt16, isClosed: Bool = false)
    }

    /// What a cut covers.
    package enum Shape: Hashable, Sendable {
        /// Both directions, established flows included.
        case complete
        /// The source MAC alone: what most home-made blockers do. They look at a packet's first
        /// header, and at no neighbour table either. It exists so that our tests can show that
        /// they would catch it; no setting leads here.
        case sourceOnly
    }

    /// How the kernel recognises tagged devices.
    package struct Tagged: Hashable, Sendable {
        /// With the comment of each element.
        package var macs: [MACAddress: String]
        /// Devices a wider selector would catch but that carry no watched tag.
        package var exceptMACs: Set<MACAddress>
        package var makers: Set<MACPrefix>
        package var macKinds: Set<MACKind> = []
        /// Blocks with the locally administered bit that are a maker's all the same.
        package var assignedLocal: Set<MACPrefix> = []
        package var interfaces: Set<InterfaceName>
        package var prefixes: Set<IPPrefix>
        /// WireGuard interfaces with a tagged peer, and what those peers may send from.
        package var peerInterfaces: Set<InterfaceName> = []
        package var peerPrefixes: Set<IPPrefix> = []
        /// MACs may be added while packets flow: their set is there without any.
        package var expectsMACs = false

        package init(
            macs: [MACAddress: String] = [:], exceptMACs: Set<MACAddress> = [],
            makers: Set<MACPrefix> = [], interfaces: Set<InterfaceName> = [],
            prefixes: Set<IPPrefix> = []
        ) {
            self.macs = macs
            self.exceptMACs = exceptMACs
            self.makers = makers
            self.interfaces = interfaces
            self.prefixes = prefixes
        }
    }

    /// A destination cut devices may still reach.
    package struct Allowed: Hashable, Sendable {
        package let prefix: IPPrefix
        /// TCP and UDP; nil for every protocol.
        package let port: UInt16?

        package init(prefix: IPPrefix, port: UInt16?) {
            self.prefix = prefix
            self.port = port
        }
    }

    package var tap: Tap
    /// While a packet of a device waits for its verdict, the device's others wait behind it.
    package var holdsDevices: Bool
    package var mark: MarkField
    package var shape: Shape
    package var tagged: Tagged
    /// Families of the addresses by which devices without a MAC are cut.
    package var cutFamilies: Set<IPFamily>
    package var allowed: [Allowed]
    /// Cut devices may go on asking the gateway's resolver; their questions are still inspected.
    package var keepsGatewayDNS: Bool
    /// The log group that DHCP messages are copied to; nil for none.
    package var dhcpGroup: UInt16?
    /// Where plain HTTP of cut devices is redirected; nil without a notice.
    package var noticePort: UInt16?
    /// Interfaces towards the internet: nobody there is shown the notice.
    package var uplinks: [InterfaceName]
    package var capabilities: TableCapabilities
    /// Answers to tagged devices' questions are inspected as well.
    package var readsAnswers: Bool
    /// What of encrypted DNS tagged devices are refused.
    package var refusedDNS: RefusedDNS

    package init(
        tap: Tap, holdsDevices: Bool = false, mark: MarkField, shape: Shape, tagged: Tagged,
        cutFamilies: Set<IPFamily> = [.ipv4, .ipv6], allowed: [Allowed],
        keepsGatewayDNS: Bool, dhcpGroup: UInt16? = nil, noticePort: UInt16?,
        uplinks: [InterfaceName] = [], capabilities: TableCapabilities, readsAnswers: Bool = false,
        refusedDNS: RefusedDNS = RefusedDNS()
    ) {
        self.tap = tap
        self.holdsDevices = holdsDevices
        self.mark = mark
        self.shape = shape
        self.tagged = tagged
        self.cutFamilies = cutFamilies
        self.allowed = allowed
        self.keepsGatewayDNS = keepsGatewayDNS
        self.dhcpGroup = dhcpGroup
        self.noticePort = noticePort
        self.uplinks = uplinks
        self.capabilities = capabilities
        self.readsAnswers = readsAnswers
        self.refusedDNS = refusedDNS
    }
}
