/// Bytes that are not what the format allows, or more than a record may hold.
package struct RecordFault: Error, Hashable, Sendable {
    package let text: StaticString

    init(_ text: StaticString) { self.text = text }

    package static func == (left: Self, right: Self) -> Bool { "\(left.text)" == "\(right.text)" }
    package func hash(into hasher: inout Hasher) { hasher.combine("\(text)") }
}

/// Reads values of a MaxMind DB data section (format 2.0, "Data Section").
///
/// Only what is asked for is read; the rest is stepped over. A pointer is followed once, never to
/// another one, so that no bytes can make a loop; every value costs one of `GeoIPLimits.values`.
package struct RecordReader {
    enum Kind: Hashable {
        case map, array, string, unsigned, other
    }

    /// One value: where what it holds begins, and where in the stream the next one does.
    struct Node {
        let kind: Kind
        /// Octets of a string or number, entries of a map or array.
        let size: Int
        let start: Int
        /// Nil for a map or array that stands here itself: only stepping over it tells.
        let next: Int?
    }

    private var valuesLeft = GeoIPLimits.values

    package init() {}

    // MARK: Values

    /// The value at `offset`, behind its pointer if it is one.
    mutating func node(_ bytes: Span<UInt8>, at offset: Int) throws(RecordFault) -> Node {
        let header = try header(bytes, at: offset)
        guard header.type == 1 else { return try node(bytes, header) }
        let target = try self.header(bytes, at: header.size)
        guard target.type != 1 else { throw RecordFault("a pointer leads to a pointer") }
        let node = try node(bytes, target)
        return Node(kind: node.kind, size: node.size, start: node.start, next: header.end)
    }

    /// The value of `key` in a map; nil where it has none.
    mutating func value(
        _ bytes: Span<UInt8>, of key: StaticString, in map: Node
    ) throws(RecordFault) -> Node? {
        guard map.kind == .map else { return nil }
        var offset = map.start
        for _ in 0..<map.size {
            let name = try node(bytes, at: offset)
            guard name.kind == .string, let next = name.next else {
                throw RecordFault("a key is not a string")
            }
            if Self.equal(bytes, name, key) { return try node(bytes, at: next) }
            offset = try skip(bytes, at: next, depth: 1)
        }
        return nil
    }

    /// The first elements of an array.
    mutating func elements(
        _ bytes: Span<UInt8>, of array: Node, limit: Int
    ) throws(RecordFault) -> [Node] {
        guard array.kind == .array else { return [] }
        var nodes: [Node] = []
        var offset = array.start
        for _ in 0..<min(array.size, limit) {
            nodes.append(try node(bytes, at: offset))
            offset = try skip(bytes, at: offset, depth: 1)
        }
        return nodes
    }

    /// A string of at most `limit` printable ASCII characters; nil for any other.
    func text(_ bytes: Span<UInt8>, of node: Node, limit: Int) -> String? {
        guard node.kind == .string, (1...limit).contains(node.size) else { return nil }
        var text = ""
        for place in node.start..<node.start + node.size {
            guard (0x20...0x7e).contains(bytes[place]) else { return nil }
            text.unicodeScalars.append(Unicode.Scalar(bytes[place]))
        }
        return text
    }

    /// Nil for what is no unsigned number of at most 8 octets.
    func number(_ bytes: Span<UInt8>, of node: Node) -> UInt64? {
        guard node.kind == .unsigned, node.size <= 8 else { return nil }
        return (0..<node.size).reduce(0) { $0 << 8 | UInt64(bytes[node.start + $1]) }
    }

    /// Steps over the value and all within it; pointers lead out of it and are not followed.
    ///
    /// - Returns: where the next value begins.
    @discardableResult
    mutating func skip(
        _ bytes: Span<UInt8>, at offset: Int, depth: Int
    ) throws(RecordFault) -> Int {
        guard depth <= GeoIPLimits.depth else { throw RecordFault("too many levels") }
        let header = try header(bytes, at: offset)
        if header.type == 1 { return header.end }
        let node = try node(bytes, header)
        if let next = node.next { return next }
        var end = node.start
        for _ in 0..<node.size {
            if node.kind == .map { end = try skip(bytes, at: end, depth: depth + 1) }
            end = try skip(bytes, at: end, depth: depth + 1)
        }
        return end
    }

    // MARK: Control octets

    /// - size: of a pointer (type 1) its target.
    /// - end: the first octet behind the control octets.
    private typealias Header = (type: UInt8, size: Int, end: Int)

    private mutating func header(
        _ bytes: Span<UInt8>, at offset: Int
    ) throws(RecordFault) -> Header {
        guard valuesLeft > 0 else { throw RecordFault("too many values") }
        valuesLeft -= 1
        let control = try octet(bytes, offset)
        var end = offset + 1
        var type = control >> 5
        if type == 1 { return try pointer(bytes, control, end) }
        if type == 0 {
            // The types from 8 on stand in the next octet, less 7.
            let extended = try octet(bytes, end)
            guard (1...8).contains(extended) else { throw RecordFault("there is no such type") }
            type = extended + 7
            end += 1
        }
        var size = Int(control & 0x1f)
        if size >= 29 {
            let count = size - 28
            var value = 0
            for place in 0..<count { value = value << 8 | Int(try octet(bytes, end + place)) }
            end += count
            size = value + [29, 285, 65_821][count - 1]
        }
        return (type, size, end)
    }

    private func pointer(
        _ bytes: Span<UInt8>, _ control: UInt8, _ start: Int
    ) throws(RecordFault) -> Header {
        let count = Int(control >> 3 & 3) + 1
        // With four octets the three bits of the control octet do not count.
        var target = count == 4 ? 0 : Int(control & 7)
        for place in 0..<count { target = target << 8 | Int(try octet(bytes, start + place)) }
        return (1, target + [0, 2_048, 526_336, 0][count - 1], start + count)
    }

    private func node(_ bytes: Span<UInt8>, _ header: Header) throws(RecordFault) -> Node {
        let (type, size, start) = header
        switch type {
        case 7: return Node(kind: .map, size: size, start: start, next: nil)
        case 11: return Node(kind: .array, size: size, start: start, next: nil)
        // A boolean is its size, and has no octets.
        case 14: return Node(kind: .other, size: 0, start: start, next: start)
        default:
            guard size <= bytes.count - start else {
                throw RecordFault("a value ends beyond the file")
            }
            let kind: Kind =
                switch type {
                case 2: .string
                case 5, 6, 9: .unsigned
                default: .other
                }
            return Node(kind: kind, size: size, start: start, next: start + size)
        }
    }

    private func octet(_ bytes: Span<UInt8>, _ offset: Int) throws(RecordFault) -> UInt8 {
        guard bytes.indices.contains(offset) else {
            throw RecordFault("a value ends beyond the file")
        }
        return bytes[offset]
    }

    private static func equal(_ bytes: Span<UInt8>, _ node: Node, _ key: StaticString) -> Bool {
        guard node.size == key.utf8CodeUnitCount else { return false }
        return "\(key)".utf8.enumerated().allSatisfy { bytes[node.start + $0.offset] == $0.element }
    }
}
