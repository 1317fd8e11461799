/// One message of a datagram: its header, and where its payload lies in the datagram.
struct NetlinkMessage {
    let type: UInt16
    let flags: UInt16
    let sequence: UInt32
    let port: UInt32
    let payload: Range<Int>

    /// Length of `struct nlmsghdr`.
    static let headerLength = 16
    /// Length of `struct nfgenmsg`, which opens the payload of every nfnetlink message.
    static let familyHeaderLength = 4

    /// The attributes of an nfnetlink message.
    var attributes: AttributeCursor { attributes(after: Self.familyHeaderLength) }

    /// The attributes behind a header of `length` octets.
    func attributes(after length: Int) -> AttributeCursor {
        let start = min(payload.lowerBound + length, payload.upperBound)
        return AttributeCursor(start..<payload.upperBound)
    }
}

/// Walks the messages of a datagram (netlink(7)): each is checked against the datagram's end.
struct MessageCursor {
    private var position = 0
    /// The octets left over are no message.
    private(set) var isMalformed = false

    mutating func next(in bytes: Span<UInt8>) -> NetlinkMessage? {
        guard bytes.count - position >= NetlinkMessage.headerLength else {
            isMalformed = position < bytes.count
            return nil
        }
        let length = Int(bytes.hostUInt32(at: position))
        guard length >= NetlinkMessage.headerLength, length <= bytes.count - position else {
            isMalformed = true
            return nil
        }
        let message = NetlinkMessage(
            type: bytes.hostUInt16(at: position + 4), flags: bytes.hostUInt16(at: position + 6),
            sequence: bytes.hostUInt32(at: position + 8), port: bytes.hostUInt32(at: position + 12),
            payload: position + NetlinkMessage.headerLength..<position + length)
        position = min(position + length.aligned, bytes.count)
        return message
    }
}

/// One attribute: its type without the nested and byte-order bits, and where its value lies.
struct Attribute {
    let type: Int
    let value: Range<Int>

    /// The attributes inside this one.
    var children: AttributeCursor { AttributeCursor(value) }
}

/// Walks the attributes of a range of a datagram.
struct AttributeCursor {
    private static let headerLength = 4
    /// NLA_TYPE_MASK: all but NLA_F_NESTED and NLA_F_NET_BYTEORDER.
    private static let typeMask = 0x3fff
    private var position: Int
    private let end: Int

    init(_ range: Range<Int>) {
        position = range.lowerBound
        end = range.upperBound
    }

    /// The next attribute; nil at the end and where the octets are no attribute.
    mutating func next(in bytes: Span<UInt8>) -> Attribute? {
        guard end - position >= Self.headerLength else { return nil }
        let length = Int(bytes.hostUInt16(at: position))
        guard length >= Self.headerLength, length <= end - position else { return nil }
        let attribute = Attribute(
            type: Int(bytes.hostUInt16(at: position + 2)) & Self.typeMask,
            value: position + Self.headerLength..<position + length)
        position = min(position + length.aligned, end)
        return attribute
    }

    /// The first attribute of a type.
    func first(_ type: some BinaryInteger, in bytes: Span<UInt8>) -> Attribute? {
        var cursor = self
        while let attribute = cursor.next(in: bytes) {
            if attribute.type == Int(type) { return attribute }
        }
        return nil
    }
}

extension Int {
    /// Rounded up to the four octets at which netlink lays messages and attributes out.
    var aligned: Int { (self + 3) & ~3 }
}

extension Span<UInt8> {
    func hostUInt16(at offset: Int) -> UInt16 {
        #if _endian(little)
            UInt16(self[offset]) | UInt16(self[offset + 1]) << 8
        #else
            networkUInt16(at: offset)
        #endif
    }

    func hostUInt32(at offset: Int) -> UInt32 {
        #if _endian(little)
            UInt32(hostUInt16(at: offset)) | UInt32(hostUInt16(at: offset + 2)) << 16
        #else
            networkUInt32(at: offset)
        #endif
    }

    func networkUInt16(at offset: Int) -> UInt16 {
        UInt16(self[offset]) << 8 | UInt16(self[offset + 1])
    }

    func networkUInt32(at offset: Int) -> UInt32 {
        UInt32(networkUInt16(at: offset)) << 16 | UInt32(networkUInt16(at: offset + 2))
    }

    /// A value of 32 bits in network order; nil when the attribute is shorter.
    func networkUInt32(_ attribute: Attribute?) -> UInt32? {
        guard let attribute, attribute.value.count >= 4 else { return nil }
        return networkUInt32(at: attribute.value.lowerBound)
    }

    /// A value of 64 bits in network order; nil when the attribute is shorter.
    func networkUInt64(_ attribute: Attribute?) -> UInt64? {
        guard let attribute, attribute.value.count >= 8 else { return nil }
        let start = attribute.value.lowerBound
        return UInt64(networkUInt32(at: start)) << 32 | UInt64(networkUInt32(at: start + 4))
    }

    /// A copy of a range, made at once: dumps have one or two for each of 100,000 elements.
    func octets(_ range: Range<Int>) -> [UInt8] {
        unsafe extracting(range).withUnsafeBufferPointer { unsafe Array($0) }
    }

    /// Text up to its terminating zero.
    func string(_ attribute: Attribute?) -> String? {
        attribute.map { octets($0.value)[...].textToZero }
    }
}

extension ArraySlice<UInt8> {
    /// The octets before the first zero as text.
    var textToZero: String {
        String(decoding: self[..<(firstIndex(of: 0) ?? endIndex)], as: UTF8.self)
    }
}
