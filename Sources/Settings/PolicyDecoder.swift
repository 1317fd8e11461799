import Policy
import Wire

/// One file of `policy.d` as read: the policy, and the places later checks point at.
struct PolicyDraft {
    let policy: RegionPolicy
    let nameField: Field
    let tagFields: [(tag: Tag, field: Field)]
    let regionFields: [(region: Region, field: Field)]
    /// Where it names a site: in its scope and in its tests.
    let siteFields: [(site: String, field: Field)]
    let tests: [PolicyTestCase]
}

/// Reads one file of `policy.d`.
struct PolicyDecoder {
    let shelf: CatalogueShelf

    private static let keys = [
        "policy", "title", "mode", "priority", "applies_to", "deny_regions", "allow_regions",
        "valid", "review_by", "basis", "reason", "on", "activation", "on_match", "exemptions",
        "message", "contact", "tests",
    ]

    /// Nil when the file has an error.
    func decode(_ root: YAMLNode, in file: FileScope) -> PolicyDraft? {
        let fields = Fields.root(
            of: root, in: file, keys: Self.keys)
        guard let fields else { return nil }
        let nameField = fields.required("policy")
        let name = nameField?.identifier()
        let title = fields.required("title")?.line()
        let mode = fields.required("mode")?.choice(PolicyMode.self)
        let (tags, scope) = appliesTo(fields.required("applies_to"))
        let (rule, regions) = self.regions(fields)
        let (from, until) = validity(fields["valid"])
        let reviewBy = fields["review_by"]?.day()
        let basis = fields["basis"]?.paragraph()
        let reason = fields["reason"]?.paragraph()
        let trigger = fields["on"]?.choice(PolicyTrigger.self) ?? .everyAttempt
        // Where presence is enough, nothing needs to be asked for.
        let activation = trigger == .entry ? fields["activation"] : fields.required("activation")
        let triggers = activation.flatMap(self.activation)
        let onMatch = onMatch(fields["on_match"])
        if trigger == .entry, onMatch.action == .denyActivation {
            fields["on"]?.error(
                "on: entry can't go with action: deny_activation",
                hint: "Being there is no request that could be refused.")
        }
        let priority = fields["priority"]?.integer(in: 0...1_000) ?? 0
        let exemptions = exemptions(fields["exemptions"])
        let message = fields.required("message").flatMap(message)
        let contact = fields["contact"].map(contact)
        let (tests, testSites) = PolicyTestDecoder.decode(
            fields["tests"], policy: name ?? "", mayLackName: trigger == .entry)
        guard !file.hasErrors, let name, let nameField, let title, let mode, let rule, let message
        else { return nil }
        var policy = RegionPolicy(
            name: name, title: title, mode: mode,
            tags: tags.map { Located($0.tag, at: file.location($0.field.span)) }, regions: rule,
            validFrom: from, validUntil: until, reviewBy: reviewBy,
            endpoints: triggers?.endpoints ?? [],
            term: onMatch.term, basis: basis, reason: reason, message: message.text,
            contact: contact ?? Contact(name: nil, phone: nil, email: nil, url: nil),
            source: file.location(nameField.span))
        policy.translations = message.translations
        policy.trigger = trigger
        policy.action = onMatch.action
        policy.stages = onMatch.stages
        policy.exemptions = exemptions
        policy.priority = priority
        policy.sites = scope.map { Located($0.site, at: file.location($0.field.span)) }
        policy.lists = triggers?.lists ?? []
        policy.triggerRoles = triggers?.roles
        return PolicyDraft(
            policy: policy, nameField: nameField, tagFields: tags, regionFields: regions,
            siteFields: scope + testSites, tests: tests)
    }

    /// The tags a policy speaks of, and the sites it is held to.
    private func appliesTo(
        _ field: Field?
    ) -> (tags: [(tag: Tag, field: Field)], scope: [(site: String, field: Field)]) {
        let places = "Remove it, and name the site: a site is an interface, a VLAN or a subnet."
        guard let field,
            let fields = Fields(
                field, keys: ["tags", "sites"],
                unsupported: ["interfaces": places, "vlans": places, "subnets": places])
        else { return ([], []) }
        let scope = scope(fields["sites"])
        let items = fields.required("tags")?
            .someItems(of: "tags", limit: SettingsLimits.tagsPerEntry)
        let tags = (items ?? []).compactMap { item -> (tag: Tag, field: Field)? in
            guard let tag = item.tag() else { return nil }
            if tag == .neverBlock {
                item.error(
                    "nothing cuts off a device tagged \(tag): no policy can apply to it",
                    hint: "Name the tags of the devices that it is about.")
            }
            return (tag, item)
        }
        return (tags, scope)
    }

    private func scope(_ field: Field?) -> [(site: String, field: Field)] {
        let items = field?.someItems(of: "sites", limit: SettingsLimits.sites) ?? []
        var seen: Set<String> = []
        return items.compactMap { item in
            guard let site = item.identifier() else { return nil }
            guard seen.insert(site).inserted else {
                item.error("the site \(site) stands here twice")
                return nil
            }
            return (site, item)
        }
    }

    private func regions(
        _ fields: Fields
    ) -> (rule: RegionRule?, fields: [(region: Region, field: Field)]) {
        let located = { (entries: [(region: Region, field: Field)]) in
            entries.map { Located($0.region, at: $0.field.file.location($0.field.span)) }
        }
        switch (fields["deny_regions"], fields["allow_regions"]) {
        case (let deny?, nil):
            let entries = deny.regions()
            return (.deny(located(entries)), entries)
        case (nil, let allow?):
            let entries = allow.regions()
            return (.allow(located(entries)), entries)
        case (_?, let allow?):
            allow.error(
                "a policy has deny_regions or allow_regions, not both",
                hint: "deny_regions: everywhere else is allowed. allow_regions: nowhere else is.")
        case (nil, nil):
            fields.missing("\"deny_regions\" or \"allow_regions\"")
        }
        return (nil, [])
    }

    private func validity(_ field: Field?) -> (from: CalendarDay?, until: CalendarDay?) {
        guard let field, let fields = Fields(field, keys: ["from", "until"]) else {
            return (nil, nil)
        }
        let from = fields["from"]?.day()
        let until = fields["until"]?.day()
        if let from, let until, until < from {
            fields["until"]?.error("valid.until (\(until)) is before valid.from (\(from))")
        }
        return (from, until)
    }

    private func contact(_ field: Field) -> Contact {
        let fields = Fields(field, keys: ["name", "phone", "email", "url"])
        let url = fields?["url"]
        let address = url?.line()
        if let url, let address, !address.hasPrefix("https://"), !address.hasPrefix("http://") {
            url.error("\(url.name) must begin with https:// or http://")
        }
        return Contact(
            name: fields?["name"]?.line(), phone: fields?["phone"]?.line(),
            email: fields?["email"]?.line(), url: address)
    }
}
