import Wire

/// The server_name of a TLS ClientHello (RFC 8446 section 4.1.2, RFC 6066 section 3).
enum ClientHello {
    private static let clientHelloType: UInt8 = 1
    private static let serverNameExtension = 0
    /// RFC 9849 section 5.
    private static let encryptedHelloExtension = 0xfe0d
    private static let hostNameType: UInt8 = 0
    /// RFC 6066 section 3 has one name of each type, and one type is known.
    private static let maximumNames = 4

    /// Reads a stream from its first byte. The name is handed out as soon as its own bytes are
    /// there: waiting for the end of the hello would let the last but one segment pass.
    static func read(
        _ stream: Span<UInt8>, name visit: (borrowing NameBuffer, _ hasECH: Bool) -> Void
    ) -> StreamReading {
        guard mayBegin(stream) else { return .foreign }
        return read(stream, from: HelloCursor(), visit)
    }

    /// Reads a message that lies in no records, from its first byte, as QUIC has it.
    static func readMessage(
        _ message: Span<UInt8>, name visit: (borrowing NameBuffer, _ hasECH: Bool) -> Void
    ) -> StreamReading {
        guard message.isEmpty || message[0] == clientHelloType else { return .foreign }
        return read(message, from: .withoutRecords, visit)
    }

    private static func read(
        _ stream: Span<UInt8>, from cursor: HelloCursor,
        _ visit: (borrowing NameBuffer, Bool) -> Void
    ) -> StreamReading {
        do throws(HelloFault) {
            return .settled(named: try readHello(stream, cursor, visit))
        } catch {
            return error == .incomplete ? .incomplete : .malformed(length: nil)
        }
    }

    /// Handshake record (22), major version 3, a length; then a client_hello (1). A hello in more
    /// records than one may have its type in the first only, so six bytes say all.
    static func mayBegin(_ stream: Span<UInt8>) -> Bool {
        let expected: InlineArray<2, UInt8> = [22, 3]
        for index in 0..<min(stream.count, expected.count) where stream[index] != expected[index] {
            return false
        }
        return stream.count <= HelloCursor.recordHeaderLength
            || stream[HelloCursor.recordHeaderLength] == clientHelloType
    }

    /// True when a name was handed out, false when the hello has none.
    private static func readHello(
        _ stream: Span<UInt8>, _ start: HelloCursor, _ visit: (borrowing NameBuffer, Bool) -> Void
    ) throws(HelloFault) -> Bool {
        var cursor = start
        try cursor.skip(1, stream)
        let high = Int(try cursor.byte(stream))
        var left = high << 16 | (try cursor.uint16(stream))
        // legacy_version and random, then three vectors: legacy_session_id, cipher_suites,
        // legacy_compression_methods.
        try take(2 + 32, of: &left)
        try cursor.skip(2 + 32, stream)
        try take(1, of: &left)
        let sessionLength = Int(try cursor.byte(stream))
        guard sessionLength <= 32 else { throw .malformed }
        try take(sessionLength + 2, of: &left)
        try cursor.skip(sessionLength, stream)
        let suitesLength = try cursor.uint16(stream)
        try take(suitesLength + 1, of: &left)
        try cursor.skip(suitesLength, stream)
        let methodsLength = Int(try cursor.byte(stream))
        try take(methodsLength, of: &left)
        try cursor.skip(methodsLength, stream)
        // TLS 1.2 lets a hello end here.
        if left == 0 { return false }
        try take(2, of: &left)
        guard try cursor.uint16(stream) == left else { throw .malformed }
        var hasECH = false
        while left > 0 {
            try take(4, of: &left)
            let type = try cursor.uint16(stream)
            let length = try cursor.uint16(stream)
            try take(length, of: &left)
            if type == serverNameExtension {
                let start = cursor
                guard let name = try readServerName(stream, &cursor, length: length) else {
                    return false
                }
                hasECH = hasECH || isECHBehind(stream, start, skipping: length, left: left)
                visit(name, hasECH)
                return true
            }
            if type == encryptedHelloExtension { hasECH = true }
            try cursor.skip(length, stream)
        }
        return false
    }

    /// Whether the extension stands behind the server name, in what has arrived: the name does not
    /// wait for the rest of the hello.
    private static func isECHBehind(
        _ stream: Span<UInt8>, _ start: HelloCursor, skipping length: Int, left: Int
    ) -> Bool {
        var cursor = start
        var left = left
        do throws(HelloFault) {
            try cursor.skip(length, stream)
            while left > 0 {
                try take(4, of: &left)
                let type = try cursor.uint16(stream)
                let length = try cursor.uint16(stream)
                if type == encryptedHelloExtension { return true }
                try take(length, of: &left)
                try cursor.skip(length, stream)
            }
        } catch {
            return false
        }
        return false
    }

    private static func readServerName(
        _ stream: Span<UInt8>, _ cursor: inout HelloCursor, length: Int
    ) throws(HelloFault) -> NameBuffer? {
        var left = length
        try take(2, of: &left)
        guard try cursor.uint16(stream) == left else { throw .malformed }
        for _ in 0..<maximumNames where left > 0 {
            try take(3, of: &left)
            let type = try cursor.byte(stream)
            let nameLength = try cursor.uint16(stream)
            try take(nameLength, of: &left)
            guard type == hostNameType else {
                try cursor.skip(nameLength, stream)
                continue
            }
            guard (1...NameBuffer.capacity).contains(nameLength) else { throw .malformed }
            var name = NameBuffer()
            for _ in 0..<nameLength { name.append(try cursor.byte(stream)) }
            // RFC 6066 wants no trailing dot; servers that strip it exist.
            name.removeTrailingDot()
            // The root alone names no server.
            guard name.count > 0 else { throw .malformed }
            return name
        }
        return nil
    }

    /// Takes `count` from what an enclosing vector has left; the inner never outgrows the outer.
    private static func take(_ count: Int, of left: inout Int) throws(HelloFault) {
        guard count <= left else { throw .malformed }
        left -= count
    }
}
