import Policy
import Wire

/// The files of `policy.d`.
extension SettingsPrinter {
    var policyFiles: [SettingsFile] {
        settings.policies.map { policy in
            var text = YAMLText()
            put(policy, into: &text)
            return SettingsFile(path: policy.source.file, text: text.text)
        }
    }

    private func put(_ policy: RegionPolicy, into text: inout YAMLText) {
        text.put("version", "1")
        text.put("policy", YAMLText.scalar(policy.name), origin: origin(policy.source))
        text.put("title", YAMLText.quoted(policy.title))
        text.put("mode", policy.mode.rawValue)
        text.put("priority", "\(policy.priority)")
        text.open("applies_to") { text in
            text.open("tags") { text in put(policy.tags, into: &text) }
            if !policy.sites.isEmpty {
                text.open("sites") { text in put(policy.sites, into: &text) }
            }
        }
        switch policy.regions {
        case .deny(let regions): text.open("deny_regions") { put(regions, into: &$0) }
        case .allow(let regions): text.open("allow_regions") { put(regions, into: &$0) }
        }
        if policy.validFrom != nil || policy.validUntil != nil {
            text.open("valid") { text in
                if let from = policy.validFrom { text.put("from", "\(from)") }
                if let until = policy.validUntil { text.put("until", "\(until)") }
            }
        }
        if let day = policy.reviewBy { text.put("review_by", "\(day)") }
        if let basis = policy.basis { text.put("basis", YAMLText.quoted(basis)) }
        if let reason = policy.reason { text.put("reason", YAMLText.quoted(reason)) }
        text.put("on", YAMLText.scalar(policy.trigger.rawValue))
        putActivation(of: policy, into: &text)
        putConsequence(of: policy, into: &text)
        putMessage(of: policy, into: &text)
        putContact(policy.contact, into: &text)
        putTests(of: policy, into: &text)
    }

    private func put<Value: CustomStringConvertible>(
        _ entries: [Located<Value>], into text: inout YAMLText
    ) {
        for entry in entries {
            text.item(YAMLText.scalar(entry.value.description), origin: origin(entry.source))
        }
    }

    private func putActivation(of policy: RegionPolicy, into text: inout YAMLText) {
        // What a catalogue lists comes back with the catalogue.
        let domains = policy.endpoints.filter { $0.source.file == policy.source.file }
        guard !policy.lists.isEmpty || !domains.isEmpty || policy.triggerRoles != nil else {
            return
        }
        text.open("activation") { text in
            if !policy.lists.isEmpty {
                text.open("lists") { put(policy.lists, into: &$0) }
            }
            if let roles = policy.triggerRoles {
                let named = EndpointRole.allCases.filter(roles.contains).map(\.rawValue)
                text.put("trigger_roles", YAMLText.list(named))
            }
            guard !domains.isEmpty else { return }
            text.open("domains") { text in
                for domain in domains {
                    var words = domain.pattern.name.text
                    if case .below = domain.pattern { words = "*.\(words)" }
                    text.item(YAMLText.scalar(words), origin: origin(domain.source))
                }
            }
        }
    }

    private func putConsequence(of policy: RegionPolicy, into text: inout YAMLText) {
        text.open("on_match") { text in
            text.put("action", policy.action.rawValue)
            if policy.action == .cutOff {
                text.put("for", Self.words(of: policy.term))
            }
            guard policy.stages != .none else { return }
            text.open("stages") { text in
                for length in policy.stages.lengths {
                    text.put(length.stage.rawValue, Self.words(seconds: length.seconds))
                }
            }
        }
        guard !policy.exemptions.isEmpty else { return }
        text.open("exemptions") { text in
            for exemption in policy.exemptions {
                text.item(origin: origin(exemption.source)) { text in
                    let (key, value) = Self.words(of: exemption.subject)
                    text.put(key, YAMLText.scalar(value))
                    if let until = exemption.until { text.put("until", "\(until)") }
                    if let reason = exemption.reason {
                        text.put("reason", YAMLText.quoted(reason))
                    }
                }
            }
        }
    }

    private static func words(of term: BlockTerm) -> String {
        switch term {
        case .untilReleased: "until_released"
        case .seconds(let seconds): words(seconds: seconds)
        }
    }

    /// The largest unit that leaves nothing over; files have whole minutes.
    private static func words(seconds: Int64) -> String {
        if seconds % 86_400 == 0 { return "\(seconds / 86_400)d" }
        return seconds % 3_600 == 0 ? "\(seconds / 3_600)h" : "\(seconds / 60)m"
    }

    private static func words(
        of subject: PolicyExemption.Subject
    ) -> (key: String, value: String) {
        switch subject {
        case .tag(let tag): ("tag", tag.text)
        case .device(.prefix(let prefix)): ("address", "\(prefix.base)")
        case .device(.mac(let mac)): ("mac", "\(mac)")
        // No file can say these of an exemption.
        case .device(.vendor(let pattern, _)): ("mac", pattern)
        case .device(.macKind(let kind, _)): ("mac", kind.rawValue)
        case .device(.interface(let name)): ("mac", name.text)
        case .device(.vlan(let number)): ("mac", "\(number)")
        case .device(.wireGuardPeer(let key)): ("mac", "\(key)")
        case .device(.dhcpHostName(let pattern)), .device(.dhcpVendorClass(let pattern)),
            .device(.dhcpFingerprint(let pattern)):
            ("mac", pattern.text)
        }
    }

    private func putMessage(of policy: RegionPolicy, into text: inout YAMLText) {
        let translations = policy.translations.sorted { $0.key < $1.key }
        // The first is the one the journal has.
        guard let first = translations.first(where: { $0.value == policy.message }) else {
            text.put("message", YAMLText.quoted(policy.message))
            return
        }
        text.open("message") { text in
            for (language, words) in [first] + translations.filter({ $0.key != first.key }) {
                text.put(YAMLText.scalar(language), YAMLText.quoted(words))
            }
        }
    }

    private func putContact(_ contact: Contact, into text: inout YAMLText) {
        let entries = [
            ("name", contact.name), ("phone", contact.phone), ("email", contact.email),
            ("url", contact.url),
        ]
        guard entries.contains(where: { $0.1 != nil }) else { return }
        text.open("contact") { text in
            for case (let key, let value?) in entries { text.put(key, YAMLText.quoted(value)) }
        }
    }

    private func putTests(of policy: RegionPolicy, into text: inout YAMLText) {
        let tests = tests.filter { $0.policy == policy.name }
        guard !tests.isEmpty else { return }
        text.open("tests") { text in
            for test in tests {
                let expect = PolicyTestCase.words.first { $0.verdict == test.expect }?.word
                var entries = [
                    "device: {tags: \(YAMLText.list(test.tags.sorted()))}",
                    "region: \(YAMLText.scalar(test.region.code))",
                ]
                if let site = test.site { entries.append("site: \(YAMLText.scalar(site))") }
                if let name = test.to { entries.append("to: \(YAMLText.scalar(name.text))") }
                entries.append("expect: \(expect ?? test.expect.rawValue)")
                text.item(
                    "{" + entries.joined(separator: ", ") + "}", origin: origin(test.source))
            }
        }
    }
}
