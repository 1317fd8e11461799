import Policy
import Wire

/// Reads `sites` of `regionlock.yaml`. A packet must never fit two sites equally well: their
/// regions could differ.
struct SiteDecoder {
    /// In place of a region: the device's own address says it.
    static let fromAddress = "from-address"

    private let uplinks: Set<InterfaceName>
    private let hasGeoIP: Bool
    private var sites: [Site] = []
    private var linesByName: [String: Int] = [:]
    private var linesByInterface: [InterfaceName: Int] = [:]
    private var linesBySubnet: [IPPrefix: Int] = [:]

    static func decode(
        _ field: Field, uplinks: Set<InterfaceName>, hasGeoIP: Bool
    ) -> SiteTable {
        var decoder = SiteDecoder(uplinks: uplinks, hasGeoIP: hasGeoIP)
        for item in field.items(of: "sites", limit: SettingsLimits.sites) ?? [] {
            decoder.read(Field(name: "site", node: item.node, file: item.file))
        }
        return SiteTable(decoder.sites)
    }

    private init(uplinks: Set<InterfaceName>, hasGeoIP: Bool) {
        self.uplinks = uplinks
        self.hasGeoIP = hasGeoIP
    }

    private mutating func read(_ field: Field) {
        guard let fields = Fields(field, keys: ["name", "region", "match"]) else { return }
        let name = fields.required("name")
        let regionField = fields.required("region")
        let isByAddress = regionField.map(isByAddress) ?? false
        let region = isByAddress ? nil : regionField?.region()
        let match = fields.required("match").flatMap { field in
            Fields(
                field, keys: ["interfaces", "subnets"],
                unsupported: [
                    "wireguard": "Match the tunnel's interface or the peer's subnet instead."
                ])
        }
        let siteName = self.siteName(name)
        guard let match else { return }
        let interfaces = self.interfaces(match["interfaces"])
        let subnets = self.subnets(match["subnets"])
        if match.isEmpty {
            match.error("site.match is empty", hint: "It takes interfaces, subnets, or both.")
        } else if !field.file.hasErrors, interfaces?.isEmpty == true, subnets?.isEmpty == true {
            match.error(
                "site.match names no interface and no subnet",
                hint: "It takes interfaces, subnets, or both.")
        }
        if isByAddress { warnOfPrivate(subnets ?? [], match) }
        guard let siteName, region != nil || isByAddress, let regionField else { return }
        sites.append(
            Site(
                name: siteName, region: region, interfaces: interfaces ?? [],
                subnets: subnets ?? [], source: field.file.location(field.span),
                regionSource: field.file.location(regionField.span)))
    }

    private func isByAddress(_ field: Field) -> Bool {
        guard case .scalar(Self.fromAddress) = field.node.content else { return false }
        if !hasGeoIP {
            field.error(
                "\(field.name): \(Self.fromAddress) needs a database",
                hint: "Add: geoip: {database: /var/lib/GeoIP/GeoLite2-City.mmdb}")
        }
        return true
    }

    private func warnOfPrivate(_ subnets: [IPPrefix], _ match: Fields) {
        guard let subnet = subnets.first(where: { !$0.base.isPublic }) else { return }
        match["subnets"]?.warning(
            "addresses of \(subnet) are not public: devices there are of unknown region",
            hint: "Declare the region of a site whose clients have private addresses.")
    }

    private mutating func siteName(_ field: Field?) -> String? {
        guard let field, let name = field.identifier() else { return nil }
        if let line = linesByName.updateValue(field.span.line, forKey: name) {
            field.error("there are two sites \(quoted(name)) (the other in line \(line))")
        }
        return name
    }

    /// Nil after a mistake in the list; empty for no list.
    private mutating func interfaces(_ field: Field?) -> [InterfaceName]? {
        guard let field else { return [] }
        let limit = SettingsLimits.interfacesPerSite
        return field.items(of: "interfaces", limit: limit)?.compactMap { item in
            guard let interface = item.interface() else { return nil }
            if uplinks.contains(interface) {
                item.error(
                    "\(interface) is an uplink and can't be a site's interface",
                    hint: "No device is looked for on an uplink: remove it here or there.")
            }
            let line = linesByInterface.updateValue(item.span.line, forKey: interface)
            if let line { item.error("\(interface) is matched twice (also in line \(line))") }
            return interface
        }
    }

    private mutating func subnets(_ field: Field?) -> [IPPrefix]? {
        guard let field else { return [] }
        let limit = SettingsLimits.subnetsPerSite
        return field.items(of: "address blocks", limit: limit)?.compactMap { item in
            guard let subnet = item.prefix() else { return nil }
            let line = linesBySubnet.updateValue(item.span.line, forKey: subnet)
            if let line { item.error("\(subnet) is matched twice (also in line \(line))") }
            return subnet
        }
    }
}
