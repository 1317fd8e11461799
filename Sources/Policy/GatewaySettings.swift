package import Wire

/// Everything the operator's files say, checked: what `Settings` yields and the engine runs on.
package struct GatewaySettings: Hashable, Sendable {
    package var gatewayName: String
    package var mode: PolicyMode
    /// Interfaces that lead to the internet.
    package var uplinks: [InterfaceName]
    package var sites: SiteTable
    package var unknownSite: UnknownSite
    package var tagRules: [TagRule]
    package var devices: [KnownDevice]
    package var policies: [RegionPolicy]
    package var inspection: InspectionSettings
    package var encryptedDNS = EncryptedDNSSettings()
    package var whileBlocked: WhileBlocked
    package var notice: NoticeSettings
    package var control: ControlSettings
    package var keepHistoryDays: Int
    package var returning = ReturningDevices.cut
    /// Lists of DHCP servers, read as evidence beside what devices are heard to say.
    package var leaseFiles: [LeaseList] = []
    /// Nil: no database is used.
    package var geoip: GeoIPSettings?
    /// Short hash of the text of all files read, as in `9c1f`.
    package var revision: String

    package init(
        gatewayName: String, mode: PolicyMode, uplinks: [InterfaceName], sites: SiteTable,
        unknownSite: UnknownSite, tagRules: [TagRule], devices: [KnownDevice],
        policies: [RegionPolicy], inspection: InspectionSettings, whileBlocked: WhileBlocked,
        notice: NoticeSettings, control: ControlSettings, keepHistoryDays: Int, revision: String
    ) {
        self.gatewayName = gatewayName
        self.mode = mode
        self.uplinks = uplinks
        self.sites = sites
        self.unknownSite = unknownSite
        self.tagRules = tagRules
        self.devices = devices
        self.policies = policies
        self.inspection = inspection
        self.whileBlocked = whileBlocked
        self.notice = notice
        self.control = control
        self.keepHistoryDays = keepHistoryDays
        self.revision = revision
    }
}

/// What happens to a newcomer that by its DHCP is a device that is cut off.
package enum ReturningDevices: String, Hashable, Sendable, CaseIterable {
    /// It is cut off as that device.
    case cut
    /// It is told of, and cut off for its own attempts only.
    case report
}

/// A file in which a DHCP server keeps its leases.
package struct LeaseList: Hashable, Sendable {
    package enum Format: String, Hashable, Sendable, CaseIterable {
        case dnsmasq
        /// The journal of its memfile back end; what its clean-up has put beside it is read too.
        case kea
    }

    package let format: Format
    /// Absolute.
    package let path: String
    package let source: SourceLocation

    package init(format: Format, path: String, source: SourceLocation) {
        self.format = format
        self.path = path
        self.source = source
    }
}

/// The GeoIP database, and what it is compared with.
package struct GeoIPSettings: Hashable, Sendable {
    /// Absolute path of a MaxMind DB.
    package var database: String
    /// The uplink's; nil: the one the kernel would send from.
    package var uplinkAddress: IPAddress?
    /// A database older than this is warned of, 1...3650.
    package var maximumAgeDays: Int
    /// Where `database` stands.
    package let source: SourceLocation

    /// Networks change hands: publishers make a new database each week or month, and a quarter of a
    /// year is three of the slower ones missed.
    package static let standardAgeDays = 90

    package init(
        database: String, uplinkAddress: IPAddress?, maximumAgeDays: Int, source: SourceLocation
    ) {
        self.database = database
        self.uplinkAddress = uplinkAddress
        self.maximumAgeDays = maximumAgeDays
        self.source = source
    }
}

package struct InspectionSettings: Hashable, Sendable {
    package enum Tap: String, Hashable, Sendable, CaseIterable { case inline, passive }
    /// What tagged devices' inspected packets meet while nobody inspects.
    package enum WhenDown: String, Hashable, Sendable, CaseIterable { case open, closed }

    /// What waits while a packet of a tagged device is at the verdict.
    package enum Hold: String, Hashable, Sendable, CaseIterable {
        /// Every other packet of the device, in enforce mode with an inline tap.
        case device
        /// That packet alone.
        case packet
    }

    /// Whether answers to tagged devices' questions are read.
    package enum Answers: String, Hashable, Sendable, CaseIterable { case read, ignore }

    package var tap: Tap
    package var hold: Hold
    package var whenDown: WhenDown
    /// Queue (inline) or log group (passive), 0...65535.
    package var queue: UInt16
    /// The log group for DHCP messages: the one behind it, so that neither is the passive tap's.
    package var dhcpGroup: UInt16 { queue == .max ? queue - 1 : queue + 1 }
    /// The bits of packet and ct mark we use; four or more contiguous bits.
    package var markMask: UInt32
    package var answers: Answers
    /// Addresses that many names share: being sent there proves nothing.
    package var sharedAddresses: [IPPrefix]

    package init(
        tap: Tap, hold: Hold, whenDown: WhenDown, queue: UInt16, markMask: UInt32,
        answers: Answers = .read, sharedAddresses: [IPPrefix] = []
    ) {
        self.tap = tap
        self.hold = hold
        self.whenDown = whenDown
        self.queue = queue
        self.markMask = markMask
        self.answers = answers
        self.sharedAddresses = sharedAddresses
    }

    /// The mark bits are those no common neighbour on a gateway uses: Tailscale has 0x00ff0000,
    /// mwan3 0x00003f00, Cilium 0x00000f00, kube-proxy 0x0000c000.
    package static let standard = InspectionSettings(
        tap: .inline, hold: .device, whenDown: .open, queue: 5341, markMask: 0x0f00_0000)
}

/// What a device that was cut off may still reach.
package struct WhileBlocked: Hashable, Sendable {
    package enum DNS: String, Hashable, Sendable, CaseIterable { case gateway, none }

    package var dns: DNS
    package var also: [AllowedDestination]

    package init(dns: DNS, also: [AllowedDestination]) {
        self.dns = dns
        self.also = also
    }
}

/// One entry of the operator's allow-list: `203.0.113.0/24` or `203.0.113.7:443`.
package struct AllowedDestination: Hashable, Sendable {
    package let prefix: IPPrefix
    /// TCP and UDP port; nil for every protocol and port.
    package let port: UInt16?

    package init(prefix: IPPrefix, port: UInt16?) {
        self.prefix = prefix
        self.port = port
    }
}

package struct NoticeSettings: Hashable, Sendable {
    package var isEnabled: Bool
    /// Local port plain HTTP of cut devices is redirected to, 1...65535.
    package var port: UInt16

    package init(isEnabled: Bool, port: UInt16) {
        self.isEnabled = isEnabled
        self.port = port
    }
}

package struct ControlSettings: Hashable, Sendable {
    /// Unix group whose members may change things.
    package var admins: String
    /// Unix group whose members may look.
    package var readers: String

    package init(admins: String, readers: String) {
        self.admins = admins
        self.readers = readers
    }
}
