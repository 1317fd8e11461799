/// A value of a MaxMind DB data section (format 2.0), as much of it as databases of regions use.
package indirect enum MilledValue: Hashable, Sendable {
    case map([Entry])
    case array([MilledValue])
    case string(String)
    case uint16(UInt16)
    case uint32(UInt32)
    case uint64(UInt64)
    case boolean(Bool)
    /// Octets as they are, for what no writer writes.
    case raw([UInt8])

    package struct Entry: Hashable, Sendable {
        package let key: String
        package let value: MilledValue

        package init(_ key: String, _ value: MilledValue) {
            self.key = key
            self.value = value
        }
    }

    package static func map(_ entries: KeyValuePairs<String, MilledValue>) -> MilledValue {
        .map(entries.map { Entry($0.key, $0.value) })
    }
}

/// Writes values one behind the other. A string that has been written is pointed to from then on,
/// as other writers do.
package struct ValueWriter {
    package private(set) var octets: [UInt8] = []
    private var places: [String: Int] = [:]
    private let usesPointers: Bool

    package init(usesPointers: Bool) { self.usesPointers = usesPointers }

    /// - Returns: where it begins.
    @discardableResult
    package mutating func write(_ value: MilledValue) -> Int {
        let start = octets.count
        switch value {
        case .map(let entries):
            control(type: 7, size: entries.count)
            for entry in entries {
                write(.string(entry.key))
                write(entry.value)
            }
        case .array(let values):
            control(type: 11, size: values.count)
            for value in values { write(value) }
        case .string(let text): write(text)
        case .uint16(let number): write(UInt64(number), type: 5)
        case .uint32(let number): write(UInt64(number), type: 6)
        case .uint64(let number): write(number, type: 9)
        case .boolean(let flag): control(type: 14, size: flag ? 1 : 0)
        case .raw(let octets): self.octets += octets
        }
        return start
    }

    private mutating func write(_ text: String) {
        // A pointer has two octets at least.
        if usesPointers, text.utf8.count > 1, let place = places[text] {
            pointer(to: place)
            return
        }
        places[text] = octets.count
        control(type: 2, size: text.utf8.count)
        octets += Array(text.utf8)
    }

    private mutating func write(_ number: UInt64, type: UInt8) {
        let digits = (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * UInt64($0))) }
        let short = digits.drop { $0 == 0 }
        control(type: type, size: short.count)
        octets += short
    }

    private mutating func control(type: UInt8, size: Int) {
        let (short, more): (Int, [UInt8]) =
            switch size {
            case ..<29: (size, [])
            case ..<285: (29, [UInt8(size - 29)])
            case ..<65_821: (30, [UInt8((size - 285) >> 8), UInt8((size - 285) & 0xff)])
            default:
                (
                    31,
                    (0..<3).map { UInt8(truncatingIfNeeded: (size - 65_821) >> (16 - 8 * $0)) }
                )
            }
        octets.append((type <= 7 ? type << 5 : 0) | UInt8(short))
        if type > 7 { octets.append(type - 7) }
        octets += more
    }

    /// The shortest of the four forms.
    private mutating func pointer(to place: Int) {
        switch place {
        case ..<2_048: octets += [0x20 | UInt8(place >> 8), UInt8(place & 0xff)]
        case ..<526_336:
            let rest = place - 2_048
            octets += [0x28 | UInt8(rest >> 16), UInt8(rest >> 8 & 0xff), UInt8(rest & 0xff)]
        default:
            let rest = place - 526_336
            octets += [0x30 | UInt8(rest >> 24)]
            octets += (0..<3).map { UInt8(truncatingIfNeeded: rest >> (16 - 8 * $0)) }
        }
    }
}
