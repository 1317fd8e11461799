import Policy
import Wire

extension Field {
    func interface() -> InterfaceName? {
        guard let text = scalar("the name of an interface") else { return nil }
        if let interface = InterfaceName(text) { return interface }
        mustBe("the name of an interface (1 to \(InterfaceName.maximumLength) characters)")
        return nil
    }

    /// A device's own address; group addresses name no device.
    func mac() -> MACAddress? {
        guard let text = scalar("a MAC address") else { return nil }
        guard let mac = MACAddress(text) else {
            mustBe("a MAC address such as 64:09:80:aa:bb:cc")
            return nil
        }
        guard mac.isDevice else {
            error(
                "\(mac) is no device's address",
                hint: "It is a group's, or nobody's. A device's own stands in: ip neighbour")
            return nil
        }
        return mac
    }

    func address() -> IPAddress? {
        guard let text = scalar("an IP address") else { return nil }
        if let address = IPAddress(text) { return address }
        mustBe("an IP address")
        return nil
    }

    /// An address block whose host bits are zero, or a bare address.
    func prefix() -> IPPrefix? {
        guard let text = scalar("an address block") else { return nil }
        return prefix(text, what: "an address block such as 10.20.0.0/16 or fd20::/64")
    }

    private func prefix(_ text: String, what: String) -> IPPrefix? {
        guard let prefix = IPPrefix(text) else {
            mustBe(what)
            return nil
        }
        if let slash = text.firstIndex(of: "/"), IPAddress(text[..<slash]) != prefix.base {
            error("\(text) has bits after the prefix", hint: "Write: \(prefix)")
            return nil
        }
        return prefix
    }

    /// `*.example.com` (any name below it) or `www.example.com` (that name).
    func endpointPattern() -> EndpointPattern? {
        guard let text = scalar("a name") else { return nil }
        if text.hasPrefix("*."), let name = domain(text.dropFirst(2)) { return .below(name) }
        if let name = domain(text) { return .exact(name) }
        mustBe(
            "a name such as account.example.com or *.example.com",
            hint: text.dropFirst().contains("*") || text == "*"
                ? "The star stands alone at the front: *.example.com" : asciiHint(text))
        return nil
    }

    func domain() -> DomainName? {
        guard let text = scalar("a name") else { return nil }
        if let name = domain(text) { return name }
        mustBe("a name such as account.example.com", hint: asciiHint(text))
        return nil
    }

    /// Packets carry the ASCII form of names in other scripts (RFC 5890, A-labels).
    private func asciiHint(_ text: String) -> String? {
        text.utf8.contains { $0 >= 0x80 } ? "Write the form that begins with xn--" : nil
    }

    /// A name of two labels or more that is not an address: a single label would be a whole
    /// top-level domain.
    private func domain(_ text: some StringProtocol) -> DomainName? {
        guard IPAddress(text) == nil, let name = DomainName(text), name.labels.count > 1 else {
            return nil
        }
        return name
    }

    /// `203.0.113.7`, `203.0.113.0/24`, `203.0.113.7:443`, `2001:db8::7` or `[2001:db8::7]:443`.
    func destination() -> AllowedDestination? {
        guard let text = scalar("an address") else { return nil }
        let (host, portText) = Self.splitPort(text)
        if IPPrefix(host) == nil,
            domain(host.hasPrefix("*.") ? host.dropFirst(2) : host[...]) != nil
        {
            error(
                "\(name) takes addresses, not names, found \(quoted(text))",
                hint: "A name's addresses change behind our back: write them out.")
            return nil
        }
        let what =
            "an address, as in 203.0.113.7, 203.0.113.0/24, 203.0.113.7:443, [2001:db8::7]:443"
        guard let prefix = prefix(host, what: what) else { return nil }
        guard prefix.length > 0 else {
            error(
                "\(text) is every address: nothing would be cut off",
                hint: "Write the few that a cut device may reach.")
            return nil
        }
        guard let portText else { return AllowedDestination(prefix: prefix, port: nil) }
        guard let port = UInt16(portText), port > 0, String(port) == portText else {
            error("\(quoted(portText)) is not a port (1 to 65535)")
            return nil
        }
        return AllowedDestination(prefix: prefix, port: port)
    }

    /// The text before and after the port's colon. A bare IPv6 address has none.
    private static func splitPort(_ text: String) -> (host: String, port: String?) {
        if text.hasPrefix("["), let bracket = text.firstIndex(of: "]") {
            let host = String(text[text.index(after: text.startIndex)..<bracket])
            let rest = text[text.index(after: bracket)...]
            if rest.isEmpty { return (host, nil) }
            return rest.hasPrefix(":") ? (host, String(rest.dropFirst())) : (text, nil)
        }
        let colons = text.count { $0 == ":" }
        guard colons == 1, let colon = text.firstIndex(of: ":") else { return (text, nil) }
        return (String(text[..<colon]), String(text[text.index(after: colon)...]))
    }
}
