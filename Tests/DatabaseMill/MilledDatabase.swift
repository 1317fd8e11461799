package import Wire

/// A MaxMind DB made from scratch: the same networks give the same bytes.
package struct MilledDatabase {
    /// 24, 28 or 32 bits for each half of a node.
    package var recordBits = 24
    package var type: String
    package var buildEpoch: UInt64
    /// 4 or 6; in a tree of IPv6 the addresses of IPv4 are the last 32 bits (::/96).
    package var ipVersion: Int
    private var nodes: [[Child]] = [[.nothing, .nothing]]
    private var values = ValueWriter(usesPointers: true)
    private var places: [MilledValue: Int] = [:]

    private enum Child {
        case nothing
        case node(Int)
        case value(Int)
    }

    package init(type: String, buildEpoch: UInt64, ipVersion: Int = 6) {
        self.type = type
        self.buildEpoch = buildEpoch
        self.ipVersion = ipVersion
    }

    /// Wider networks first: a later one takes its part out of those before.
    package mutating func add(_ network: IPPrefix, _ value: MilledValue) {
        let place = places[value] ?? values.write(value)
        places[value] = place
        var bits: [Bool] = network.base.octets.flatMap { octet -> [Bool] in
            (0..<8).map { place in octet >> (7 - UInt8(place)) & 1 == 1 }
        }
        bits = Array(bits.prefix(network.length))
        if ipVersion == 6, network.base.bitWidth == 32 {
            bits = Array(repeating: false, count: 96) + bits
        }
        precondition(!bits.isEmpty, "the whole of the internet is in no region")
        var node = 0
        for bit in bits.dropLast() { node = child(of: node, bit) }
        nodes[node][bits.last == true ? 1 : 0] = .value(place)
    }

    private mutating func child(of node: Int, _ bit: Bool) -> Int {
        let side = bit ? 1 : 0
        let both: [Child]
        switch nodes[node][side] {
        case .node(let next): return next
        case .nothing: both = [.nothing, .nothing]
        case .value(let place): both = [.value(place), .value(place)]
        }
        nodes.append(both)
        nodes[node][side] = .node(nodes.count - 1)
        return nodes.count - 1
    }

    /// Where the metadata begins, in `octets`.
    package var metadataOffset: Int { octets.count - metadata.count }

    package var octets: [UInt8] {
        let tree = nodes.flatMap { encoded($0.map(number)) }
        return tree + Array(repeating: 0, count: 16) + values.octets + metadata
    }

    private var metadata: [UInt8] {
        var writer = ValueWriter(usesPointers: false)
        writer.write(
            .map([
                "binary_format_major_version": .uint16(2),
                "binary_format_minor_version": .uint16(0),
                "build_epoch": .uint64(buildEpoch),
                "database_type": .string(type),
                "description": .map(["en": .string("made by a test")]),
                "ip_version": .uint16(UInt16(ipVersion)),
                "languages": .array([.string("en")]),
                "node_count": .uint32(UInt32(nodes.count)),
                "record_size": .uint16(UInt16(recordBits)),
            ]))
        return [0xab, 0xcd, 0xef] + Array("MaxMind.com".utf8) + writer.octets
    }

    private func number(_ child: Child) -> UInt32 {
        switch child {
        case .nothing: UInt32(nodes.count)
        case .node(let node): UInt32(node)
        case .value(let place): UInt32(nodes.count + 16 + place)
        }
    }

    private func encoded(_ halves: [UInt32]) -> [UInt8] {
        func low(_ number: UInt32) -> [UInt8] {
            (0..<3).map { UInt8(truncatingIfNeeded: number >> (16 - 8 * UInt32($0))) }
        }
        let (left, right) = (halves[0], halves[1])
        switch recordBits {
        case 24: return low(left) + low(right)
        case 28:
            let middle = UInt8(left >> 20 & 0xf0) | UInt8(right >> 24 & 0x0f)
            return low(left) + [middle] + low(right)
        default:
            return halves.flatMap { half in
                (0..<4).map { UInt8(truncatingIfNeeded: half >> (24 - 8 * UInt32($0))) }
            }
        }
    }
}
