import Wire

/// What a client of a SOCKS proxy sends before the stream it is about: SOCKS 5 (RFC 1928), its user
/// name and password (RFC 1929), and SOCKS 4 with 4a, which have no RFC.
///
/// Only the client's half is seen, so what the proxy has chosen is taken from what comes next.
enum SOCKSMessage {
    /// A user name of SOCKS 4 ends with a zero octet; no length bounds it. As long as one of
    /// RFC 1929 may be.
    static let maximumUserLength = 255
    /// RFC 1928 section 5: the length of a name is one octet. One of 4a has no other names.
    static let maximumNameLength = 255

    private static let version4: UInt8 = 4
    private static let version5: UInt8 = 5
    /// RFC 1929 section 2: the version of the sub-negotiation.
    private static let authentication: UInt8 = 1
    private static let connect: UInt8 = 1
    /// RFC 1928 section 5, ATYP.
    private static let addressOfIPv4: UInt8 = 1
    private static let domainName: UInt8 = 3
    private static let addressOfIPv6: UInt8 = 4

    /// Reads one message. `isGreeted` is whether the one before was a greeting of SOCKS 5, or a
    /// password after one; it changes with a whole message only.
    static func read(
        _ stream: Span<UInt8>, isGreeted: inout Bool, name visit: (borrowing NameBuffer) -> Void
    ) -> StreamReading {
        guard !stream.isEmpty else { return .foreign }
        switch stream[0] {
        case version4:
            let reading = readRequest4(stream, visit)
            if case .prelude = reading { isGreeted = false }
            return reading
        case version5 where isGreeted || isRequest(stream):
            let reading = readRequest5(stream, visit)
            if case .prelude = reading { isGreeted = false }
            return reading
        case version5:
            let reading = readGreeting(stream)
            if case .prelude = reading { isGreeted = true }
            return reading
        case authentication:
            let reading = readPassword(stream, isGreeted: isGreeted)
            if case .prelude = reading { isGreeted = true }
            return reading
        default: return .foreign
        }
    }

    /// Whether it is a request although no greeting was seen: the proxy may have taken longer for
    /// its answer than flows are remembered. A greeting that offers the one method 0 (none needed)
    /// has the same three octets; what follows it is another message, and none begins with the
    /// type of an address: a password (1) comes only where method 2 was offered.
    private static func isRequest(_ stream: Span<UInt8>) -> Bool {
        stream.count > 3 && stream[1] == connect && stream[2] == 0
            && (stream[3] == addressOfIPv4 || stream[3] == domainName
                || stream[3] == addressOfIPv6)
    }

    /// RFC 1928 section 3: `VER NMETHODS METHODS`.
    private static func readGreeting(_ stream: Span<UInt8>) -> StreamReading {
        guard stream.count > 1 else { return .incomplete }
        let methods = Int(stream[1])
        guard methods > 0 else { return .foreign }
        return whole(2 + methods, of: stream)
    }

    /// RFC 1929 section 2: `VER ULEN UNAME PLEN PASSWD`. Without a greeting it must end where the
    /// bytes do, or where a request begins: many a protocol begins with this octet.
    private static func readPassword(_ stream: Span<UInt8>, isGreeted: Bool) -> StreamReading {
        let unknown: StreamReading = isGreeted ? .incomplete : .foreign
        guard stream.count > 1 else { return unknown }
        let place = 2 + Int(stream[1])
        guard stream.count > place else { return unknown }
        let length = place + 1 + Int(stream[place])
        guard stream.count >= length else { return unknown }
        let mayEnd = stream.count == length || stream[length] == version5
        return isGreeted || mayEnd ? .prelude(length: length) : .foreign
    }

    /// RFC 1928 section 4: `VER CMD RSV ATYP DST.ADDR DST.PORT`. A name is one whatever the command
    /// is: who names it to a proxy asks for it.
    private static func readRequest5(
        _ stream: Span<UInt8>, _ visit: (borrowing NameBuffer) -> Void
    ) -> StreamReading {
        guard stream.count > 3 else { return .incomplete }
        switch stream[3] {
        case addressOfIPv4: return whole(4 + 4 + 2, of: stream)
        case addressOfIPv6: return whole(4 + 16 + 2, of: stream)
        case domainName:
            guard stream.count > 4 else { return .incomplete }
            let end = 5 + Int(stream[4])
            guard stream.count >= end else { return .incomplete }
            show(stream.extracting(5..<end), visit)
            return whole(end + 2, of: stream)
        default: return .foreign
        }
    }

    /// `VN CD DSTPORT DSTIP USERID 0`, and for an address of the form 0.0.0.x (4a) `NAME 0`.
    private static func readRequest4(
        _ stream: Span<UInt8>, _ visit: (borrowing NameBuffer) -> Void
    ) -> StreamReading {
        if stream.count > 1, stream[1] != connect { return .foreign }
        guard stream.count > 8 else { return .incomplete }
        guard let user = text(stream, from: 8, maximum: maximumUserLength) else {
            return stream.count > 8 + maximumUserLength ? .foreign : .incomplete
        }
        let isNamed = stream[4] == 0 && stream[5] == 0 && stream[6] == 0 && stream[7] != 0
        guard isNamed else { return .prelude(length: user + 1) }
        guard let end = text(stream, from: user + 1, maximum: maximumNameLength) else {
            return stream.count > user + 1 + maximumNameLength ? .foreign : .incomplete
        }
        show(stream.extracting(user + 1..<end), visit)
        return .prelude(length: end + 1)
    }

    /// Where the zero octet stands that ends a text of at most `maximum` octets.
    private static func text(_ stream: Span<UInt8>, from start: Int, maximum: Int) -> Int? {
        for place in start..<max(start, min(stream.count, start + maximum + 1))
        where stream[place] == 0 {
            return place
        }
        return nil
    }

    private static func whole(_ length: Int, of stream: Span<UInt8>) -> StreamReading {
        stream.count >= length ? .prelude(length: length) : .incomplete
    }

    private static func show(_ octets: Span<UInt8>, _ visit: (borrowing NameBuffer) -> Void) {
        var name = NameBuffer()
        for place in octets.indices {
            // Longer than any name: nothing we know can match it.
            guard name.append(octets[place]) else { return }
        }
        name.removeTrailingDot()
        if name.count > 0 { visit(name) }
    }
}
