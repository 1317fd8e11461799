import Policy
import Wire

/// What a policy does when it applies: `on`, `on_match`, `priority`, `exemptions` and `message`.
extension PolicyDecoder {
    struct OnMatch {
        var term = BlockTerm.untilReleased
        var action = PolicyAction.cutOff
        var stages = PolicyStages.none
    }

    func onMatch(_ field: Field?) -> OnMatch {
        var result = OnMatch()
        let keys = ["for", "action", "stages", "holds_at", "kill_open_connections"]
        guard let field, let fields = Fields(field, keys: keys) else { return result }
        fields["holds_at"]?.only("gateway", hint: "A block holds at this gateway: gateway")
        fields["kill_open_connections"]?.only(
            "true", hint: "Open connections of a cut device always end: true")
        if let action = fields["action"]?.choice(PolicyAction.self) { result.action = action }
        if let term = fields["for"].flatMap(term) { result.term = term }
        if let stages = fields["stages"].flatMap(stages) { result.stages = stages }
        if result.action == .denyActivation, let term = fields["for"] {
            term.error(
                "\(term.name) has no meaning with action: deny_activation",
                hint: "Nothing stands that could end: remove the line.")
        }
        return result
    }

    private func term(_ field: Field) -> BlockTerm? {
        guard let text = field.scalar("until_released or a time such as 30d") else { return nil }
        if text == "until_released" { return .untilReleased }
        if text.utf8.first.map({ (48...57).contains($0) }) != true {
            field.error(
                "\(field.name) must be until_released or a time such as 30d, not \(quoted(text))"
                    + didYouMean(text, among: ["until_released"]))
            return nil
        }
        return field.durationSeconds(in: Self.durations).map { .seconds(Int64($0)) }
    }

    /// Ten years is for ever in this trade, and it keeps every deadline inside Timestamp.
    private static let durations = 60...3_650 * 86_400

    private func stages(_ field: Field) -> PolicyStages? {
        let keys = [Stage.observe, .warn, .grace].map(\.rawValue)
        let block = "Remove it: block is what follows the last stage."
        guard let fields = Fields(field, keys: keys, unsupported: ["block": block]) else {
            return nil
        }
        if fields.isEmpty {
            field.error("\(field.name) is empty", hint: "For none, leave it out.")
            return nil
        }
        let seconds = keys.map { key in
            Int64(fields[key]?.durationSeconds(in: Self.durations) ?? 0)
        }
        return PolicyStages(
            observeSeconds: seconds[0], warnSeconds: seconds[1], graceSeconds: seconds[2])
    }

    /// Each names a device, as in `devices.d`, or a tag.
    func exemptions(_ field: Field?) -> [PolicyExemption] {
        let items =
            field?
            .items(of: "exemptions", limit: SettingsLimits.exemptionsPerPolicy) ?? []
        return items.compactMap { item in
            exemption(Field(name: "exemption", node: item.node, file: item.file))
        }
    }

    private func exemption(_ field: Field) -> PolicyExemption? {
        guard let fields = Fields(field, keys: ["mac", "address", "tag", "until", "reason"]) else {
            return nil
        }
        let until = fields["until"]?.day()
        let reason = fields["reason"]?.line()
        let subjects = ["mac", "address", "tag"].compactMap { fields[$0] }
        guard subjects.count == 1, let subject = subjects.first else {
            field.error(
                "an exemption has one of mac, address and tag",
                hint: "Write each in an entry of its own, beginning with \"- \".")
            return nil
        }
        guard let whom = self.subject(subject) else { return nil }
        return PolicyExemption(
            subject: whom, until: until, reason: reason,
            source: field.file.location(field.span))
    }

    private func subject(_ field: Field) -> PolicyExemption.Subject? {
        switch field.name {
        case "exemption.mac": field.mac().map { .device(.mac($0)) }
        case "exemption.address":
            field.address().flatMap { IPPrefix($0, length: $0.bitWidth) }
                .map { .device(.prefix($0)) }
        default: field.tag().map { .tag($0) }
        }
    }

    /// One text, or one for each language; the first is the one that stands where none fits.
    func message(_ field: Field) -> (text: String, translations: [String: String])? {
        guard case .mapping(let entries) = field.node.content else {
            return field.paragraph().map { ($0, [:]) }
        }
        guard (1...SettingsLimits.messageLanguages).contains(entries.count) else {
            field.error(
                "\(field.name) has \(entries.count) languages, and may have 1 to "
                    + "\(SettingsLimits.messageLanguages)")
            return nil
        }
        var translations: [String: String] = [:]
        var first: String?
        for entry in entries {
            guard (2...3).contains(entry.key.utf8.count),
                entry.key.utf8.allSatisfy({ (97...122).contains($0) })
            else {
                field.file.error(
                    "\(quoted(entry.key)) is no language", at: entry.keySpan,
                    hint: "Write its code of ISO 639 in small letters, as in: en, es, fa")
                continue
            }
            let name = "\(field.name).\(entry.key)"
            let text = Field(name: name, node: entry.value, file: field.file).paragraph()
            translations[entry.key] = text
            if first == nil { first = text }
        }
        return first.map { ($0, translations) }
    }
}
