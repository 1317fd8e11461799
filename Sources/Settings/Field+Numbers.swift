import Wire

extension Field {
    /// One of a few words.
    func choice<Choice: RawRepresentable & CaseIterable>(_: Choice.Type) -> Choice?
    where Choice.RawValue == String {
        choice(among: Choice.allCases.map(\.rawValue)).flatMap(Choice.init(rawValue:))
    }

    func choice(among words: [String]) -> String? {
        let list = orList(words)
        guard let text = scalar(list) else { return nil }
        if words.contains(text) { return text }
        error("\(name) must be \(list), not \(quoted(text))" + didYouMean(text, among: words))
        return nil
    }

    /// A setting for which only one of its planned values exists so far.
    func only(_ supported: String, hint: String) {
        guard let text = scalar(supported), text != supported else { return }
        error("\(name): \(printable(text, limit: 40)) is not supported by this version", hint: hint)
    }

    func flag() -> Bool? {
        guard let text = scalar("true or false") else { return nil }
        switch text {
        case "true": return true
        case "false": return false
        default:
            // What YAML 1.1 took for booleans.
            let words = [
                "yes": "true", "on": "true", "y": "true", "no": "false", "off": "false",
                "n": "false",
            ]
            mustBe("true or false", hint: words[text.lowercased()].map { "Write: \($0)" })
            return nil
        }
    }

    /// A decimal number, or hexadecimal with 0x.
    func integer(in range: ClosedRange<Int>) -> Int? {
        guard let text = scalar("a number") else { return nil }
        let isHexadecimal = text.hasPrefix("0x")
        let digits = isHexadecimal ? text.dropFirst(2) : Substring(text)
        // Int would also take a sign, and YAML 1.1 readers take a leading zero for octal.
        guard digits.utf8.first.map({ $0 != UInt8(ascii: "+") }) ?? false,
            isHexadecimal || digits == "0" || !digits.hasPrefix("0"),
            let number = Int(digits, radix: isHexadecimal ? 16 : 10)
        else {
            mustBe("a number")
            return nil
        }
        guard range.contains(number) else {
            error("\(name) must be \(range.lowerBound) to \(range.upperBound), found \(text)")
            return nil
        }
        return number
    }

    /// A day, as in `2027-12-31`.
    func day() -> CalendarDay? {
        guard let text = scalar("a day") else { return nil }
        if let day = CalendarDay(text) { return day }
        mustBe("a day such as 2027-12-31")
        return nil
    }

    private static let secondsPerUnit: [Character: Int] = ["m": 60, "h": 3_600, "d": 86_400]

    /// A time with its unit (`30m`, `12h`, `30d`), in seconds.
    func durationSeconds(in range: ClosedRange<Int>) -> Int? {
        guard let text = scalar("a time such as 12h or 30d") else { return nil }
        if Int(text) != nil {
            error("\(name): \(text) needs a unit: \(text)h, \(text)d")
            return nil
        }
        guard let unit = text.last, let secondsPerUnit = Self.secondsPerUnit[unit],
            text.dropLast().utf8.allSatisfy({ (48...57).contains($0) }),
            let number = Int(text.dropLast())
        else {
            mustBe("a time such as 30m, 12h or 30d")
            return nil
        }
        let (seconds, overflow) = number.multipliedReportingOverflow(by: secondsPerUnit)
        guard !overflow, range.contains(seconds) else {
            let (least, most) = (Self.words(range.lowerBound), Self.words(range.upperBound))
            error("\(name) must be \(least) to \(most), found \(printable(text, limit: 40))")
            return nil
        }
        return seconds
    }

    private static func words(_ seconds: Int) -> String {
        if seconds % 86_400 == 0 { return "\(seconds / 86_400)d" }
        return seconds % 3_600 == 0 ? "\(seconds / 3_600)h" : "\(seconds / 60)m"
    }
}

/// `a, b or c`
private func orList(_ words: [String]) -> String {
    guard words.count > 1, let last = words.last else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " or " + last
}
