import Policy
import Wire

extension GatewaySettings {
    /// What holds where the files say nothing: a gateway that only watches, and knows no site.
    static func standard(hostName: String) -> GatewaySettings {
        GatewaySettings(
            gatewayName: hostName, mode: .monitor, uplinks: [], sites: SiteTable([]),
            unknownSite: .allow, tagRules: [], devices: [], policies: [],
            inspection: .standard, whileBlocked: WhileBlocked(dns: .gateway, also: []),
            notice: NoticeSettings(isEnabled: true, port: 9741),
            control: ControlSettings(admins: "regionlock-admin", readers: "regionlock"),
            keepHistoryDays: 400, revision: "")
    }
}

/// Reads `regionlock.yaml`.
enum GatewayDecoder {
    static func decode(_ root: YAMLNode, in file: FileScope, into settings: inout GatewaySettings) {
        let fields = Fields.root(
            of: root, in: file,
            keys: [
                "gateway", "sites", "unknown_site", "inspection", "encrypted_dns",
                "while_blocked", "notice", "history", "control", "geoip", "identity",
            ],
            unsupported: [
                "metrics": "Remove it: this version has no metrics page.",
                "fleet": "Remove it: each gateway works alone.",
            ])
        guard let fields else { return }
        if let gateway = fields["gateway"] { self.gateway(gateway, into: &settings) }
        if let identity = fields["identity"] {
            IdentityDecoder.decode(identity, into: &settings)
        }
        if let geoip = fields["geoip"] { settings.geoip = GeoIPDecoder.decode(geoip) }
        if let sites = fields["sites"] {
            settings.sites = SiteDecoder.decode(
                sites, uplinks: Set(settings.uplinks), hasGeoIP: fields["geoip"] != nil)
        }
        if let unknown = fields["unknown_site"] {
            settings.unknownSite = unknownSite(unknown) ?? settings.unknownSite
            if settings.unknownSite != .allow, settings.uplinks.isEmpty {
                unknown.warning(
                    "without gateway.uplinks, what comes from the internet is at no site as well",
                    hint: "Name the uplinks: no device is ever looked for there.")
            }
        }
        if let inspection = fields["inspection"] {
            self.inspection(inspection, into: &settings.inspection)
        }
        if let encrypted = fields["encrypted_dns"] {
            EncryptedDNSDecoder.decode(encrypted, into: &settings)
        }
        if let blocked = fields["while_blocked"] {
            whileBlocked(blocked, into: &settings.whileBlocked)
        }
        if let notice = fields["notice"] { self.notice(notice, into: &settings.notice) }
        if let history = fields["history"] { self.history(history, into: &settings) }
        if let control = fields["control"] { self.control(control, into: &settings.control) }
    }

    private static func gateway(_ field: Field, into settings: inout GatewaySettings) {
        guard let fields = Fields(field, keys: ["name", "mode", "uplinks"]) else { return }
        if let name = fields["name"]?.identifier() { settings.gatewayName = name }
        if let mode = fields["mode"]?.choice(PolicyMode.self) { settings.mode = mode }
        let uplinks = fields["uplinks"]?.items(of: "interfaces", limit: SettingsLimits.uplinks)
        var seen: Set<InterfaceName> = []
        for item in uplinks ?? [] {
            guard let interface = item.interface() else { continue }
            if seen.insert(interface).inserted {
                settings.uplinks.append(interface)
            } else {
                item.error("\(interface) stands here twice")
            }
        }
    }

    /// `allow`, `deny` or `region:CU`.
    private static func unknownSite(_ field: Field) -> UnknownSite? {
        let what = "allow, deny or region:XX"
        guard let text = field.scalar(what) else { return nil }
        switch text {
        case "allow": return .allow
        case "deny": return .deny
        default:
            let prefix = "region:"
            guard text.hasPrefix(prefix) else {
                field.error(
                    "\(field.name) must be \(what), not \(quoted(text))"
                        + didYouMean(text, among: ["allow", "deny"]))
                return nil
            }
            let code = String(text.dropFirst(prefix.count))
            // The caret stands under the code; quotes around the value move it by one at most.
            let span = TextSpan(
                line: field.span.line, column: field.span.column + prefix.count,
                length: field.span.length - prefix.count)
            return field.region(code, at: span).map(UnknownSite.region)
        }
    }

