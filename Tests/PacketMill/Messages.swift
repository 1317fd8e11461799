/// What clients say first, octet by octet, with nothing of the code under test.
package enum Messages {
    /// RFC 1035 section 4.1: a question with recursion desired, and EDNS as resolvers of today have
    /// it (RFC 6891).
    package static func question(_ name: String, type: Int = 1, id: Int = 0x1234) -> [UInt8] {
        Octets.big16(id) + [1, 0, 0, 1, 0, 0, 0, 0, 0, 1] + wireName(name) + Octets.big16(type)
            + [0, 1] + [0, 0, 41, 0x04, 0xd0, 0, 0, 0, 0, 0, 0]
    }

    /// The answer to it: one address (RFC 1035 section 4.1.3).
    package static func answer(_ name: String, id: Int, address: [UInt8]) -> [UInt8] {
        Octets.big16(id) + [0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0] + wireName(name)
            + [0, address.count == 4 ? 1 : 28, 0, 1] + [0xc0, 12]
            + [0, address.count == 4 ? 1 : 28, 0, 1] + [0, 0, 0, 60] + Octets.big16(address.count)
            + address
    }

    /// The answer by way of an alias: `name` is `alias`, which has the address.
    package static func answer(
        _ name: String, by alias: String, id: Int = 0x1234, address: [UInt8]
    ) -> [UInt8] {
        let canonical = wireName(alias)
        // Class IN, and a minute to live.
        let common: [UInt8] = [0, 1, 0, 0, 0, 60]
        let question = wireName(name) + [0, 1, 0, 1]
        let aliasRecord =
            [0xc0, 12, 0, 5] + common + Octets.big16(canonical.count) + canonical
        let addressRecord =
            canonical + [0, 1] + common + Octets.big16(address.count) + address
        return Octets.big16(id) + [0x81, 0x80, 0, 1, 0, 2, 0, 0, 0, 0] + question + aliasRecord
            + addressRecord
    }

    /// RFC 1035 section 4.2.2.
    package static func framed(_ message: [UInt8]) -> [UInt8] {
        Octets.big16(message.count) + message
    }

    package static func wireName(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    package static func request(_ name: String, path: String = "/") -> [UInt8] {
        Array(
            ("GET \(path) HTTP/1.1\r\nHost: \(name)\r\nUser-Agent: Dalvik/2.1.0 (Linux; U; "
                + "Android 14)\r\nAccept-Encoding: gzip\r\nConnection: Keep-Alive\r\n\r\n").utf8)
    }

    /// What a hello is made of.
    package struct Hello {
        package var name: String?
        package var random: [UInt8]
        /// ALPN (RFC 7301).
        package var protocols = ["h2", "http/1.1"]
        /// Octets of the key share: 32 of X25519, or 1,216 of X25519MLKEM768.
        package var keyShareLength = 32
        /// QUIC has its transport parameters in the hello (RFC 9001 section 8.2).
        package var isQUIC = false

        package init(_ name: String?, random: [UInt8]) {
            self.name = name
            self.random = random
        }
    }

    /// RFC 8446 section 4.1.2, with the extensions of a browser in its order.
    package static func hello(_ hello: Hello) -> [UInt8] {
        let random = hello.random + Array(repeating: 0x5a, count: max(0, 32 - hello.random.count))
        var extensions = part(0x17, []) + part(0xff01, [0])
        if let name = hello.name {
            let entry = [0] + Octets.big16(name.utf8.count) + Array(name.utf8)
            extensions += part(0, Octets.big16(entry.count) + entry)
        }
        let group = hello.keyShareLength == 32 ? 0x001d : 0x11ec
        extensions += part(10, Octets.big16(4) + Octets.big16(group) + Octets.big16(0x0017))
        let names = hello.protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        extensions += part(16, Octets.big16(names.count) + names)
        extensions += part(13, [0, 6, 4, 3, 8, 4, 4, 1])
        extensions += part(43, [2, 3, 4]) + part(45, [1, 1])
        let share =
            Octets.big16(group) + Octets.big16(hello.keyShareLength)
            + (0..<hello.keyShareLength).map { random[$0 % 32] &+ UInt8(truncatingIfNeeded: $0) }
        extensions += part(51, Octets.big16(share.count) + share)
        if hello.isQUIC { extensions += part(57, [1, 2, 0x67, 0x10, 4, 4, 0x80, 0x10, 0, 0]) }
        let session: [UInt8] = hello.isQUIC ? [0] : [32] + random.prefix(32)
        let body =
            [3, 3] + random.prefix(32) + session + [0, 6, 0x13, 1, 0x13, 2, 0x13, 3, 1, 0]
            + Octets.big16(extensions.count) + extensions
        return [1, UInt8(body.count >> 16)] + Octets.big16(body.count & 0xffff) + body
    }

    private static func part(_ type: Int, _ body: [UInt8]) -> [UInt8] {
        Octets.big16(type) + Octets.big16(body.count) + body
    }

    /// RFC 8446 section 5.1: in records of at most `size` octets.
    package static func records(_ message: [UInt8], size: Int = 16_384) -> [UInt8] {
        stride(from: 0, to: message.count, by: size).flatMap { start in
            let part = message[start..<min(start + size, message.count)]
            return [22, 3, 1] + Octets.big16(part.count) + part
        }
    }
}
