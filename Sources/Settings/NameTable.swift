/// Many short texts, each once, in one piece of memory.
struct NameTable: Sendable {
    private var bytes: [UInt8] = []
    private var ends: [UInt32] = []
    /// While names are added: hash slots with index + 1, zero for a free one. A dictionary with
    /// twenty thousand keys would leave the heap larger by several megabytes for good.
    private var slots = [UInt32](repeating: 0, count: 1 << 10)

    var count: Int { ends.count }

    subscript(index: Int) -> String { withBytes(at: index) { String(decoding: $0, as: UTF8.self) } }

    func withBytes<Result>(at index: Int, _ body: (ArraySlice<UInt8>) -> Result) -> Result {
        let start = index == 0 ? 0 : Int(ends[index - 1])
        return body(bytes[start..<Int(ends[index])])
    }

    /// The index of the name, which is new or was there before.
    mutating func index(adding name: [UInt8]) -> Int {
        if ends.count * 2 >= slots.count { grow() }
        var slot = Self.hash(name[...]) & (slots.count - 1)
        while slots[slot] != 0 {
            let index = Int(slots[slot]) - 1
            if withBytes(at: index, { $0.elementsEqual(name) }) { return index }
            slot = (slot + 1) & (slots.count - 1)
        }
        bytes += name
        ends.append(UInt32(bytes.count))
        slots[slot] = UInt32(ends.count)
        return ends.count - 1
    }

    /// Ends the adding of names.
    mutating func finish() { slots = [] }

    private mutating func grow() {
        slots = [UInt32](repeating: 0, count: max(slots.count, 1 << 9) * 2)
        for index in 0..<count {
            var slot = withBytes(at: index, Self.hash) & (slots.count - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (slots.count - 1) }
            slots[slot] = UInt32(index + 1)
        }
    }

    /// FNV-1a; the names come from the IEEE, nobody picks them to collide.
    private static func hash(_ name: ArraySlice<UInt8>) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in name { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return Int(truncatingIfNeeded: hash >> 1)
    }
}
