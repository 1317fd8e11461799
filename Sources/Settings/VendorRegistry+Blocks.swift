package import Wire

extension VendorRegistry {
    /// Blocks that were assigned while the second bit of an address had no meaning yet. Debian's
    /// list of 2022 has these and no others; none has been assigned since IEEE 802-1990.
    private static let oldLocalBlocks: [UInt64] = [
        0x020701, 0x021c7c, 0x026086, 0x02608c, 0x027001, 0x0270b0, 0x0270b3, 0x029d8e, 0x02aa3c,
        0x02bb01, 0x02c08c, 0x02cf1c, 0x02e6d3, 0xaa0000, 0xaa0001, 0xaa0002, 0xaa0003, 0xaa0004,
    ]

    /// Those of the list and those that are known to be in it, in order: there may be no list.
    func localBlocks() -> [MACPrefix] {
        var found = Set(
            Self.oldLocalBlocks.map { MACPrefix(base: MACAddress(value: $0 << 24), length: 24) })
        for (length, sorted) in blocks {
            for block in sorted {
                let prefix = Self.prefix(of: block, length: length)
                if prefix.base.isLocallyAdministered, !prefix.base.isGroup { found.insert(prefix) }
            }
        }
        return found.sorted()
    }

    /// Nil for an address that no device can have.
    package func kind(of address: MACAddress) -> MACKind? {
        MACKind(of: address, assigned: assignedLocalBlocks)
    }

    static func prefix(of block: UInt64, length: Int) -> MACPrefix {
        let value = (block >> UInt64(indexBits)) << UInt64(48 - length)
        return MACPrefix(base: MACAddress(value: value), length: length)
    }

    /// What of a block nobody else has a longer block in: the longest prefix says who the maker is.
    ///
    /// - Parameter own: all blocks of the makers that are looked for.
    func parts(of block: MACPrefix, among own: Set<MACPrefix>) -> [MACPrefix] {
        guard hasLongerBlock(in: block, notIn: own),
            let length = Self.lengths.last(where: { $0 > block.length })
        else { return [block] }
        return (0..<UInt64(1) << UInt64(length - block.length)).flatMap { number in
            let value = block.base.value | number << UInt64(48 - length)
            let part = MACPrefix(base: MACAddress(value: value), length: length)
            // One that is assigned is another's, or stands among their own.
            return isAssigned(part) ? [] : parts(of: part, among: own)
        }
    }

    private func hasLongerBlock(in block: MACPrefix, notIn own: Set<MACPrefix>) -> Bool {
        Self.lengths.contains { length in
            length > block.length
                && within(block, length: length).contains {
                    !own.contains(Self.prefix(of: $0, length: length))
                }
        }
    }

    private func isAssigned(_ prefix: MACPrefix) -> Bool {
        !within(prefix, length: prefix.length).isEmpty
    }

    /// The entries of one length that lie in a block which is not longer.
    private func within(_ block: MACPrefix, length: Int) -> ArraySlice<UInt64> {
        guard let sorted = blocks[length] else { return [] }
        let first = block.base.value >> UInt64(48 - length)
        let behind = first + 1 << UInt64(length - block.length)
        return sorted[
            sorted.firstIndex(
                notBelow: first << UInt64(Self.indexBits))..<sorted.firstIndex(
                    notBelow: behind << UInt64(Self.indexBits))]
    }
}
