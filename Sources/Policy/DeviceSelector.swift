package import Wire

/// A test that recognises a device.
package enum DeviceSelector: Hashable, Sendable, CustomStringConvertible {
    case mac(MACAddress)
    /// A maker's name as in the IEEE list, and the blocks the list gives for it.
    case vendor(pattern: String, prefixes: [MACPrefix])
    /// With the blocks the IEEE has assigned although they look made up.
    case macKind(MACKind, assigned: [MACPrefix])
    case interface(InterfaceName)
    /// Any interface that is a VLAN device with this number.
    case vlan(VLANID)
    case prefix(IPPrefix)
    /// Whatever WireGuard lets this peer send.
    case wireGuardPeer(WireGuardKey)
    /// The whole name, whatever the case; `*` for any text. So do the other two.
    case dhcpHostName(TextPattern)
    case dhcpVendorClass(TextPattern)
    case dhcpFingerprint(TextPattern)

    /// Whether it goes by what devices say of themselves.
    package var isClaim: Bool {
        switch self {
        case .dhcpHostName, .dhcpVendorClass, .dhcpFingerprint: true
        case .mac, .vendor, .macKind, .interface, .vlan, .prefix, .wireGuardPeer: false
        }
    }

    package func matches(_ device: DeviceFacts) -> Bool {
        switch self {
        case .mac(let address): device.mac == address
        case .vendor(_, let prefixes):
            device.mac.map { mac in prefixes.contains { $0.contains(mac) } } ?? false
        case .macKind(let kind, let assigned):
            device.mac.flatMap { MACKind(of: $0, assigned: assigned) } == kind
        case .interface(let name): device.interface == name
        case .vlan(let number): device.vlan == number
        case .prefix(let prefix): device.address.map(prefix.contains) ?? false
        case .wireGuardPeer(let key): device.wireGuardPeer == key
        case .dhcpHostName(let pattern): device.dhcp?.hostName.map(pattern.matches) ?? false
        case .dhcpVendorClass(let pattern):
            device.dhcp?.vendorClass.map(pattern.matches) ?? false
        case .dhcpFingerprint(let pattern):
            device.dhcp?.fingerprint.map(pattern.matches) ?? false
        }
    }

    /// Whether the line alone does not say why it fits the device.
    package var isResolved: Bool {
        switch self {
        case .macKind, .vlan, .wireGuardPeer: true
        case .mac, .vendor, .interface, .prefix, .dhcpHostName, .dhcpVendorClass,
            .dhcpFingerprint:
            false
        }
    }

    package var description: String {
        switch self {
        case .mac(let address): "MAC \(address)"
        case .vendor(let pattern, _): "maker \"\(pattern)\""
        case .macKind(let kind, _): "\(kind.rawValue) MAC"
        case .interface(let name): "interface \(name)"
        case .vlan(let number): "VLAN \(number)"
        case .prefix(let prefix): "address in \(prefix)"
        case .wireGuardPeer(let key): "WireGuard peer \(key)"
        case .dhcpHostName(let pattern): "DHCP host name \"\(pattern.text)\""
        case .dhcpVendorClass(let pattern): "DHCP vendor class \"\(pattern.text)\""
        case .dhcpFingerprint(let pattern): "DHCP fingerprint \(pattern.text)"
        }
    }
}

/// What is known of the device a packet came from.
package struct DeviceFacts: Hashable, Sendable {
    package var mac: MACAddress?
    package var address: IPAddress?
    package var interface: InterfaceName?
    /// Nil while it has said nothing, or two things that do not fit together.
    package var dhcp: DHCPIdentity?
    /// The VLAN its interface belongs to; nil where that is no VLAN device.
    package var vlan: VLANID?
    /// The peer it is behind; nil where its interface is none of WireGuard's.
    package var wireGuardPeer: WireGuardKey?

    package init(
        mac: MACAddress?, address: IPAddress?, interface: InterfaceName?,
        dhcp: DHCPIdentity? = nil
    ) {
        self.mac = mac
        self.address = address
        self.interface = interface
        self.dhcp = dhcp
    }
}

/// One file of `devices.d` that gives a tag: any of `match`, none of `except`.
package struct TagRule: Hashable, Sendable {
    package let tag: Tag
    package let match: [Located<DeviceSelector>]
    package let except: [Located<DeviceSelector>]

    package init(
        tag: Tag, match: [Located<DeviceSelector>], except: [Located<DeviceSelector>]
    ) {
        self.tag = tag
        self.match = match
        self.except = except
    }

    /// The line that gives the device this tag, or nil.
    package func grant(to device: DeviceFacts) -> Located<DeviceSelector>? {
        guard !except.contains(where: { $0.value.matches(device) }) else { return nil }
        return match.first { $0.value.matches(device) }
    }
}

/// A single device the operator has given a name and tags in `devices.d`.
package struct KnownDevice: Hashable, Sendable {
    /// `.mac` or a single-address `.prefix`.
    package let selector: DeviceSelector
    /// What it has besides the MAC of `selector`: a cable beside its Wi-Fi. Empty for most.
    package let otherMACs: [MACAddress]
    package let label: String?
    package let tags: [Tag]
    package let source: SourceLocation

    package init(
        selector: DeviceSelector, otherMACs: [MACAddress] = [], label: String?, tags: [Tag],
        source: SourceLocation
    ) {
        self.selector = selector
        self.otherMACs = otherMACs
        self.label = label
        self.tags = tags
        self.source = source
    }

    /// None for a device that is known by its address.
    package var macs: [MACAddress] {
        if case .mac(let mac) = selector { [mac] + otherMACs } else { [] }
    }
}
