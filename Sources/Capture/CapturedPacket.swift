package import Wire

/// What stands before a packet in the file.
package struct CapturedPacket: Hashable, Sendable {
    /// 1 for the first packet of the file, as Wireshark counts.
    package let number: UInt64
    package let link: LinkType
    /// As the capturing machine called it; nil where the file does not say.
    package let interface: InterfaceName?
    /// Since 1970; nil where the file has no time for it.
    package let nanoseconds: Int64?
    /// Octets it had on the wire; more than were kept when the capture has a snap length.
    package let originalLength: Int

    package init(
        number: UInt64, link: LinkType, interface: InterfaceName?, nanoseconds: Int64?,
        originalLength: Int
    ) {
        self.number = number
        self.link = link
        self.interface = interface
        self.nanoseconds = nanoseconds
        self.originalLength = originalLength
    }
}

/// The link layers that are read (https://www.tcpdump.org/linktypes.html).
package enum LinkType: Hashable, Sendable {
    case ethernet
    /// IPv4 or IPv6 without anything before it.
    case raw
    /// Linux "any", the first form.
    case sll
    /// Linux "any", with the interface's index.
    case sll2

    /// 12 and 14 are DLT_RAW as some systems write it instead of 101.
    package init?(number: Int) {
        switch number {
        case 1: self = .ethernet
        case 12, 14, 101, 228, 229: self = .raw
        case 113: self = .sll
        case 276: self = .sll2
        default: return nil
        }
    }
}

/// An interface packets were captured on.
struct CaptureInterface: Hashable, Sendable {
    /// Nil for a link layer that is not read: its packets are counted.
    let link: LinkType?
    let name: InterfaceName?
    let clock: CaptureClock
    /// Octets that were kept of each packet; 0: all.
    let snapLength: Int
}

/// How an interface counts time.
struct CaptureClock: Hashable, Sendable {
    private enum Unit: Hashable {
        case multiply(UInt64)
        case divide(UInt64)
        /// Seconds in 2^n parts.
        case binary(UInt64)
    }

    private let unit: Unit
    private let offsetNanoseconds: Int64

    static let microseconds = CaptureClock(decimals: 6)
    static let nanoseconds = CaptureClock(decimals: 9)

    private init(decimals: Int) {
        unit = .multiply(decimals == 9 ? 1 : 1_000)
        offsetNanoseconds = 0
    }

    /// if_tsresol and if_tsoffset (draft-ietf-opsawg-pcapng, section 4.2). Nil for a resolution no
    /// 64-bit number of ticks makes use of.
    init?(resolution: UInt8, offsetSeconds: Int64) {
        let exponent = Int(resolution & 0x7f)
        if resolution & 0x80 != 0 {
            guard exponent < 64 else { return nil }
            unit = .binary(UInt64(exponent))
        } else {
            guard exponent <= 18 else { return nil }
            var power: UInt64 = 1
            for _ in 0..<abs(9 - exponent) { power *= 10 }
            unit = exponent <= 9 ? .multiply(power) : .divide(power)
        }
        let (offset, isBeyond) = offsetSeconds.multipliedReportingOverflow(by: 1_000_000_000)
        offsetNanoseconds = isBeyond ? 0 : offset
    }

    /// Stops at the ends of the range: a damaged time must not end the reading.
    func nanoseconds(_ ticks: UInt64) -> Int64 {
        let sinceOffset: UInt64
        switch unit {
        case .multiply(let factor):
            let (product, isBeyond) = ticks.multipliedReportingOverflow(by: factor)
            sinceOffset = isBeyond ? .max : product
        case .divide(let divisor): sinceOffset = ticks / divisor
        case .binary(let bits):
            let (seconds, isBeyond) = (ticks >> bits).multipliedReportingOverflow(
                by: 1_000_000_000)
            let part = (ticks & (1 << bits &- 1)).multipliedFullWidth(by: 1_000_000_000)
            let fraction = bits == 0 ? 0 : part.high << (64 - bits) | part.low >> bits
            sinceOffset = isBeyond ? .max : seconds.addingReportingOverflow(fraction).partialValue
        }
        let (sum, isBeyond) = Int64(clamping: sinceOffset)
            .addingReportingOverflow(offsetNanoseconds)
        return isBeyond ? .max : sum
    }
}
