package import Policy
package import Wire

/// What a device has said of itself, as the store keeps it: of those that are cut off, so that they
/// are known again after a restart, and of those that have a tag by it, so that they are inspected.
package struct KeptIdentity: Hashable, Sendable {
    package let mac: MACAddress
    package let identity: DHCPIdentity
    /// The last 64 bits of its link-local addresses, at most `InterfaceIdentifiers.limit`.
    package let interfaceIdentifiers: [UInt64]
    package let interface: InterfaceName
    package let firstSeen: Timestamp
    package let lastSeen: Timestamp
    /// It has been somebody else before, or a free device has said the same.
    package let isDoubtful: Bool
    /// It is as it was when the device was cut off.
    package let isCut: Bool

    package init(
        mac: MACAddress, identity: DHCPIdentity, interfaceIdentifiers: [UInt64] = [],
        interface: InterfaceName, firstSeen: Timestamp, lastSeen: Timestamp, isDoubtful: Bool,
        isCut: Bool
    ) {
        self.mac = mac
        self.identity = identity
        self.interfaceIdentifiers = interfaceIdentifiers
        self.interface = interface
        self.firstSeen = firstSeen
        self.lastSeen = lastSeen
        self.isDoubtful = isDoubtful
        self.isCut = isCut
    }
}

extension DeviceIdentities {
    /// What the store is to keep of this device now; nil for nothing.
    private func kept(_ mac: MACAddress, hasTag: Bool) -> KeptIdentity? {
        guard let profile = profiles[mac] else { return nil }
        let cut = cuts[mac]
        guard cut != nil || hasTag && !profile.identity.isEmpty else { return nil }
        return KeptIdentity(
            mac: mac, identity: cut?.identity ?? profile.identity,
            interfaceIdentifiers: cut?.interfaceIdentifiers ?? [],
            interface: profile.interface, firstSeen: profile.firstSeen,
            lastSeen: cut?.lastSign ?? profile.lastSeen,
            isDoubtful: cut?.isDoubtful ?? (profile.isDoubtful || profile.disputedAt != nil),
            isCut: cut != nil)
    }

    /// The changes since the last call that the store has to know.
    ///
    /// - Parameter hasTag: whether a tag hangs on what the device has said.
    mutating func takeChanges(hasTag: (MACAddress) -> Bool) -> [StoreChange] {
        guard !changed.isEmpty else { return [] }
        defer { changed.removeAll(keepingCapacity: true) }
        return changed.sorted().compactMap { mac in
            // What is kept of a cut device stands as long as it is cut.
            if cuts[mac] != nil, profiles[mac] == nil { return nil }
            if let kept = kept(mac, hasTag: hasTag(mac)) {
                stored.insert(mac)
                return .putIdentity(kept)
            }
            return stored.remove(mac) != nil ? .removeIdentity(mac) : nil
        }
    }
}

extension BlockEngine {
    /// What the store has to know of identities.
    mutating func identityChanges() -> [StoreChange] {
        let tags = claimedTags
        return identities.takeChanges { tags[$0] != nil }
    }

    mutating func keepIdentities() -> [Effect] {
        let changes = identityChanges()
        return changes.isEmpty ? [] : [.keep(changes)]
    }
}
