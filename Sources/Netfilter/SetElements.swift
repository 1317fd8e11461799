import CNetfilter
import Firewall
import Glibc
import Wire

/// One element as the kernel takes it. A prefix in an interval set is two: its first address, and
/// the first address behind it, flagged as an end.
struct EncodedElement: Equatable {
    let key: [UInt8]
    let isIntervalEnd: Bool
    let comment: String?

    /// By key; where one interval ends at the key at which the next begins, the end comes first.
    static func precedes(_ left: EncodedElement, _ right: EncodedElement) -> Bool {
        if left.key != right.key { return left.key.lexicographicallyPrecedes(right.key) }
        return left.isIntervalEnd && !right.isIntervalEnd
    }

    /// Octets of the element in a message: nested element, nested key, flags, userdata.
    var messageLength: Int {
        let header = 4
        var length = header + header + header + key.count.aligned
        if isIntervalEnd { length += header + 4 }
        if let comment { length += header + (3 + comment.utf8.count).aligned }
        return length
    }
}

extension NftSet {
    /// The elements in the kernel's form and, for intervals, in ascending order.
    func encoded(_ elements: [SetElement]) throws(NetfilterError) -> [EncodedElement] {
        var encoded: [EncodedElement] = []
        encoded.reserveCapacity(isInterval ? 2 * elements.count : elements.count)
        for element in elements {
            guard let range = range(of: element.key) else {
                throw NetfilterError(
                    "encode element", "\(element.key) of set \(name)", code: EINVAL,
                    detail: "the set holds \(isInterval ? "prefixes" : "keys") of \(key.rawValue)")
            }
            encoded.append(
                EncodedElement(
                    key: range.first, isIntervalEnd: false, comment: element.comment))
            // An interval up to the last address of all has no end.
            if isInterval, let end = range.last.successor {
                encoded.append(EncodedElement(key: end, isIntervalEnd: true, comment: nil))
            }
        }
        if isInterval { encoded.sort(by: EncodedElement.precedes) }
        return encoded
    }

    /// First and last key that `key` covers; nil when it is not of this set's type.
    private func range(of setKey: SetKey) -> (first: [UInt8], last: [UInt8])? {
        let octets: [UInt8]
        switch (setKey, key) {
        case (.mac(let address), .etherAddress): octets = address.octets
        case (.address(let address), .ipv4Address), (.address(let address), .ipv6Address):
            octets = address.octets
        case (.interface(let name), .interfaceName): octets = name.paddedOctets
        case (.family(let family), .protocolFamily): octets = [family.number]
        case (.prefix(let prefix), .ipv4Address), (.prefix(let prefix), .ipv6Address):
            guard prefix.base.octets.count == key.length, isInterval || prefix.isSingleAddress
            else { return nil }
            return (prefix.base.octets, prefix.last.octets)
        default: return nil
        }
        return octets.count == key.length ? (octets, octets) : nil
    }

    /// Kernel elements back in our words: an interval becomes the prefixes that cover it.
    func decoded(_ elements: [EncodedElement]) -> Set<SetElement> {
        guard isInterval else {
            return Set(
                elements.compactMap { element in
                    setKey(element.key).map { SetElement($0, comment: element.comment) }
                })
        }
        let sorted = elements.sorted(by: EncodedElement.precedes)
        var result: Set<SetElement> = []
        for (index, element) in sorted.enumerated() where !element.isIntervalEnd {
            let end = sorted[(index + 1)...].first?.key
            for prefix in IPPrefix.covering(from: element.key, to: end) {
                result.insert(SetElement(.prefix(prefix), comment: element.comment))
            }
        }
        return result
    }

    private func setKey(_ octets: [UInt8]) -> SetKey? {
        switch key {
        case .etherAddress: MACAddress(octets: octets).map(SetKey.mac)
        case .ipv4Address, .ipv6Address: IPAddress(octets: octets).map(SetKey.address)
        case .interfaceName:
            InterfaceName(octets[...].textToZero).map(SetKey.interface)
        case .protocolFamily: IPFamily(number: octets.first ?? 0).map(SetKey.family)
        }
    }
}

extension InterfaceName {
    /// IFNAMSIZ octets, filled with zeros, as the kernel compares names.
    var paddedOctets: [UInt8] {
        Array(text.utf8) + Array(repeating: 0, count: 16 - text.utf8.count)
    }
}

extension IPPrefix {
    /// The fewest prefixes from `first` to the address before `end`; nil: to the last of all.
    static func covering(from first: [UInt8], to end: [UInt8]?) -> [IPPrefix] {
        var prefixes: [IPPrefix] = []
        var next: [UInt8]? = first
        while let start = next, let base = IPAddress(octets: start) {
            if let end, !start.lexicographicallyPrecedes(end) { break }
            // The shortest prefix that starts here and does not reach past the end.
            let candidates = (0...base.bitWidth).lazy.compactMap { IPPrefix(base, length: $0) }
            guard
                let prefix = candidates.first(where: { prefix in
                    guard prefix.base == base else { return false }
                    guard let end else { return true }
                    return prefix.last.octets.lexicographicallyPrecedes(end)
                })
            else { break }
            prefixes.append(prefix)
            next = prefix.last.octets.successor
        }
        return prefixes
    }
}

extension [UInt8] {
    /// The number after this one, most significant octet first; nil after the last.
    fileprivate var successor: [UInt8]? {
        var octets = self
        for index in octets.indices.reversed() {
            octets[index] &+= 1
            if octets[index] != 0 { return octets }
        }
        return nil
    }
}
