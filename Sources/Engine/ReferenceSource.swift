/// Makes the references people read out on the phone: six signs of Crockford's base 32, a thousand
/// million of them. Seeded from outside, so that tests see the same ones every time.
package struct ReferenceSource: Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> String {
        // SplitMix64 (Steele, Lea, Flood 2014): small, and any seed will do.
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return Self.signs(mixed ^ (mixed >> 31), count: 6)
    }

    /// The id of a device: the same for the same key on every gateway and after every restart.
    package static func deviceID(_ key: DeviceKey) -> String {
        // FNV-1a, 64 bit: stable across processes, unlike Swift's own hashing.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key.description.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        return "d-" + signs(hash, count: 6).lowercased()
    }

    private static func signs(_ value: UInt64, count: Int) -> String {
        var text = ""
        for position in 0..<count {
            let index = Int(truncatingIfNeeded: value >> UInt64(5 * position)) & 31
            text.unicodeScalars.append(Unicode.Scalar(BlockID.alphabet[index]))
        }
        return text
    }
}
