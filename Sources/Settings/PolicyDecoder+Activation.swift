import Policy
import Wire

extension PolicyDecoder {
    struct Triggers {
        let endpoints: [Endpoint]
        let lists: [Located<String>]
        /// Nil when the policy names none.
        let roles: Set<EndpointRole>?
    }

    /// The endpoints that trigger: those of the lists that have a trigger role and are known well
    /// enough, and every name the policy itself gives. Nil after a mistake.
    func activation(_ field: Field) -> Triggers? {
        let fields = Fields(
            field, keys: ["lists", "trigger_roles", "domains"],
            unsupported: [
                "addresses":
                    "Remove it, and write names under: domains. Services share their addresses."
            ])
        guard let fields else { return nil }
        let roles = triggerRoles(fields["trigger_roles"])
        let lists = fields["lists"]?.items(of: "lists", limit: SettingsLimits.listsPerPolicy) ?? []
        var endpoints: [Endpoint] = []
        for list in lists {
            endpoints += self.endpoints(of: list, roles: roles)
        }
        let domains = fields["domains"]?
            .items(of: "names", limit: SettingsLimits.endpointsPerList)
        for item in domains ?? [] {
            guard let pattern = item.endpointPattern(), mayTrigger(pattern, item) else { continue }
            endpoints.append(
                Endpoint(
                    pattern: pattern, role: .activation, source: item.file.location(item.span)))
        }
        if endpoints.isEmpty, !field.file.hasErrors {
            field.error(
                "nothing triggers this policy", hint: "It needs activation.lists or .domains.")
        }
        return Triggers(
            endpoints: endpoints,
            lists: lists.compactMap { list in
                guard case .scalar(let name) = list.node.content else { return nil }
                return Located(name, at: list.file.location(list.span))
            },
            roles: fields["trigger_roles"] == nil ? nil : roles)
    }

    /// A host that a catalogue knows for a connectivity check and the like is no trigger, whoever
    /// names it.
    private func mayTrigger(_ pattern: EndpointPattern, _ field: Field) -> Bool {
        let entries = shelf.catalogues.values.joined().map(\.endpoint)
        let conflict: Endpoint? =
            if case .below = pattern {
                entries.filter { pattern.matches($0.pattern.name) }
                    .first { EndpointRole.neverTriggers.contains($0.role) }
            } else {
                // The longest name is the most exact word on what the host is for.
                entries.filter { $0.pattern.matches(pattern.name) }
                    .max { $0.pattern.name.text.utf8.count < $1.pattern.name.text.utf8.count }
            }
        guard let conflict, EndpointRole.neverTriggers.contains(conflict.role) else { return true }
        let name = conflict.pattern.name
        field.error(
            "\(pattern) can't trigger a block: \(name) has the role \(conflict.role.rawValue) "
                + "(\(conflict.source))",
            hint: "Devices in use for years reach it too. Name the activation host itself.")
        return false
    }

    private func triggerRoles(_ field: Field?) -> Set<EndpointRole> {
        guard let field else { return EndpointRole.triggersByDefault }
        let words = EndpointRole.allCases.filter(EndpointRole.mayTrigger.contains).map(\.rawValue)
        guard let items = field.someItems(of: "roles", limit: words.count) else {
            return EndpointRole.triggersByDefault
        }
        let roles = items.compactMap { item -> EndpointRole? in
            if case .scalar(let word) = item.node.content, let role = EndpointRole(rawValue: word),
                !EndpointRole.mayTrigger.contains(role)
            {
                item.error(
                    "hosts of the role \(word) can't trigger a block",
                    hint: "Devices in use for years reach them too. What can: "
                        + words.joined(separator: ", "))
                return nil
            }
            return item.choice(among: words).flatMap(EndpointRole.init(rawValue:))
        }
        return Set(roles)
    }

    private func endpoints(of list: Field, roles: Set<EndpointRole>) -> [Endpoint] {
        guard let name = list.scalar("the name of a catalogue") else { return [] }
        guard let entries = shelf.catalogues[name] else {
            if shelf.unreadable.contains(name) {
                list.error("the catalogue \(quoted(name)) has errors of its own")
            } else {
                let guess = suggestion(for: name, among: shelf.names)
                let known = shelf.names.isEmpty ? "none" : shelf.names.joined(separator: ", ")
                list.error(
                    "there is no catalogue \(quoted(name))" + didYouMean(name, among: shelf.names),
                    hint: guess == nil ? "In catalogue.d there are: \(known)" : nil)
            }
            return []
        }
        // A host nobody could confirm must not cut anybody off; a policy can still name it.
        let triggers = entries.filter {
            roles.contains($0.endpoint.role) && $0.confidence != .low
        }
        if triggers.isEmpty {
            list.error(
                "no endpoint of \(quoted(name)) has a trigger role and is confirmed",
                hint: "Name its role under trigger_roles, or the host itself under domains.")
        }
        return triggers.map(\.endpoint)
    }
}
