import Policy
package import Wire

/// The IEEE's list of who makes the devices whose MAC begins with what (MA-L, MA-M and MA-S).
///
/// The 42,000 blocks of 2022 take under 1 MB: each is one integer, and each name is kept once.
package struct VendorRegistry: Sendable {
    /// Prefix lengths the IEEE assigns, the most exact first: an MA-L block that the IEEE keeps for
    /// itself is cut up into MA-M and MA-S blocks of others.
    static let lengths = [36, 28, 24]
    /// A name's index has 24 bits below the prefix.
    static let indexBits = 24

    /// Registry, assignment and name; the address that follows is of no use.
    static let fieldsUsed = 3

    /// By length: `prefix << 24 | index of the name`, sorted.
    private(set) var blocks: [Int: [UInt64]] = [:]
    private var names = NameTable()

    /// The assigned blocks with the locally administered bit, in order.
    package private(set) var assignedLocalBlocks: [MACPrefix] = []

    /// A registry that knows nobody.
    package init() { assignedLocalBlocks = localBlocks() }

    /// - Parameter csv: Contents of `oui.csv`, `mam.csv`, `oui36.csv` in any order, each with the
    ///   header `Registry,Assignment,Organization Name,Organization Address`.
    package init(csv: [String]) {
        var registry = VendorRegistry()
        for text in csv {
            var reader = CSVReader(keeping: Self.fieldsUsed)
            reader.feed(text.utf8) { registry.add($0) }
            reader.finish { registry.add($0) }
        }
        self = registry.finished()
    }

    /// Takes in one record; the header and what is no assignment are passed over.
    mutating func add(_ fields: [[UInt8]]) {
        guard fields.count == Self.fieldsUsed, fields[2] != Self.parentName,
            Self.lengths.contains(fields[1].count * 4),
            let prefix = UInt64(String(decoding: fields[1], as: UTF8.self), radix: 16)
        else { return }
        let index = UInt64(names.index(adding: fields[2]))
        blocks[fields[1].count * 4, default: []].append(prefix << UInt64(Self.indexBits) | index)
    }

    /// The registry ready for look-ups, without the memory only adding needs.
    consuming func finished() -> VendorRegistry {
        for length in Self.lengths { blocks[length]?.sort() }
        names.finish()
        assignedLocalBlocks = localBlocks()
        return self
    }

    /// The owner of MA-L blocks that are cut up: a name that would say nothing about a device.
    private static let parentName = Array("IEEE Registration Authority".utf8)

    package var isEmpty: Bool { blocks.isEmpty }

    /// The maker's name, from the longest prefix that fits. Nil for unknown blocks and, after that
    /// look-up only, for random addresses: 18 assigned blocks have the locally administered bit.
    package func maker(of address: MACAddress) -> String? {
        for length in Self.lengths {
            guard let sorted = blocks[length] else { continue }
            let prefix = address.value >> UInt64(48 - length)
            let index = sorted.firstIndex(notBelow: prefix << UInt64(Self.indexBits))
            if index < sorted.count, sorted[index] >> UInt64(Self.indexBits) == prefix {
                return names[Self.nameIndex(sorted[index])]
            }
        }
        return nil
    }

    /// The blocks of every maker whose name fits, in order. What of them is another maker's longer
    /// block is left out, so that whoever looks for a prefix need not know of longer ones.
    ///
    /// - Parameter pattern: In either case. With `*` (any text) it is the whole name, without it is
    ///   a part of the name.
    package func prefixes(matching pattern: String) -> [MACPrefix] {
        let glob = TextPattern(pattern.contains("*") ? pattern : "*\(pattern)*")
        let fitting = Set((0..<names.count).filter { names.withBytes(at: $0, glob.matches) })
        guard !fitting.isEmpty else { return [] }
        var prefixes: Set<MACPrefix> = []
        for (length, sorted) in blocks {
            for block in sorted where fitting.contains(Self.nameIndex(block)) {
                let value = (block >> UInt64(Self.indexBits)) << UInt64(48 - length)
                prefixes.insert(MACPrefix(base: MACAddress(value: value), length: length))
            }
        }
        return prefixes.flatMap { parts(of: $0, among: prefixes) }.sorted()
    }

    private static func nameIndex(_ block: UInt64) -> Int { Int(block & (1 << indexBits - 1)) }
}

extension [UInt64] {
    /// Index of the first element that is not below `value`, in a sorted array.
    func firstIndex(notBelow value: UInt64) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle] < value { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
