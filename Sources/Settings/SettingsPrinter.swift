package import Policy
import Wire

/// Prints settings as the files they could have been read from, each thing in one form.
///
/// What is printed reads as the same settings, and prints as the same text again. Nothing of the
/// text depends on where it was written, but for the comments that say so.
package struct SettingsPrinter {
    let settings: GatewaySettings
    let catalogues: [Catalogue]
    let tests: [PolicyTestCase]
    /// Whether a comment behind each line says in which file and line it was written.
    let hasOrigins: Bool

    package init(
        settings: GatewaySettings, catalogues: [Catalogue], tests: [PolicyTestCase],
        hasOrigins: Bool
    ) {
        self.settings = settings
        self.catalogues = catalogues
        self.tests = tests
        self.hasOrigins = hasOrigins
    }

    /// In the order of their paths, `regionlock.yaml` first.
    package var files: [SettingsFile] {
        [SettingsFile(path: FileKind.gatewayPath, text: gateway)]
            + (catalogueFiles + devicesFiles + policyFiles).sorted { $0.path < $1.path }
    }

    /// The files in one text; a line `--- # PATH` begins each.
    package static func stream(of files: [SettingsFile]) -> String {
        files.map { "--- # \($0.path)\n\($0.text)" }.joined()
    }

    func origin(_ source: SourceLocation) -> String? { hasOrigins ? source.description : nil }

    // MARK: catalogue.d

    private var catalogueFiles: [SettingsFile] {
        catalogues.map { catalogue in
            var text = YAMLText()
            text.put("version", "1")
            text.put("catalogue", YAMLText.scalar(catalogue.name))
            text.put("title", YAMLText.quoted(catalogue.title))
            text.open("endpoints") { text in
                for entry in catalogue.entries { put(entry, into: &text) }
            }
            return SettingsFile(path: "catalogue.d/\(catalogue.name).yaml", text: text.text)
        }
    }

    private func put(_ entry: CatalogueEntry, into text: inout YAMLText) {
        let pattern = entry.endpoint.pattern
        var isExact = false
        if case .exact = pattern { isExact = true }
        text.item(origin: origin(entry.endpoint.source)) { text in
            text.put("name", YAMLText.scalar(pattern.name.text))
            text.put("match", isExact ? "exact" : "suffix")
            text.put("role", entry.endpoint.role.rawValue)
            text.put("confidence", entry.confidence.rawValue)
            text.put("source", YAMLText.quoted(entry.authority))
            if let note = entry.note { text.put("note", YAMLText.quoted(note)) }
            if !entry.addresses.isEmpty {
                text.put("addresses", YAMLText.list(entry.addresses))
            }
        }
    }

    // MARK: devices.d

    private var devicesFiles: [SettingsFile] {
        var lists: [String: [KnownDevice]] = [:]
        for device in settings.devices { lists[device.source.file, default: []].append(device) }
        return lists.map { SettingsFile(path: $0.key, text: devices($0.value)) }
            + settings.tagRules.compactMap { rule in
                // A rule without a test gives its tag to nobody, and no file can hold one.
                rule.match.first.map { SettingsFile(path: $0.source.file, text: tagRule(rule)) }
            }
    }

    private func tagRule(_ rule: TagRule) -> String {
        var text = YAMLText()
        text.put("version", "1")
        text.put("tag", YAMLText.scalar(rule.tag.text))
        for (key, tests) in [("match", rule.match), ("except", rule.except)] where !tests.isEmpty {
            text.open(key) { text in
                for test in tests {
                    let (kind, value) = Self.words(of: test.value)
                    text.item(origin: origin(test.source)) { $0.put(kind, value) }
                }
            }
        }
        return text.text
    }

    private func devices(_ devices: [KnownDevice]) -> String {
        var text = YAMLText()
        text.put("version", "1")
        text.open("devices") { text in
            for device in devices {
                text.item(origin: origin(device.source)) { text in
                    if case .mac(let mac) = device.selector {
                        text.put(
                            "mac",
                            device.otherMACs.isEmpty
                                ? YAMLText.scalar("\(mac)") : YAMLText.list(device.macs))
                    } else if case .prefix(let prefix) = device.selector {
                        text.put("address", YAMLText.scalar("\(prefix.base)"))
                    }
                    if let label = device.label { text.put("label", YAMLText.scalar(label)) }
                    if !device.tags.isEmpty { text.put("tags", YAMLText.list(device.tags)) }
                }
            }
        }
        return text.text
    }

    private static func words(of selector: DeviceSelector) -> (key: String, value: String) {
        switch selector {
        case .mac(let mac): ("mac", YAMLText.scalar("\(mac)"))
        case .vendor(let pattern, _): ("oui_vendor", YAMLText.quoted(pattern))
        case .macKind(let kind, _): (MACKindTest.key, kind.rawValue)
        case .interface(let name): ("interface", YAMLText.scalar(name.text))
        case .wireGuardPeer(let key): ("wireguard_peer", YAMLText.quoted("\(key)"))
        case .vlan(let number): ("vlan", "\(number)")
        case .prefix(let prefix): ("subnet", YAMLText.scalar("\(prefix)"))
        case .dhcpHostName(let pattern):
            (DHCPClaim.hostName.rawValue, YAMLText.quoted(pattern.text))
        case .dhcpVendorClass(let pattern):
            (DHCPClaim.vendorClass.rawValue, YAMLText.quoted(pattern.text))
        case .dhcpFingerprint(let pattern):
            (DHCPClaim.fingerprint.rawValue, YAMLText.quoted(pattern.text))
        }
    }
}
