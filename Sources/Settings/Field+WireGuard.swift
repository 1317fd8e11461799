import Policy
import Wire

extension Field {
    /// A peer's public key, as `wg show` prints it.
    func wireGuardPeer() -> DeviceSelector? {
        guard let text = scalar("a public key of WireGuard") else { return nil }
        if let key = WireGuardKey(text) { return .wireGuardPeer(key) }
        let isHexadecimal = text.utf8.count == 64 && text.allSatisfy(\.isHexDigit)
        error(
            "\(name) must be a public key of WireGuard: 44 characters of base64 for 32 octets",
            hint: isHexadecimal
                ? "This is hexadecimal. wg show INTERFACE peers prints it in base64."
                : "wg show INTERFACE peers prints it; a private key does not belong here.")
        return nil
    }
}
