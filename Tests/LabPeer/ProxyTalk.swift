/// What is said before the stream that matters: to a SOCKS proxy, in the ways there are.
enum ProxyForm: String, CaseIterable {
    case name5 = "socks5-name"
    case address5 = "socks5"
    case password5 = "socks5-password"
    case address4 = "socks4"
    case name4 = "socks4a"

    /// Of the proxy's answers to all of them.
    var answerOctets: Int {
        switch self {
        case .name5, .address5: 2 + 10
        case .password5: 2 + 2 + 10
        case .address4, .name4: 8
        }
    }

    /// The client's messages, each of which is answered.
    func messages(to name: String) -> [[UInt8]] {
        let text = [UInt8(name.utf8.count)] + Array(name.utf8)
        let host: [UInt8] = [203, 0, 113, 7]
        let port: [UInt8] = [1, 187]
        let user = Array("maria".utf8)
        switch self {
        case .name5: return [[5, 1, 0], [5, 1, 0, 3] + text + port]
        case .address5: return [[5, 2, 0, 1], [5, 1, 0, 1] + host + port]
        case .password5:
            let password: [UInt8] = [1, 5] + user + [6] + Array("secret".utf8)
            return [[5, 1, 2], password, [5, 1, 0, 1] + host + port]
        case .address4: return [[4, 1] + port + host + user + [0]]
        case .name4:
            return [[4, 1] + port + [0, 0, 0, 1] + user + [0] + Array(name.utf8) + [0]]
        }
    }
}

/// The proxy's half, with itself at the other end of the tunnel; or a mail server's, until TLS.
struct ProxyTalk {
    private enum Phase {
        case greeting, password, request, over
    }

    private var phase = Phase.greeting

    /// Takes a whole message off the front of what the client has sent; what it is answered, or nil
    /// when there is none.
    mutating func answer(_ bytes: inout [UInt8]) -> [UInt8]? {
        switch (phase, bytes.first) {
        case (.greeting, 4): return answerVersion4(&bytes)
        case (.greeting, 5):
            guard bytes.count > 1, bytes.count >= 2 + Int(bytes[1]) else { return nil }
            let wantsPassword = bytes[2..<2 + Int(bytes[1])].contains(2)
            bytes.removeFirst(2 + Int(bytes[1]))
            phase = wantsPassword ? .password : .request
            return [5, wantsPassword ? 2 : 0]
        case (.password, 1):
            guard bytes.count > 1, bytes.count > 2 + Int(bytes[1]) else { return nil }
            let length = 3 + Int(bytes[1]) + Int(bytes[2 + Int(bytes[1])])
            guard bytes.count >= length else { return nil }
            bytes.removeFirst(length)
            phase = .request
            return [1, 0]
        case (.greeting, UInt8(ascii: "E")), (.greeting, UInt8(ascii: "S")):
            guard let end = bytes.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
            let isGreeting = bytes[0] == UInt8(ascii: "E")
            bytes.removeFirst(end + 1)
            if !isGreeting { phase = .over }
            return Array((isGreeting ? "250-mail\r\n250 STARTTLS\r\n" : "220 go\r\n").utf8)
        case (.request, 5):
            guard bytes.count > 4 else { return nil }
            let length = 6 + (bytes[3] == 3 ? 1 + Int(bytes[4]) : bytes[3] == 4 ? 16 : 4)
            guard bytes.count >= length else { return nil }
            bytes.removeFirst(length)
            phase = .over
            return [5, 0, 0, 1, 0, 0, 0, 0, 0, 0]
        default: return nil
        }
    }

    private mutating func answerVersion4(_ bytes: inout [UInt8]) -> [UInt8]? {
        guard bytes.count > 8 else { return nil }
        let texts = Array(bytes[4..<7]) == [0, 0, 0] && bytes[7] != 0 ? 2 : 1
        let ends = bytes.indices.filter { $0 >= 8 && bytes[$0] == 0 }.prefix(texts)
        guard ends.count == texts, let end = ends.last else { return nil }
        bytes.removeFirst(end + 1)
        phase = .over
        return [0, 90, 0, 0, 0, 0, 0, 0]
    }
}
