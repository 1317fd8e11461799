/// Makes any text safe for a terminal, a log line or a table.
package enum Printable {
    /// Scalars that change a terminal's state, the direction of text or the line it stands on: C0,
    /// DEL and C1 controls (ECMA-48), bidirectional controls (Unicode UAX #9) and the two Unicode
    /// line ends. A device names itself, so any of them may come in a host name.
    package static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00...0x1f, 0x7f...0x9f, 0x061c, 0x200e...0x200f, 0x2028...0x202e,
            0x2066...0x2069, 0xfeff:
            true
        default: false
        }
    }

    /// `text` with every hidden scalar as `\u{1b}`.
    package static func escaped(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isHidden) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isHidden(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// JSON text with every hidden scalar as `\u009b`. Encoders escape C0 only; the others can
    /// stand in strings alone, where the escape means the same (RFC 8259 section 7). Line feeds
    /// stay: between tokens they are layout, inside strings the encoder has escaped them.
    package static func escapedJSON(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isHidden) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if isHidden(scalar), scalar != "\n" {
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
