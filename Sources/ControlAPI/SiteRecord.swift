package import Policy

/// One site, as `GET /v1/sites` lists it.
package struct SiteRecord: Codable, Hashable, Sendable {
    package let name: String
    /// Nil: each device's own address says it (`region: from-address`).
    package let region: Region?
    package let interfaces: [String]
    package let subnets: [String]
    /// Devices last seen there.
    package let devices: Int
    /// Of these, cut off now.
    package let cutOff: Int
    /// `file:line` of its settings.
    package let source: String?

    package init(
        name: String, region: Region?, interfaces: [String], subnets: [String], devices: Int,
        cutOff: Int, source: String? = nil
    ) {
        self.name = name
        self.region = region
        self.interfaces = interfaces
        self.subnets = subnets
        self.devices = devices
        self.cutOff = cutOff
        self.source = source
    }

    package enum CodingKeys: String, CodingKey {
        case name, region, interfaces, subnets, devices
        case cutOff = "cut_off"
        case source
    }
}
