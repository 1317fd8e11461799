import PacketProtection

/// The long header of a QUIC packet, as far as nothing protects it (RFC 9000 section 17.2).
struct QUICHeader {
    enum Fault: Error, Hashable {
        /// No long header, or a packet that only servers send.
        case foreign
        /// The versions share no more than the connection ids (RFC 8999 section 5.1).
        case unknownVersion
        case malformed
    }

    let version: QUICVersion
    let isInitial: Bool
    /// Where the destination's connection id stands.
    let connectionID: Range<Int>
    /// Where the packet number begins, under its protection.
    let numberOffset: Int
    /// The length of the whole packet. Another may be behind it (RFC 9000 section 12.2).
    let length: Int

    /// Reads the packet that `bytes` begin with; `length` is in bounds.
    ///
    /// The fixed bit is not looked at: a client that comes back may leave it out (RFC 9287).
    init(_ bytes: Span<UInt8>) throws(Fault) {
        guard bytes.count >= 7, bytes[0] & 0x80 != 0 else { throw .foreign }
        let number = bytes.uint32(at: 1)
        // Version Negotiation, from a server (RFC 8999 section 6).
        if number == 0 { throw .foreign }
        guard let version = QUICVersion(rawValue: number) else { throw .unknownVersion }
        self.version = version
        var offset = 5
        connectionID = try Self.connectionID(bytes, at: &offset)
        _ = try Self.connectionID(bytes, at: &offset)
        // RFC 9369 section 3.2 counts the four types from another beginning.
        let type = bytes[0] >> 4 & 3
        let shift: UInt8 = version == .one ? 0 : 1
        switch (type &- shift) & 3 {
        case 3: throw .foreign
        case 0:
            isInitial = true
            guard let token = bytes.variableLengthInteger(at: &offset),
                token <= bytes.count - offset
            else { throw .malformed }
            offset += token
        default: isInitial = false
        }
        guard let rest = bytes.variableLengthInteger(at: &offset), rest <= bytes.count - offset
        else { throw .malformed }
        numberOffset = offset
        length = offset + rest
    }

    /// RFC 9000 section 14.1: what a client begins with is no smaller, in any version.
    private static let leastFirstDatagram = 1_200

    /// Whether a datagram can be one of a client's first: all of them have a long header. Of a
    /// version that nobody here reads only the invariants are known (RFC 8999 section 5.1), so its
    /// fixed bit and its size have to speak for it.
    static func mayBegin(_ datagram: Span<UInt8>) -> Bool {
        guard datagram.count >= 7, datagram[0] & 0x80 != 0 else { return false }
        let number = datagram.uint32(at: 1)
        guard number != 0 else { return false }
        return QUICVersion(rawValue: number) != nil
            || datagram[0] & 0x40 != 0 && datagram.count >= leastFirstDatagram
    }

    private static func connectionID(
        _ bytes: Span<UInt8>, at offset: inout Int
    ) throws(Fault) -> Range<Int> {
        guard offset < bytes.count else { throw .malformed }
        let start = offset + 1
        let count = Int(bytes[offset])
        guard count <= ConnectionID.capacity, count <= bytes.count - start else {
            throw .malformed
        }
        offset = start + count
        return start..<offset
    }
}

/// A connection id, kept without a place of its own on the heap.
struct ConnectionID {
    /// RFC 9000 section 17.2.
    static let capacity = 20

    private var storage = InlineArray<20, UInt8>(repeating: 0)
    private let count: Int

    /// At most `capacity` octets.
    init(_ octets: Span<UInt8>) {
        count = octets.count
        for index in octets.indices { storage[index] = octets[index] }
    }

    /// What a client makes of this id.
    func keys(_ version: QUICVersion) -> InitialKeys {
        InitialKeys(version, connectionID: storage.span.extracting(first: count))
    }
}

extension Span where Element == UInt8 {
    /// An integer of 1, 2, 4 or 8 octets (RFC 9000 section 16); nil when it is not all there.
    /// `offset` moves behind it.
    func variableLengthInteger(at offset: inout Int) -> Int? {
        guard offset < count else { return nil }
        let length = 1 << Int(self[offset] >> 6)
        guard length <= count - offset else { return nil }
        var value = Int(self[offset] & 0x3f)
        for index in offset + 1..<offset + length { value = value << 8 | Int(self[index]) }
        offset += length
        return value
    }
}
