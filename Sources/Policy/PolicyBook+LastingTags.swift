import Wire

/// Tags by what a device keeps wherever it is: its MAC, or the address it is known by. A block goes
/// on while its device may have a tag of the policy, so what is not known is no ground to end it.
extension PolicyBook {
    /// Whether the files may give the device one of the tags: by its key, or by where it may be and
    /// what it may say.
    ///
    /// - Parameter device: with nothing but the MAC or the address it is known by.
    package func mayGive(_ tags: Set<Tag>, to device: DeviceFacts) -> Bool {
        if device.mac != nil, !tags.isDisjoint(with: tagsByAddress) { return true }
        if lists(device, with: tags) { return true }
        return settings.tagRules.contains {
            tags.contains($0.tag) && $0.givesForGood(to: device) != false
        }
    }

    /// Whether the files give the device the tag wherever it is and whatever it says.
    ///
    /// - Parameter device: with nothing but the MAC or the address it is known by.
    package func gives(_ tag: Tag, forGoodTo device: DeviceFacts) -> Bool {
        guard givenTags.contains(tag) else { return false }
        return lists(device, with: [tag])
            || settings.tagRules.contains { $0.tag == tag && $0.givesForGood(to: device) == true }
    }
}

extension TagRule {
    /// Nil where it depends on where the device is or what it says.
    ///
    /// - Parameter device: with nothing but the MAC or the address it is known by.
    package func givesForGood(to device: DeviceFacts) -> Bool? {
        var mayFit = false
        var fits = false
        for line in match {
            guard let answer = line.value.fitsForGood(device) else {
                mayFit = true
                continue
            }
            if answer { fits = true }
        }
        guard mayFit || fits else { return false }
        for line in except {
            guard let answer = line.value.fitsForGood(device) else {
                fits = false
                continue
            }
            if answer { return false }
        }
        return fits ? true : nil
    }
}

extension DeviceSelector {
    /// Nil where it depends on where the device is, what it says, or lists that cannot be read.
    fileprivate func fitsForGood(_ device: DeviceFacts) -> Bool? {
        let hasMAC = device.mac != nil
        switch self {
        case .mac, .macKind: return matches(device)
        // Without the makers' lists nobody is of any maker.
        case .vendor(_, let prefixes): return hasMAC && prefixes.isEmpty ? nil : matches(device)
        case .prefix: return hasMAC ? nil : matches(device)
        case .interface, .vlan: return nil
        // Whoever is behind one has no MAC, and whoever has none says nothing by DHCP.
        case .wireGuardPeer: return hasMAC ? false : nil
        case .dhcpHostName, .dhcpVendorClass, .dhcpFingerprint: return hasMAC ? nil : false
        }
    }
}
