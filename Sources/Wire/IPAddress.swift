/// A 32-bit IPv4 address.
package struct IPv4Address: Hashable, Sendable, CustomStringConvertible {
    /// Host order: 10.0.0.1 is 0x0a000001.
    package let value: UInt32

    package init(value: UInt32) { self.value = value }

    /// Reads four decimal octets; leading zeros are refused because readers disagree on them.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard (1...3).contains(part.utf8.count),
                part.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                part.utf8.count == 1 || part.utf8.first != UInt8(ascii: "0"),
                let octet = UInt8(part)
            else { return nil }
            value = value << 8 | UInt32(octet)
        }
        self.value = value
    }

    package var octets: [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
    }
    package var description: String { octets.map(String.init).joined(separator: ".") }
}

/// A 128-bit IPv6 address.
package struct IPv6Address: Hashable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads RFC 4291 section 2.2 text without a zone.
    package init?(_ text: some StringProtocol) {
        guard let groups = Self.groups(of: String(text)) else { return nil }
        self.init(
            high: groups[0..<4].reduce(0) { $0 << 16 | UInt64($1) },
            low: groups[4..<8].reduce(0) { $0 << 16 | UInt64($1) })
    }

    package var octets: [UInt8] {
        [high, low].flatMap { half in
            (0..<8).map { UInt8(truncatingIfNeeded: half >> (56 - 8 * UInt64($0))) }
        }
    }

    /// fe80::/10 (RFC 4291 section 2.5.6).
    package var isLinkLocal: Bool { high >> 54 == 0x3fa }

    /// RFC 5952 text: lower case, the longest run of two or more zero groups as `::`.
    package var description: String {
        let groups = (0..<8).map { index in
            UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> (48 - 16 * UInt64(index % 4)))
        }
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > best.count, end - start > 1 { best = start..<end }
            start = max(end, start + 1)
        }
        func text(_ range: Range<Int>) -> String {
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        return best.isEmpty
            ? text(0..<8) : text(0..<best.lowerBound) + "::" + text(best.upperBound..<8)
    }

    private static func groups(of text: String) -> [UInt16]? {
        let halves = text.splitOnce(separator: "::")
        if halves.count > 1, halves[1].contains("::") { return nil }
        var parsed: [[UInt16]] = []
        for (index, half) in halves.enumerated() {
            guard let groups = plainGroups(half, mayEndInIPv4: index == halves.count - 1) else {
                return nil
            }
            parsed.append(groups)
        }
        if parsed.count == 1 { return parsed[0].count == 8 ? parsed[0] : nil }
        let missing = 8 - parsed[0].count - parsed[1].count
        guard missing >= 1 else { return nil }
        return parsed[0] + Array(repeating: 0, count: missing) + parsed[1]
    }

    private static func plainGroups(_ text: String, mayEndInIPv4: Bool) -> [UInt16]? {
        if text.isEmpty { return [] }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        var groups: [UInt16] = []
        for (index, part) in parts.enumerated() {
            if part.contains("."), mayEndInIPv4, index == parts.count - 1 {
                guard let tail = IPv4Address(part) else { return nil }
                groups += [UInt16(tail.value >> 16), UInt16(truncatingIfNeeded: tail.value)]
            } else {
                guard (1...4).contains(part.utf8.count), part.utf8.allSatisfy(\.isHexDigit),
                    let group = UInt16(part, radix: 16)
                else { return nil }
                groups.append(group)
            }
        }
        return groups
    }
}

/// An address of either family.
package enum IPAddress: Hashable, Sendable, CustomStringConvertible {
    case v4(IPv4Address)
    case v6(IPv6Address)

    package init?(_ text: some StringProtocol) {
        if let v4 = IPv4Address(text) {
            self = .v4(v4)
        } else if let v6 = IPv6Address(text) {
            self = .v6(v6)
        } else {
            return nil
        }
    }

    /// Four or sixteen octets in network order. Nil for any other count.
    package init?(octets: some Collection<UInt8>) {
        switch octets.count {
        case 4: self = .v4(IPv4Address(value: octets.reduce(0) { $0 << 8 | UInt32($1) }))
        case 16:
            self = .v6(
                IPv6Address(
                    high: octets.prefix(8).reduce(0) { $0 << 8 | UInt64($1) },
                    low: octets.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }))
        default: return nil
        }
    }

    package var octets: [UInt8] {
        switch self {
        case .v4(let address): address.octets
        case .v6(let address): address.octets
        }
    }

    package var bitWidth: Int {
        switch self {
        case .v4: 32
        case .v6: 128
        }
    }

    package var description: String {
        switch self {
        case .v4(let address): address.description
        case .v6(let address): address.description
        }
    }
}

extension String {
    /// The text before and after the first separator; one element when there is none.
    fileprivate func splitOnce(separator: String) -> [String] {
        var index = startIndex
        while index < endIndex {
            if self[index...].hasPrefix(separator) {
                let after = self.index(index, offsetBy: separator.count)
                return [String(self[..<index]), String(self[after...])]
            }
            index = self.index(after: index)
        }
        return [self]
    }
}
