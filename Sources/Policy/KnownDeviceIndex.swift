import Wire

/// Finds the devices of `devices.d` by what a packet shows of them: there may be a million, and
/// each new source of packets asks.
struct KnownDeviceIndex: Sendable {
    private var byMAC: [MACAddress: Int32] = [:]
    private var byAddress: [IPAddress: Int32] = [:]
    /// Devices known by anything else, and any that is named again.
    private var others: [Int32] = []

    init(_ devices: [KnownDevice]) {
        byMAC.reserveCapacity(devices.count)
        for (index, device) in devices.enumerated() {
            let number = Int32(index)
            for mac in device.otherMACs where byMAC[mac] == nil { byMAC[mac] = number }
            switch device.selector {
            case .mac(let mac):
                if byMAC[mac] == nil { byMAC[mac] = number } else { others.append(number) }
            case .prefix(let prefix) where prefix.isSingleAddress:
                if byAddress[prefix.base] == nil {
                    byAddress[prefix.base] = number
                } else {
                    others.append(number)
                }
            case .prefix, .vendor, .macKind, .interface, .vlan, .wireGuardPeer, .dhcpHostName,
                .dhcpVendorClass,
                .dhcpFingerprint:
                others.append(number)
            }
        }
    }

    /// The entry that lists this MAC.
    func index(of mac: MACAddress) -> Int? { byMAC[mac].map(Int.init) }

    /// The entries that match, in the order of the files.
    func matches(_ facts: DeviceFacts, in devices: [KnownDevice]) -> [KnownDevice] {
        var numbers: [Int32] = []
        if let number = facts.mac.flatMap({ byMAC[$0] }) { numbers.append(number) }
        if let number = facts.address.flatMap({ byAddress[$0] }) { numbers.append(number) }
        for number in others where devices[Int(number)].selector.matches(facts) {
            numbers.append(number)
        }
        if numbers.count > 1 { numbers.sort() }
        return numbers.map { devices[Int($0)] }
    }
}
