import Wire

extension DHCPv6Message {
    /// Type and transaction (RFC 8415 section 8); a relay's hops and two addresses (section 9).
    private static let clientHeader = 4
    private static let relayHeader = 34

    /// Reads the payload of a datagram.
    package static func read(_ message: Span<UInt8>) throws(DHCPFault) -> DHCPv6Message {
        guard !message.isEmpty, let kind = Kind(rawValue: message[0]) else { throw .foreign }
        var read = DHCPv6Message(kind: kind)
        if kind == .relayForward || kind == .relayReply {
            guard message.count >= relayHeader else { throw .malformed }
            return read
        }
        guard message.count >= clientHeader else { throw .malformed }
        read.transaction = message.uint32(at: 0) & 0xff_ffff
        if kind.isReply { return read }
        var reader = OptionReader(read: read)
        try reader.collect(message, clientHeader..<message.count)
        return reader.read
    }
}

/// Reads options, each a code and a length of two octets (RFC 8415 section 21.1).
private struct OptionReader {
    var read: DHCPv6Message
    private var count = 0
    private var single: Set<UInt16> = []

    init(read: DHCPv6Message) { self.read = read }

    /// The options of a message, or those within one for an association of addresses.
    mutating func collect(
        _ message: Span<UInt8>, _ field: Range<Int>, isAssociation: Bool = false
    ) throws(DHCPFault) {
        var offset = field.lowerBound
        while offset < field.upperBound {
            guard offset + 4 <= field.upperBound else { throw .malformed }
            let code = message.uint16(at: offset)
            let start = offset + 4
            let value = start..<start + Int(message.uint16(at: offset + 2))
            guard value.upperBound <= field.upperBound else { throw .malformed }
            offset = value.upperBound
            count += 1
            guard count <= DHCPv6Message.maximumOptions else { throw .oversized }
            if isAssociation {
                if code == 5 { try takeAddress(message, value) }
            } else {
                try take(code, message, value)
            }
        }
    }

    private mutating func take(
        _ code: UInt16, _ message: Span<UInt8>, _ value: Range<Int>
    ) throws(DHCPFault) {
        switch code {
        case 1:
            let identifier = try octets(once: code, message, value)
            guard identifier.count >= 3 else { throw .malformed }
            guard identifier.count <= 130 else { throw .oversized }
            read.clientIdentifier = identifier
        // The association's number, and two times before its options; temporary addresses have
        // none (sections 21.4 and 21.5).
        case 3: try takeAssociation(message, value, header: 12)
        case 4: try takeAssociation(message, value, header: 4)
        case 6:
            let list = try octets(once: code, message, value)
            guard list.count.isMultiple(of: 2) else { throw .malformed }
            read.requestedOptions = stride(from: 0, to: list.count, by: 2).map {
                UInt16(list[$0]) << 8 | UInt16(list[$0 + 1])
            }
        case 16: try takeVendorClass(message, value)
        case 39:
            // One octet of flags (RFC 4704 section 4).
            let option = try octets(once: code, message, value)
            guard !option.isEmpty else { throw .malformed }
            read.qualifiedName = try DHCPMessage.text(ofName: option.dropFirst())
        default: break
        }
    }

    /// What stands twice could be read in two ways (RFC 8415 section 21.1).
    private mutating func octets(
        once code: UInt16, _ message: Span<UInt8>, _ value: Range<Int>
    ) throws(DHCPFault) -> [UInt8] {
        guard single.insert(code).inserted else { throw .malformed }
        return try octets(message, value)
    }

    private func octets(
        _ message: Span<UInt8>, _ value: Range<Int>
    ) throws(DHCPFault) -> [UInt8] {
        guard value.count <= DHCPv6Message.maximumOptionLength else { throw .oversized }
        return value.map { message[$0] }
    }

    private mutating func takeAssociation(
        _ message: Span<UInt8>, _ value: Range<Int>, header: Int
    ) throws(DHCPFault) {
        guard value.count >= header else { throw .malformed }
        try collect(message, value.dropFirst(header), isAssociation: true)
    }

    /// An address, two times, and options of its own (section 21.6).
    private mutating func takeAddress(
        _ message: Span<UInt8>, _ value: Range<Int>
    ) throws(DHCPFault) {
        guard value.count >= 24 else { throw .malformed }
        func half(_ offset: Int) -> UInt64 {
            UInt64(message.uint32(at: offset)) << 32 | UInt64(message.uint32(at: offset + 4))
        }
        let address = IPv6Address(
            high: half(value.lowerBound), low: half(value.lowerBound + 8))
        // `::` asks for any address.
        guard address != IPv6Address(high: 0, low: 0),
            read.addresses.count < DHCPv6Message.maximumAddresses
        else { return }
        read.addresses.append(address)
    }

    /// The number, and pieces with two octets of length each (section 21.16).
    private mutating func takeVendorClass(
        _ message: Span<UInt8>, _ value: Range<Int>
    ) throws(DHCPFault) {
        guard value.count >= 4 else { throw .malformed }
        guard read.vendorClass == nil else { return }
        guard value.count <= DHCPv6Message.maximumOptionLength else { throw .oversized }
        var pieces: [[UInt8]] = []
        var offset = value.lowerBound + 4
        while offset < value.upperBound {
            guard offset + 2 <= value.upperBound else { throw .malformed }
            let start = offset + 2
            let piece = start..<start + Int(message.uint16(at: offset))
            guard piece.upperBound <= value.upperBound else { throw .malformed }
            pieces.append(try octets(message, piece))
            offset = piece.upperBound
        }
        read.vendorClass = .init(
            enterprise: message.uint32(at: value.lowerBound), pieces: pieces)
    }
}
