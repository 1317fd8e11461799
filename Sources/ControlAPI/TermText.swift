package import Policy

extension BlockTerm {
    private static let units: [(suffix: Character, seconds: Int64)] = [
        ("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1),
    ]
    /// Six digits: 999,999 of the largest unit still fit 64 bits of seconds.
    private static let maximumDigits = 6

    /// Reads `90s`, `30m`, `12h`, `30d`, `2w` or `ever`; nil for anything else.
    package init?(text: String) {
        if text == "ever" {
            self = .untilReleased
            return
        }
        let digits = text.dropLast()
        guard let unit = Self.units.first(where: { $0.suffix == text.last }),
            (1...Self.maximumDigits).contains(digits.utf8.count), digits.first != "0",
            digits.utf8.allSatisfy({ (48...57).contains($0) }), let count = Int64(digits)
        else { return nil }
        self = .seconds(count * unit.seconds)
    }

    /// The same in the largest unit that divides it: `12h`, `ever`.
    package var text: String {
        guard case .seconds(let seconds) = self else { return "ever" }
        let unit = Self.units.first { seconds % $0.seconds == 0 } ?? ("s", 1)
        return "\(seconds / unit.seconds)\(unit.suffix)"
    }
}

extension BlockTerm: Codable {
    package init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let term = BlockTerm(text: text) else {
            throw BrokenRule.error(
                "needs a number with a unit, such as 12h or 30d, or \"ever\"", in: decoder)
        }
        self = term
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
