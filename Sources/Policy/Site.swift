package import Wire

/// A place this gateway serves. It has exactly one region, declared by the operator, unless its
/// clients have public addresses and the operator lets those say it.
package struct Site: Hashable, Sendable {
    package let name: String
    /// Nil: `from-address`, each device's own address says it.
    package let region: Region?
    package let interfaces: [InterfaceName]
    package let subnets: [IPPrefix]
    /// Where the site is written; `regionSource` is the line of its region.
    package let source: SourceLocation
    package let regionSource: SourceLocation

    package init(
        name: String, region: Region?, interfaces: [InterfaceName], subnets: [IPPrefix],
        source: SourceLocation, regionSource: SourceLocation
    ) {
        self.name = name
        self.region = region
        self.interfaces = interfaces
        self.subnets = subnets
        self.source = source
        self.regionSource = regionSource
    }

    package var isByAddress: Bool { region == nil }
}

/// What holds for traffic that comes from none of the declared sites.
package enum UnknownSite: Hashable, Sendable {
    case allow
    case deny
    case region(Region)
}

/// The sites of a gateway; the most exact match wins: longest subnet first, then interface.
package struct SiteTable: Hashable, Sendable {
    package let sites: [Site]

    package init(_ sites: [Site]) { self.sites = sites }

    package func site(interface: InterfaceName?, address: IPAddress?) -> Site? {
        var best: (length: Int, site: Site)?
        if let address {
            for site in sites {
                for subnet in site.subnets where subnet.contains(address) {
                    if best.map({ subnet.length > $0.length }) ?? true {
                        best = (subnet.length, site)
                    }
                }
            }
        }
        if let best { return best.site }
        guard let interface else { return nil }
        return sites.first { $0.interfaces.contains(interface) }
    }
}
