/// Numbers in network order.
package enum Octets {
    package static func big16(_ value: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
    }

    package static func big32(_ value: UInt32) -> [UInt8] {
        big16(Int(value >> 16)) + big16(Int(value & 0xffff))
    }

    /// RFC 1071.
    package static func checksum(_ octets: [UInt8], startingWith start: Int = 0) -> Int {
        var sum = start
        for index in stride(from: 0, to: octets.count - 1, by: 2) {
            sum += Int(octets[index]) << 8 | Int(octets[index + 1])
        }
        if octets.count & 1 == 1 { sum += Int(octets[octets.count - 1]) << 8 }
        while sum > 0xffff { sum = sum & 0xffff + sum >> 16 }
        return sum
    }
}

/// A generator with a seed, so that the same run makes the same octets (Steele et al., 2014).
package struct SplitMix64: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }

    package mutating func octets(_ count: Int) -> [UInt8] {
        var octets: [UInt8] = []
        octets.reserveCapacity(count + 7)
        while octets.count < count {
            let word = next()
            for shift in stride(from: 0, to: 64, by: 8) {
                octets.append(UInt8(truncatingIfNeeded: word >> UInt64(shift)))
            }
        }
        octets.removeLast(octets.count - count)
        return octets
    }
}
