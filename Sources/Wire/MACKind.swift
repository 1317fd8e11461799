/// Who gave a device its MAC address.
package enum MACKind: String, Hashable, Sendable, CaseIterable {
    /// Made up: the locally administered bit is set (IEEE 802-2014, 8.2.2), and the IEEE has not
    /// assigned the block.
    case random
    /// A maker, from a block of the IEEE's.
    case fixed

    /// The bits that decide, but for the assigned blocks: group and locally administered.
    package static let mask = MACAddress(value: 0x0300_0000_0000)

    /// What the bits of `mask` are in an address of this kind.
    package var bits: MACAddress {
        switch self {
        case .random: MACAddress(value: 0x0200_0000_0000)
        case .fixed: MACAddress(value: 0)
        }
    }

    /// Nil for an address that no device can have.
    ///
    /// - Parameter assigned: blocks of the IEEE's with the locally administered bit.
    package init?(of address: MACAddress, assigned: some Sequence<MACPrefix>) {
        guard address.isDevice else { return nil }
        let isMadeUp = address.isLocallyAdministered && !assigned.contains { $0.contains(address) }
        self = isMadeUp ? .random : .fixed
    }
}
