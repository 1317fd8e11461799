package import Wire

/// Finds every pattern that matches a name, in time that grows with the name's labels only.
///
/// A flat trie of labels, read from the right: all edges of all nodes lie in one open-addressing
/// table keyed by (node, label), so a lookup touches a few cache lines, allocates nothing and
/// leaves at the first label no pattern has. The hash only says where to look: the label's bytes
/// are kept and compared, so no choice of name can collide into a match.
package struct EndpointIndex: Sendable, Hashable {
    private struct Node: Sendable, Hashable {
        let parent: Int32
        /// Where the label stands in `labels`.
        let offset: Int32
        let length: UInt8
        /// Head of the node's list in `entries`, or `none`.
        var firstEntry: Int32
    }

    private enum Reach: UInt8, Sendable, Hashable {
        case itself
        case itselfAndBelow
        case below
    }

    private struct Entry: Sendable, Hashable {
        let id: Int32
        let reach: Reach
        let next: Int32
    }

    private static let none: Int32 = -1
    private static let root: Int32 = 0

    private let seed: UInt64
    private var nodes: [Node] = [
        Node(parent: none, offset: 0, length: 0, firstEntry: none)
    ]
    private var labels: [UInt8] = []
    private var entries: [Entry] = []
    /// Node numbers by hash; a power of two, at most half full so that probes stay short.
    private var slots: [Int32] = []

    /// `id` is the caller's and comes back from lookups; patterns may share names and ids. `seed`
    /// should be random: it keeps the layout of the table from being known outside.
    package init(_ patterns: [(pattern: EndpointPattern, id: Int32)], seed: UInt64) {
        self.seed = seed
        let labelCount = patterns.reduce(0) { count, entry in
            count + 1 + entry.pattern.name.text.utf8.count { $0 == UInt8(ascii: ".") }
        }
        var capacity = 16
        while capacity < 2 * labelCount { capacity *= 2 }
        slots = Array(repeating: Self.none, count: capacity)
        entries.reserveCapacity(patterns.count)
        // Lists grow at the head: going backwards leaves them in the order given.
        for (pattern, id) in patterns.reversed() {
            let node = Int(insert(NameBuffer(pattern.name.text)))
            let reach: Reach =
                switch pattern {
                case .exact: .itself
                case .suffix: .itselfAndBelow
                case .below: .below
                }
            entries.append(Entry(id: id, reach: reach, next: nodes[node].firstEntry))
            nodes[node].firstEntry = Int32(entries.count - 1)
        }
    }

    package var isEmpty: Bool { entries.isEmpty }

    /// Calls `body` with the id of every pattern that matches `name` (lower case, no trailing dot):
    /// the shortest pattern first, patterns of one name in the order they were given.
    package func forEachMatch(in name: borrowing NameBuffer, _ body: (Int32) -> Void) {
        var node = Self.root
        var end = name.count
        while end > 0 {
            let (start, hash) = label(of: name, endingAt: end, below: node)
            let slot = self.slot(of: name, start..<end, hash: hash, below: node)
            guard slots[slot] != Self.none else { return }
            node = slots[slot]
            visit(node, isWholeName: start == 0, body)
            // The dot before the label; a name that begins with one ends here too.
            end = start - 1
        }
    }

    /// Whether any pattern matches.
    package func matches(_ name: borrowing NameBuffer) -> Bool {
        var found = false
        forEachMatch(in: name) { _ in found = true }
        return found
    }

    private func visit(_ node: Int32, isWholeName: Bool, _ body: (Int32) -> Void) {
        var next = nodes[Int(node)].firstEntry
        while next != Self.none {
            let entry = entries[Int(next)]
            switch entry.reach {
            case .itself: if isWholeName { body(entry.id) }
            case .itselfAndBelow: body(entry.id)
            case .below: if !isWholeName { body(entry.id) }
            }
            next = entry.next
        }
    }

    /// The node of a name, made where it is missing.
    private mutating func insert(_ name: NameBuffer) -> Int32 {
        var node = Self.root
        var end = name.count
        while end > 0 {
            let (start, hash) = label(of: name, endingAt: end, below: node)
            let slot = self.slot(of: name, start..<end, hash: hash, below: node)
            if slots[slot] == Self.none {
                slots[slot] = Int32(nodes.count)
                nodes.append(
                    Node(
                        parent: node, offset: Int32(labels.count), length: UInt8(end - start),
                        firstEntry: Self.none))
                for index in start..<end { labels.append(name[index]) }
            }
            node = slots[slot]
            end = start - 1
        }
        return node
    }

    /// Walks left from `end` to the dot, hashing on the way. FNV-1a's step, keyed by seed and node,
    /// then a mix: the step alone leaves the low bits of short labels close together.
    private func label(
        of name: borrowing NameBuffer, endingAt end: Int, below node: Int32
    ) -> (start: Int, hash: UInt64) {
        var hash = seed ^ UInt64(UInt32(bitPattern: node)) &* 0x9e37_79b9_7f4a_7c15
        var start = end
        while start > 0 {
            let byte = name[start - 1]
            if byte == UInt8(ascii: ".") { break }
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
            start -= 1
        }
        hash ^= hash >> 32
        hash = hash &* 0xd6e8_feb8_6659_fd93
        return (start, hash ^ hash >> 32)
    }

    /// The slot that holds the label's node, or the empty slot where it would stand.
    private func slot(
        of name: borrowing NameBuffer, _ range: Range<Int>, hash: UInt64, below node: Int32
    ) -> Int {
        let mask = slots.count - 1
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] != Self.none {
            let candidate = nodes[Int(slots[slot])]
            if candidate.parent == node, Int(candidate.length) == range.count,
                hasLabel(candidate, equalTo: name, range)
            {
                return slot
            }
            slot = (slot + 1) & mask
        }
        return slot
    }

    private func hasLabel(
        _ node: Node, equalTo name: borrowing NameBuffer, _ range: Range<Int>
    ) -> Bool {
        let offset = Int(node.offset) - range.lowerBound
        for index in range where labels[offset + index] != name[index] { return false }
        return true
    }
}
