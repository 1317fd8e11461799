import CInitialSeal
import CNettle

/// What a QUIC client sends first, octet by octet, with nothing of the code under test but the keys
/// (which have their own test against the RFCs).
package struct Initial {
    /// Wire numbers of the versions (RFC 9000 section 15, RFC 9369 section 3.1).
    package static let version1: UInt32 = 1
    package static let version2: UInt32 = 0x6b33_43cf

    private static let tagSize = Int(CNT_TAG_SIZE)

    package var version: UInt32
    /// The destination that stands in the header.
    package var connectionID: [UInt8]
    /// What the keys are made of, where that is another.
    package var keysID: [UInt8]?
    package var sourceID: [UInt8] = [0xc1, 0x1e]
    package var token: [UInt8] = []
    package var number: UInt32 = 0
    /// Octets of the packet number: 1...4.
    package var numberLength = 4
    package var frames: [UInt8]

    package init(
        _ frames: [UInt8], version: UInt32 = version1,
        connectionID: [UInt8] = [0x83, 0x94, 0xc8, 0xf0, 0x3e, 0x51, 0x57, 0x08]
    ) {
        self.frames = frames
        self.version = version
        self.connectionID = connectionID
    }

    /// RFC 9000 section 17.2.2. `count` octets with PADDING frames, where it is not more already.
    package func packet(paddedTo count: Int = 0) -> [UInt8] {
        // A sample must be had (RFC 9001 section 5.4.2).
        let least = 4 - numberLength
        var body = frames + [UInt8](repeating: 0, count: max(0, least - frames.count))
        let known = header(length: 0).count + numberLength + Self.tagSize
        body += [UInt8](repeating: 0, count: max(0, count - known - body.count))
        let length = numberLength + body.count + Self.tagSize
        let header = header(length: length)
        let numberOctets = (0..<numberLength).reversed().map {
            UInt8(truncatingIfNeeded: number >> UInt32($0 * 8))
        }
        var packet = header + numberOctets + body
        let sealed = packet.count
        packet += [UInt8](repeating: 0, count: Self.tagSize)
        var keys = cnt_initial_keys()
        let id = keysID ?? connectionID
        precondition(cnt_client_keys(version, id, id.count, &keys) == 0)
        cis_seal_initial(&keys, &packet, sealed, header.count)
        return packet
    }

    private func header(length: Int) -> [UInt8] {
        let type: UInt8 = version == Self.version2 ? 1 : 0
        return [0xc0 | type << 4 | UInt8(numberLength - 1)] + Self.longHeader(self)
            + Self.integer(token.count) + token + Self.integer(length, octets: 2)
    }

    private static func longHeader(_ initial: Initial) -> [UInt8] {
        (0..<4).reversed().map { UInt8(truncatingIfNeeded: initial.version >> UInt32($0 * 8)) }
            + [UInt8(initial.connectionID.count)] + initial.connectionID
            + [UInt8(initial.sourceID.count)] + initial.sourceID
    }

    /// A 0-RTT packet of noise: nobody outside can open it (RFC 9000 section 17.2.3).
    package func earlyData(_ count: Int) -> [UInt8] {
        let type: UInt8 = version == Self.version2 ? 2 : 1
        let noise = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167) }
        return [0xc0 | type << 4] + Self.longHeader(self) + Self.integer(count) + noise
    }

    /// RFC 9000 section 19.6: the octets of `message` in `range`.
    package static func crypto(_ message: [UInt8], _ range: Range<Int>) -> [UInt8] {
        [6] + integer(range.lowerBound) + integer(range.count) + message[range]
    }

    /// The message in pieces of at most `size`, one frame each.
    package static func frames(_ message: [UInt8], size: Int) -> [[UInt8]] {
        stride(from: 0, to: message.count, by: size).map {
            crypto(message, $0..<min($0 + size, message.count))
        }
    }

    /// RFC 9000 section 16, in as few octets as possible, or in so many.
    package static func integer(_ value: Int, octets: Int? = nil) -> [UInt8] {
        let count = octets ?? (value < 1 << 6 ? 1 : value < 1 << 14 ? 2 : value < 1 << 30 ? 4 : 8)
        var bytes = (0..<count).reversed().map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
        bytes[0] |= UInt8(count.trailingZeroBitCount) << 6
        return bytes
    }
}
