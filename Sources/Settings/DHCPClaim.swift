import Policy
import Wire

/// Tests by what devices say of themselves: the last resort where a random MAC tells no maker.
enum DHCPClaim: String, CaseIterable {
    case hostName = "dhcp_hostname"
    case vendorClass = "dhcp_vendor_class"
    case fingerprint = "dhcp_fingerprint"

    static let keys = allCases.map(\.rawValue)

    func selector(_ field: Field) -> DeviceSelector? {
        guard let text = field.line() else { return nil }
        guard text.contains(where: { $0 != "*" }) else {
            field.error(
                "\(field.name) fits every device that uses DHCP",
                hint: "Write a part of the text beside \"*\", or use interface or subnet.")
            return nil
        }
        let pattern = TextPattern(text)
        switch self {
        case .hostName: return .dhcpHostName(pattern)
        case .vendorClass: return .dhcpVendorClass(pattern)
        case .fingerprint:
            guard Self.isParameterList(text) else {
                field.error(
                    "\(field.name) is a list of option numbers with commas",
                    hint: "Such as \"1,3,6,15,*\": regionlock explain DEVICE shows a device's own.")
                return nil
            }
            return .dhcpFingerprint(pattern)
        }
    }

    private static func isParameterList(_ text: String) -> Bool {
        text.split(separator: ",", omittingEmptySubsequences: false).allSatisfy { part in
            part == "*" || (UInt8(part) != nil && part.first != "+")
        }
    }

    /// Nobody is spared for what anybody can say.
    static func check(
        _ tag: Tag, match: [Field]?, _ matches: [Located<DeviceSelector>],
        except: [Field]?, _ exceptions: [Located<DeviceSelector>]
    ) {
        if tag == .neverBlock, let field = match?.first, matches.contains(where: \.value.isClaim) {
            field.error(
                "never-block can't be given by DHCP: any device can say it",
                hint: "Use mac, interface or subnet.")
        }
        if let field = except?.first, exceptions.contains(where: \.value.isClaim) {
            field.warning(
                "an exception by DHCP frees whoever says it: any device can",
                hint: "Use mac where it matters.")
        }
    }
}
