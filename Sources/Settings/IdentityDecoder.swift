import Policy

/// Reads `identity` of `regionlock.yaml`.
enum IdentityDecoder {
    static func decode(_ field: Field, into settings: inout GatewaySettings) {
        guard let fields = Fields(field, keys: ["returning", "leases"]) else { return }
        if let returning = fields["returning"]?.choice(ReturningDevices.self) {
            settings.returning = returning
        }
        let items = fields["leases"]?.items(of: "lease files", limit: SettingsLimits.leaseFiles)
        var lines: [String: Int] = [:]
        for item in items ?? [] {
            guard let list = list(item) else { continue }
            if let line = lines.updateValue(item.span.line, forKey: list.path) {
                item.error("\(quoted(list.path)) is listed twice (also in line \(line))")
            }
            settings.leaseFiles.append(list)
        }
    }

    /// A mapping with one key, the kind of server.
    private static func list(_ field: Field) -> LeaseList? {
        let formats = LeaseList.Format.allCases
        guard
            let fields = Fields(
                field, keys: formats.map(\.rawValue),
                unsupported: [
                    "isc": "Its list is not read: what devices say is heard all the same."
                ])
        else { return nil }
        let named = formats.filter { fields[$0.rawValue] != nil }
        guard named.count == 1, let format = named.first, let path = fields[format.rawValue] else {
            if !field.file.hasErrors || named.count > 1 {
                field.error(
                    "an entry of identity.leases has one file",
                    hint: "Such as: - dnsmasq: /var/lib/misc/dnsmasq.leases")
            }
            return nil
        }
        guard
            let text = path.absolutePath(
                hint: format == .dnsmasq
                    ? "Such as /var/lib/misc/dnsmasq.leases"
                    : "Such as /var/lib/kea/kea-leases4.csv")
        else { return nil }
        return LeaseList(format: format, path: text, source: field.file.location(path.span))
    }
}

extension Field {
    /// One line that begins with a slash.
    func absolutePath(hint: String) -> String? {
        guard let text = line() else { return nil }
        guard text.utf8.first == UInt8(ascii: "/") else {
            mustBe("an absolute path", hint: hint)
            return nil
        }
        return text
    }
}
