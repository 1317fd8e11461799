/// The name of a network interface (IFNAMSIZ 16 with the terminating zero; see netdevice(7)).
package struct InterfaceName: Hashable, Sendable, Comparable, CustomStringConvertible {
    package static let maximumLength = 15

    package let text: String

    /// 1...15 octets; no slash, colon, white space or control character, and not `.` or `..`
    /// (the kernel's `dev_valid_name`).
    package init?(_ text: some StringProtocol) {
        guard (1...Self.maximumLength).contains(text.utf8.count), text != ".", text != "..",
            text.utf8.allSatisfy({
                $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "/")
                    && $0 != UInt8(ascii: ":")
            })
        else { return nil }
        self.text = String(text)
    }

    package var description: String { text }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
}
