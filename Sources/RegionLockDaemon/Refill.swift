import Firewall

/// The elements of cut devices on their way back into tables that somebody else has changed, a
/// slice at a time.
///
/// Adding an element that is there changes nothing, so nobody has to read which are missing: for
/// 100,000 that takes seconds. Whole, they take a fifth of a second in which no packet is answered;
/// in slices packets are answered in between.
struct Refill {
    /// Elements of one transaction: some ten milliseconds.
    static let sliceCount = 4_096

    private struct Part {
        let family: TableFamily
        let set: NftSet
        var rest: Set<SetElement>.Iterator
    }

    private var parts: [Part]
    /// When the repair began, in monotonic nanoseconds.
    let start: UInt64
    /// Touches up to then: any after it may have undone what has been put back.
    let touches: UInt64

    init(_ rulesets: [Ruleset], start: UInt64, touches: UInt64) {
        self.start = start
        self.touches = touches
        parts = rulesets.flatMap { ruleset in
            ruleset.sets.filter { TableSets.changing.contains($0) }.compactMap { set in
                ruleset.elements[set.name].map {
                    Part(family: ruleset.family, set: set, rest: $0.makeIterator())
                }
            }
        }
    }

    /// The next slice; nil when all are in.
    mutating func next() -> TableChange? {
        while !parts.isEmpty {
            var elements: [SetElement] = []
            while elements.count < Self.sliceCount, let element = parts[0].rest.next() {
                elements.append(element)
            }
            let part = parts[0]
            if elements.count < Self.sliceCount { parts.removeFirst() }
            if !elements.isEmpty {
                return TableChange(part.family, [.addElements(set: part.set, elements)])
            }
        }
        return nil
    }
}