    private static func inspection(_ field: Field, into settings: inout InspectionSettings) {
        let keys = [
            "tap", "hold", "when_down", "queue", "mark_mask", "answers", "shared_addresses",
        ]
        guard let fields = Fields(field, keys: keys) else { return }
        EncryptedDNSDecoder.decodeAnswers(fields, into: &settings)
        if let hold = fields["hold"]?.choice(InspectionSettings.Hold.self) { settings.hold = hold }
        if let tap = fields["tap"]?.choice(InspectionSettings.Tap.self) { settings.tap = tap }
        if let whenDown = fields["when_down"]?.choice(InspectionSettings.WhenDown.self) {
            settings.whenDown = whenDown
        }
        if let queue = fields["queue"]?.integer(in: 0...65_535) { settings.queue = UInt16(queue) }
        if let field = fields["mark_mask"], let mask = field.integer(in: 1...0xffff_ffff) {
            settings.markMask = UInt32(mask)
            if !isOneRunOfFourBits(settings.markMask) {
                field.error(
                    "\(field.name) must be four or more neighbouring bits",
                    hint: "The default is 0x0f000000.")
            }
        }
    }

    private static func isOneRunOfFourBits(_ mask: UInt32) -> Bool {
        mask.nonzeroBitCount >= 4
            && mask.leadingZeroBitCount + mask.nonzeroBitCount + mask.trailingZeroBitCount == 32
    }

    private static func whileBlocked(_ field: Field, into settings: inout WhileBlocked) {
        let fields = Fields(
            field, keys: ["dns", "also"],
            unsupported: [
                "dhcp": "Remove it: a cut device always keeps DHCP and neighbour discovery.",
                "notice": "Remove it: notice.enabled says whether the notice is shown.",
                "emergency_calls": "Remove it, and write the addresses under: also",
                "flush_flowtable": "Remove it: doctor says when a flowtable bypasses the rules.",
            ])
        guard let fields else { return }
        if let dns = fields["dns"]?.choice(WhileBlocked.DNS.self) { settings.dns = dns }
        let also = fields["also"]?.items(of: "addresses", limit: SettingsLimits.alsoReachable)
        settings.also = also?.compactMap { $0.destination() } ?? []
    }

    private static func notice(_ field: Field, into settings: inout NoticeSettings) {
        let fields = Fields(
            field, keys: ["enabled", "port"],
            unsupported: [
                "listen": "Write the port only: notice.port",
                "captive_api": "Remove it: plain HTTP of a cut device is redirected to the notice.",
                "languages": "Remove it: the notice shows the policy's message as it is written.",
            ])
        guard let fields else { return }
        if let isEnabled = fields["enabled"]?.flag() { settings.isEnabled = isEnabled }
        if let port = fields["port"]?.integer(in: 1...65_535) { settings.port = UInt16(port) }
    }

    private static func history(_ field: Field, into settings: inout GatewaySettings) {
        let fields = Fields(
            field, keys: ["keep"],
            unsupported: ["export_device_ids": "Remove it: this version exports nothing."])
        guard let fields, let keep = fields["keep"] else { return }
        let day = 86_400
        guard let seconds = keep.durationSeconds(in: day...3_650 * day) else { return }
        settings.keepHistoryDays = seconds / day
        if seconds % day != 0 { keep.error("\(keep.name) must be whole days") }
    }

    private static func control(_ field: Field, into settings: inout ControlSettings) {
        guard let fields = Fields(field, keys: ["admins", "readers"]) else { return }
        if let admins = fields["admins"]?.groupName() { settings.admins = admins }
        if let readers = fields["readers"]?.groupName() { settings.readers = readers }
    }
}
