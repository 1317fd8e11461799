import Wire

extension DHCPMessage {
    /// The fixed part with the magic cookie (RFC 2131 section 2, RFC 2132 section 2).
    private static let fixedLength = 240
    private static let cookie: UInt32 = 0x6382_5363
    private static let serverNameField = 44..<108
    private static let fileField = 108..<236

    /// Reads the payload of a datagram.
    package static func read(_ message: Span<UInt8>) throws(DHCPFault) -> DHCPMessage {
        guard message.count >= fixedLength else { throw .malformed }
        // op, htype and hlen: Ethernet, six octets.
        guard message[0] == 1 || message[0] == 2, message[1] == 1, message[2] == 6,
            message.uint32(at: 236) == cookie
        else { throw .foreign }
        var read = DHCPMessage()
        read.isReply = message[0] == 2
        read.clientAddress = address(message, at: 12)
        read.lentAddress = address(message, at: 16)
        read.relayAddress = address(message, at: 24)
        let high = UInt64(message.uint32(at: 28))
        read.hardwareAddress = MACAddress(value: high << 16 | UInt64(message.uint16(at: 32)))
        var options = Options()
        try options.collect(message, fixedLength..<message.count)
        // Option 52: options go on in these fields, in this order (RFC 3396 section 5).
        let overload = options[52].first ?? 0
        if overload & 1 != 0 { try options.collect(message, fileField) }
        if overload & 2 != 0 { try options.collect(message, serverNameField) }
        try read.take(options)
        return read
    }

    private static func address(_ message: Span<UInt8>, at offset: Int) -> IPv4Address? {
        let value = message.uint32(at: offset)
        return value == 0 ? nil : IPv4Address(value: value)
    }

    private mutating func take(_ options: Options) throws(DHCPFault) {
        let type = options[53]
        guard !type.isEmpty else { throw .foreign }
        guard type.count == 1, let kind = Kind(rawValue: type[0]) else { throw .malformed }
        self.kind = kind
        hostName = Self.withoutEnd(options[12])
        vendorClass = Self.withoutEnd(options[60])
        parameters = options[55]
        // One octet of type and one of identifier at least (RFC 2132 section 9.14).
        guard options[61].count != 1 else { throw .malformed }
        clientIdentifier = options[61]
        requestedAddress = try options.number(50).flatMap { $0 == 0 ? nil : IPv4Address(value: $0) }
        server = try options.number(54).flatMap { $0 == 0 ? nil : IPv4Address(value: $0) }
        leaseSeconds = try options.number(51)
        qualifiedName = try Self.qualifiedName(options[81])
    }

    private static func withoutEnd(_ text: [UInt8]) -> [UInt8] {
        var text = text
        while text.last == 0 { text.removeLast() }
        return text
    }

    /// RFC 4702 section 2: flags, two results that mean nothing any more, the name.
    private static func qualifiedName(_ option: [UInt8]) throws(DHCPFault) -> [UInt8] {
        guard !option.isEmpty else { return [] }
        guard option.count >= 3 else { throw .malformed }
        // Bit E: the canonical form.
        guard option[0] & 0x04 != 0 else { return withoutEnd(Array(option[3...])) }
        return try text(ofName: option[3...])
    }

    /// A name in the canonical form of RFC 1035 section 3.1, with dots; without its end for a
    /// partial name.
    static func text(ofName name: ArraySlice<UInt8>) throws(DHCPFault) -> [UInt8] {
        var text: [UInt8] = []
        var offset = name.startIndex
        while offset < name.endIndex, name[offset] != 0 {
            let length = Int(name[offset])
            guard length <= 63, offset + length < name.endIndex else { throw .malformed }
            if !text.isEmpty { text.append(UInt8(ascii: ".")) }
            text += name[offset + 1...offset + length]
            offset += 1 + length
        }
        return text
    }
}

/// The options we read, each with its pieces joined (RFC 3396 section 7).
private struct Options {
    private static let wanted: Set<UInt8> = [12, 50, 51, 52, 53, 54, 55, 60, 61, 81]
    private var values: [UInt8: [UInt8]] = [:]
    private var pieces = 0

    subscript(code: UInt8) -> [UInt8] { values[code] ?? [] }

    /// A 32-bit option; nil without it.
    func number(_ code: UInt8) throws(DHCPFault) -> UInt32? {
        guard let octets = values[code] else { return nil }
        guard octets.count == 4 else { throw .malformed }
        return octets.reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Reads a field up to its end option, or to its end: not every client writes one.
    mutating func collect(_ message: Span<UInt8>, _ field: Range<Int>) throws(DHCPFault) {
        var offset = field.lowerBound
        while offset < field.upperBound {
            let code = message[offset]
            offset += 1
            if code == 0 { continue }
            if code == 255 { return }
            guard offset < field.upperBound else { throw .malformed }
            let value = offset + 1..<offset + 1 + Int(message[offset])
            guard value.upperBound <= field.upperBound else { throw .malformed }
            offset = value.upperBound
            pieces += 1
            guard pieces <= DHCPMessage.maximumPieces else { throw .oversized }
            guard Self.wanted.contains(code) else { continue }
            for index in value { values[code, default: []].append(message[index]) }
            // An empty option is there all the same.
            if value.isEmpty, values[code] == nil { values[code] = [] }
            if self[code].count > DHCPMessage.maximumOptionLength { throw .oversized }
        }
    }
}
