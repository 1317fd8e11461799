import Policy
import Wire

/// `regionlock.yaml`: every key, with what holds where the file said nothing.
extension SettingsPrinter {
    var gateway: String {
        var text = YAMLText()
        text.put("version", "1")
        text.open("gateway") { text in
            text.put("name", YAMLText.scalar(settings.gatewayName))
            text.put("mode", settings.mode.rawValue)
            text.put("uplinks", YAMLText.list(settings.uplinks))
        }
        if let geoip = settings.geoip {
            text.open("geoip") { text in
                text.put(
                    "database", YAMLText.scalar(geoip.database), origin: origin(geoip.source))
                text.put(
                    "uplink_address",
                    geoip.uplinkAddress.map { YAMLText.scalar("\($0)") } ?? "auto")
                text.put("max_age", "\(geoip.maximumAgeDays)d")
            }
        }
        if settings.sites.sites.isEmpty {
            text.put("sites", "[]")
        } else {
            text.open("sites") { text in
                for site in settings.sites.sites { put(site, into: &text) }
            }
        }
        text.put("unknown_site", unknownSite)
        text.open("inspection") { text in
            let inspection = settings.inspection
            text.put("tap", inspection.tap.rawValue)
            text.put("hold", inspection.hold.rawValue)
            text.put("when_down", inspection.whenDown.rawValue)
            text.put("queue", "\(inspection.queue)")
            let digits = String(inspection.markMask, radix: 16)
            let zeros = String(repeating: "0", count: 8 - digits.utf8.count)
            text.put("mark_mask", "0x\(zeros)\(digits)")
            text.put("answers", inspection.answers.rawValue)
            text.put("shared_addresses", YAMLText.list(inspection.sharedAddresses))
        }
        text.open("encrypted_dns") { text in
            // The names and addresses of resolvers come back with the catalogues.
            let refused = settings.encryptedDNS
            for (key, isOn) in [
                ("dot", refused.refusesPort853), ("doh", refused.refusesHTTPS),
                ("canary", refused.answersCanary), ("private_relay", refused.refusesPrivateRelay),
                ("https_records", refused.stripsBindings), ("http_dns", refused.refusesHTTPDNS),
            ] {
                text.put(key, "\(isOn)")
            }
        }
        text.open("while_blocked") { text in
            text.put("dns", settings.whileBlocked.dns.rawValue)
            let also = settings.whileBlocked.also.map { destination in
                YAMLText.scalar(Self.words(of: destination))
            }
            text.put("also", "[" + also.joined(separator: ", ") + "]")
        }
        text.open("notice") { text in
            text.put("enabled", "\(settings.notice.isEnabled)")
            text.put("port", "\(settings.notice.port)")
        }
        text.open("identity") { text in
            text.put("returning", settings.returning.rawValue)
            guard !settings.leaseFiles.isEmpty else { return text.put("leases", "[]") }
            text.open("leases") { text in
                for list in settings.leaseFiles {
                    text.item(origin: origin(list.source)) {
                        $0.put(list.format.rawValue, YAMLText.scalar(list.path))
                    }
                }
            }
        }
        text.open("history") { $0.put("keep", "\(settings.keepHistoryDays)d") }
        text.open("control") { text in
            text.put("admins", YAMLText.scalar(settings.control.admins))
            text.put("readers", YAMLText.scalar(settings.control.readers))
        }
        return text.text
    }

    private func put(_ site: Site, into text: inout YAMLText) {
        text.item(origin: origin(site.source)) { text in
            text.put("name", YAMLText.scalar(site.name))
            text.put(
                "region", YAMLText.scalar(site.region?.code ?? SiteDecoder.fromAddress),
                origin: origin(site.regionSource))
            text.open("match") { text in
                if !site.interfaces.isEmpty {
                    text.put("interfaces", YAMLText.list(site.interfaces))
                }
                if !site.subnets.isEmpty { text.put("subnets", YAMLText.list(site.subnets)) }
            }
        }
    }

    private var unknownSite: String {
        switch settings.unknownSite {
        case .allow: "allow"
        case .deny: "deny"
        case .region(let region): YAMLText.quoted("region:\(region)")
        }
    }

    /// `203.0.113.0/24`, `203.0.113.7:443` or `[2001:db8::7]:443`.
    private static func words(of destination: AllowedDestination) -> String {
        guard let port = destination.port else { return "\(destination.prefix)" }
        return switch destination.prefix.base {
        case .v4: "\(destination.prefix):\(port)"
        case .v6: "[\(destination.prefix)]:\(port)"
        }
    }
}
