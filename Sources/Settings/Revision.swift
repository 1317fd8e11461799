/// The short name of a set of files: the same texts have the same one on every machine.
enum Revision {
    /// Sixteen hexadecimal digits, of which people are shown the first four.
    ///
    /// FNV-1a, 64 bit: it tells versions apart and guards nothing.
    static func of(_ files: [SettingsFile]) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func mix(_ text: String) {
            // The zero, which no path holds, keeps "ab" + "c" apart from "a" + "bc".
            for byte in text.utf8 + [0] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        for file in files.sorted(by: { $0.path < $1.path }) {
            mix(file.path)
            mix(file.text)
        }
        let text = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - text.utf8.count) + text
    }
}
