package import Policy
package import Wire

/// One device, as `GET /v1/devices` lists it.
package struct DeviceRecord: Codable, Hashable, Sendable {
    package enum State: String, Codable, Hashable, Sendable, CaseIterable {
        case free
        case cutOff = "cut_off"
        /// Free, and an exemption keeps it so.
        case exempt
    }
    /// The U/L bit of the MAC (IEEE 802-2014, 8.2.2).
    package enum MACKind: String, Codable, Hashable, Sendable {
        case fixed
        case random
    }

    /// Options 60, 55 and 61 of its DHCP messages, and the identifier that DHCPv6 has too.
    package struct DHCPRecord: Codable, Hashable, Sendable {
        /// Visible ASCII, the rest as `\xHH`.
        package let vendorClass: String?
        /// `1,3,6,15`
        package let fingerprint: String?
        /// `ff:00:01`; nil where it only repeats the MAC.
        package let clientID: String?
        /// Its DUID: `00:02:00:00:ab:11`.
        package let duid: String?

        package init(
            vendorClass: String?, fingerprint: String?, clientID: String?, duid: String? = nil
        ) {
            self.vendorClass = vendorClass
            self.fingerprint = fingerprint
            self.clientID = clientID
            self.duid = duid
        }

        package enum CodingKeys: String, CodingKey {
            case vendorClass = "vendor_class"
            case fingerprint
            case clientID = "client_id"
            case duid
        }
    }

    /// Its MAC, or its address where packets carry no MAC.
    package let id: String
    /// What the CLI calls it: label, host name or id.
    package let name: String
    /// The operator's name for it.
    package let label: String?
    package let mac: String?
    package let addresses: [String]
    /// As in the IEEE list; nil for a random MAC.
    package let vendor: String?
    package let macKind: MACKind?
    /// What the device calls itself by DHCP: visible ASCII, the rest as `\xHH`.
    package let hostname: String?
    /// What else it says of itself by DHCP; nil for nothing.
    package var dhcp: DHCPRecord?
    package let site: String?
    package let region: Region?
    package let tags: [Tag]
    package let state: State
    /// The block in force, when cut off.
    package let block: String?
    package let lastSeen: Timestamp?
    /// Why it looks like a router or a repeater with several devices behind it; nil for one device.
    package let router: String?
    /// The interface its packets came in by last.
    package var interface: String?
    /// Those of its tags that were given at the prompt.
    package var givenTags: [Tag]?

    package init(
        id: String, name: String, label: String? = nil, mac: String? = nil, addresses: [String],
        vendor: String? = nil, macKind: MACKind? = nil, hostname: String? = nil,
        site: String? = nil, region: Region? = nil, tags: [Tag], state: State,
        block: String? = nil, lastSeen: Timestamp? = nil, router: String? = nil
    ) {
        self.id = id
        self.name = name
        self.label = label
        self.mac = mac
        self.addresses = addresses
        self.vendor = vendor
        self.macKind = macKind
        self.hostname = hostname
        self.site = site
        self.region = region
        self.tags = tags
        self.state = state
        self.block = block
        self.lastSeen = lastSeen
        self.router = router
    }

    package enum CodingKeys: String, CodingKey {
        case id, name, label, mac, addresses, vendor
        case macKind = "mac_kind"
        case hostname, dhcp, site, region, tags, state, block
        case lastSeen = "last_seen"
        case router, interface
        case givenTags = "given_tags"
    }
}
