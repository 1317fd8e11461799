import Policy
import Wire

/// Reads `encrypted_dns`, and what `inspection` says of answers.
enum EncryptedDNSDecoder {
    static func decode(_ field: Field, into settings: inout GatewaySettings) {
        let keys = ["dot", "doh", "canary", "private_relay", "https_records", "http_dns"]
        guard let fields = Fields(field, keys: keys) else { return }
        func isOn(_ key: String) -> Bool { fields[key]?.flag() ?? false }
        settings.encryptedDNS.refusesPort853 = isOn("dot")
        settings.encryptedDNS.refusesHTTPS = isOn("doh")
        settings.encryptedDNS.answersCanary = isOn("canary")
        settings.encryptedDNS.refusesPrivateRelay = isOn("private_relay")
        settings.encryptedDNS.stripsBindings = isOn("https_records")
        settings.encryptedDNS.refusesHTTPDNS = isOn("http_dns")
        if settings.encryptedDNS.changesAnswers, settings.inspection.tap == .passive {
            field.warning(
                "a passive tap changes no answer: of these, only ports and addresses are refused",
                hint: "Set inspection.tap: inline")
        }
    }

    static func decodeAnswers(_ fields: Fields, into settings: inout InspectionSettings) {
        if let answers = fields["answers"]?.choice(InspectionSettings.Answers.self) {
            settings.answers = answers
        }
        let shared = fields["shared_addresses"]?
            .items(of: "addresses", limit: SettingsLimits.sharedAddresses)
        settings.sharedAddresses = (shared ?? []).compactMap { $0.prefix() }
    }

    /// The resolvers the catalogues name. One of low confidence may be no resolver at all.
    static func fill(_ settings: inout EncryptedDNSSettings, from shelf: CatalogueShelf) {
        for name in shelf.names {
            for entry in shelf.catalogues[name] ?? [] where entry.confidence != .low {
                let endpoint = entry.endpoint
                switch endpoint.role {
                case .encryptedDNS, .bypassRelay, .httpDNS:
                    settings.names[endpoint.role, default: []].append(endpoint.pattern)
                    settings.addresses.formUnion(entry.addresses)
                default: break
                }
            }
        }
    }
}
