package import Policy
package import Wire

extension BlockEngine {
    /// What people call the device: the operator's label, else its id.
    package func displayName(of device: DeviceKey) -> String {
        displayName(of: device, facts: devices[device]?.facts ?? facts(of: device))
    }

    func displayName(of device: DeviceKey, facts: DeviceFacts) -> String {
        book.label(of: facts) ?? ReferenceSource.deviceID(device)
    }

    /// What its key alone says of a device that has not been seen.
    package func facts(of device: DeviceKey) -> DeviceFacts {
        switch device {
        case .mac(let mac):
            DeviceFacts(
                mac: mac, address: bindings.addresses(of: mac).last, interface: nil)
        case .address(let address): DeviceFacts(mac: nil, address: address, interface: nil)
        }
    }

    /// Every device that was seen, is cut, exempt, tagged by hand or named in the settings.
    package var knownDevices: [SeenDevice] {
        var all = devices
        func add(_ key: DeviceKey, seen: Timestamp) {
            if all[key] == nil {
                all[key] = SeenDevice(key: key, facts: facts(of: key), lastSeen: seen)
            }
        }
        for block in blocks.values { add(block.device, seen: block.since) }
        for exemption in exemptions.values { add(exemption.device, seen: exemption.since) }
        for list in grants.values { for grant in list { add(grant.device, seen: grant.since) } }
        for known in book.settings.devices {
            for mac in known.macs { add(.mac(mac), seen: Timestamp(microseconds: 0)) }
        }
        return all.values.sorted { $0.key < $1.key }
    }

    /// Where a device is, told by somebody who has seen it.
    package mutating func note(_ source: PacketSource, at now: Timestamp) {
        remember(source.device, facts: source.facts, at: now)
    }

    package func isExempt(_ device: DeviceKey, at now: Timestamp) -> Bool {
        !exemptionsInForce(of: device, at: now).isEmpty
    }

    /// The exemptions of the device under any of its MACs, by id.
    func exemptionsInForce(of device: DeviceKey, at now: Timestamp) -> [Exemption] {
        let relatives = relatives(of: device)
        return exemptions.values
            .filter { relatives.contains($0.device) && ($0.until.map { now < $0 } ?? true) }
            .sorted { $0.id < $1.id }
    }

    /// Finds the one device a MAC, address, label, id or the beginning of one stands for.
    ///
    /// A MAC or address that was never seen stands for itself only with `allowUnseen`.
    package func device(
        named reference: String, allowUnseen: Bool = false
    ) throws(Refusal) -> DeviceKey {
        if let mac = MACAddress(reference) { return .mac(mac) }
        if let address = IPAddress(reference) {
            if bindings.isContested(address), let holder = bindings.holder(of: address),
                let tenant = bindings.tenant(of: address)
            {
                throw Refusal(
                    .ambiguous(candidates: ["\(tenant) (had it before)", "\(holder)"]),
                    "two devices answer for \(address): name one by its MAC")
            }
            if let mac = bindings.holder(of: address) { return .mac(mac) }
            if devices[.address(address)] != nil || blockOfDevice[.address(address)] != nil
                || allowUnseen
            {
                return .address(address)
            }
            if let known = knownDevices.first(where: { $0.facts.address == address }) {
                return known.key
            }
            throw Refusal(
                .notFound, "no device has the address \(address)",
                hint: "regionlock devices lists those that were seen")
        }
        if let id = BlockID(reference.uppercased()), let block = blocks[id] { return block.device }
        return try search(reference)
    }

    private func search(_ reference: String) throws(Refusal) -> DeviceKey {
        let named = knownDevices.map { record in
            (key: record.key, name: displayName(of: record.key, facts: record.facts))
        }
        let exact = named.filter { $0.name == reference }
        if exact.count == 1 { return exact[0].key }
        let wanted = reference.lowercased()
        let candidates =
            exact.isEmpty
            ? named.filter {
                $0.name.lowercased().hasPrefix(wanted)
                    || ReferenceSource.deviceID($0.key).hasPrefix(wanted)
            } : exact
        // One device, whichever of its MACs: the one that is cut off, or was seen last.
        if let first = candidates.first,
            Set(candidates.map(\.key)).isSubset(of: relatives(of: first.key))
        {
            let keys = candidates.map(\.key)
            return keys.first { blockOfDevice[$0] != nil }
                ?? keys.max {
                    (devices[$0]?.lastSeen.microseconds ?? 0)
                        < (devices[$1]?.lastSeen.microseconds ?? 0)
                } ?? first.key
        }
        switch candidates.count {
        case 1: return candidates[0].key
        case 0:
            throw Refusal(
                .notFound, "no device \"\(reference.escapedForPeople)\"",
                hint: "regionlock devices lists those that were seen")
        default:
            throw Refusal(
                .ambiguous(candidates: candidates.map { "\($0.name) (\($0.key))" }),
                "\"\(reference.escapedForPeople)\" fits \(candidates.count) devices")
        }
    }

    /// The block an id, or a cut device, stands for.
    package func blockID(named reference: String) throws(Refusal) -> BlockID {
        if let id = BlockID(reference.uppercased()) {
            if blocks[id] != nil { return id }
            throw Refusal(
                .notFound, "no block \(id) is in force", hint: "regionlock blocks lists them")
        }
        let device = try device(named: reference)
        if let id = blockOfDevice[device] { return id }
        throw Refusal(.notFound, "\(displayName(of: device)) is not cut off")
    }
}

extension String {
    /// Control characters as `\u{..}`: what a person typed is told back, never obeyed.
    package var escapedForPeople: String {
        unicodeScalars.reduce(into: "") { text, scalar in
            if scalar.properties.generalCategory == .control || scalar.value == 0x7f {
                text += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
    }
}
