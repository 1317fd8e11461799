import InitialPackets

/// Packets as a tap hands them over: from the IPv4 header on, without checksums.
enum Packets {
    static let trigger = "account.xiaomi.com"

    /// A question for an A record (RFC 1035 section 4.1).
    static func dns(_ name: String) -> [UInt8] {
        let message: [UInt8] =
            [0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]
            + labels(name) + [0, 1, 0, 1]
        let udp = [0x9c, 0x40, 0, 53] + big16(8 + message.count) + [0, 0] + message
        return ipv4(17, udp)
    }

    /// A request of an Android phone.
    static func http(_ name: String) -> [UInt8] {
        let head =
            "GET /generate HTTP/1.1\r\nHost: \(name)\r\n"
            + "User-Agent: Dalvik/2.1.0 (Linux; U; Android 14)\r\nConnection: Keep-Alive\r\n\r\n"
        return tcp(to: 80, Array(head.utf8))
    }

    /// A greeting, a request by address (RFC 1928) and the hello behind it.
    static func proxied(_ name: String) -> [UInt8] {
        let message = hello(name)
        let talk: [UInt8] = [5, 1, 0, 5, 1, 0, 1, 203, 0, 113, 7, 1, 187]
        return tcp(to: 1_080, talk + [22, 3, 1] + big16(message.count) + message)
    }

    /// RFC 3207.
    static func mail(_ name: String) -> [UInt8] {
        let message = hello(name)
        let talk = Array("EHLO phone.example\r\nSTARTTLS\r\n".utf8)
        return tcp(to: 25, talk + [22, 3, 1] + big16(message.count) + message)
    }

    /// A ClientHello with 250 octets of other extensions around the server name (RFC 8446, 4.1.2).
    static func tls(_ name: String, port: Int = 443) -> [UInt8] {
        let message = hello(name)
        return tcp(to: port, [22, 3, 1] + big16(message.count) + message)
    }

    /// The same hello in a datagram of 1,200 octets, its pieces in the reverse order.
    static func quic(_ name: String, pieces: Int = 1) -> [UInt8] {
        let message = hello(name)
        let frames = Initial.frames(message, size: (message.count + pieces - 1) / pieces)
        let payload = Initial(frames.reversed().flatMap(\.self)).packet(paddedTo: 1_200)
        return ipv4(17, [0x9c, 0x40, 1, 0xbb] + big16(8 + payload.count) + [0, 0] + payload)
    }

    /// 160 octets of what is no QUIC.
    static func media() -> [UInt8] {
        let payload = [0x80, 0x60] + [UInt8](repeating: 7, count: 158)
        return ipv4(17, [0x9c, 0x40, 0x13, 0x8c] + big16(8 + payload.count) + [0, 0] + payload)
    }

    private static func hello(_ name: String) -> [UInt8] {
        let entry = [0] + big16(name.utf8.count) + Array(name.utf8)
        let list = big16(entry.count) + entry
        let extensions = padding(100) + [0, 0] + big16(list.count) + list + padding(142)
        let body: [UInt8] =
            [3, 3] + Array(repeating: 7, count: 32) + [0, 0, 2, 0x13, 1, 1, 0]
            + big16(extensions.count) + extensions
        return [1, 0] + big16(body.count) + body
    }

    private static func padding(_ size: Int) -> [UInt8] {
        [0, 21] + big16(size) + Array(repeating: 0, count: size)
    }

    private static func labels(_ name: String) -> [UInt8] {
        name.split(separator: ".").flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) } + [0]
    }

    static func tcp(to port: Int, _ payload: [UInt8]) -> [UInt8] {
        let header: [UInt8] = big16(40_000) + big16(port) + [0, 0, 0, 1, 0, 0, 0, 1, 0x50, 0x18]
        return ipv4(6, header + [0xff, 0xff, 0, 0, 0, 0] + payload)
    }

    private static func ipv4(_ transport: UInt8, _ payload: [UInt8]) -> [UInt8] {
        [0x45, 0] + big16(20 + payload.count) + [0, 1, 0, 0, 64, transport, 0, 0]
            + [10, 20, 0, 31, 203, 0, 113, 2] + payload
    }

    private static func big16(_ value: Int) -> [UInt8] {
        [UInt8(truncatingIfNeeded: value >> 8), UInt8(truncatingIfNeeded: value)]
    }
}
