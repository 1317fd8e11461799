import Policy
import Wire

/// The catalogues that were read, and the names of those that could not be.
struct CatalogueShelf {
    private(set) var catalogues: [String: [CatalogueEntry]] = [:]
    private(set) var unreadable: Set<String> = []

    var names: [String] { catalogues.keys.sorted() }

    /// Reads one file of `catalogue.d`. `name` is what its place says: `vendor/xiaomi`.
    mutating func decode(_ root: YAMLNode?, name: String, in file: FileScope) -> Catalogue? {
        let keys = ["catalogue", "title", "endpoints"]
        guard let root, let fields = Fields.root(of: root, in: file, keys: keys) else {
            unreadable.insert(name)
            return nil
        }
        if let written = fields.required("catalogue"), let text = written.scalar("a name"),
            text != name
        {
            written.error(
                "the file catalogue.d/\(name).yaml must hold the catalogue \(quoted(name)), "
                    + "found \(quoted(text))")
        }
        let title = fields.required("title")?.line()
        let items = fields.required("endpoints")?
            .someItems(of: "endpoints", limit: SettingsLimits.endpointsPerList)
        var linesByPattern: [EndpointPattern: Int] = [:]
        let entries = (items ?? []).compactMap { item -> CatalogueEntry? in
            let field = Field(name: "endpoint", node: item.node, file: file)
            guard let entry = Self.entry(field) else { return nil }
            let line = linesByPattern.updateValue(item.span.line, forKey: entry.endpoint.pattern)
            if let line {
                item.error("\(entry.endpoint.pattern.name) is listed twice (also in line \(line))")
            }
            return entry
        }
        guard !file.hasErrors, let title else {
            unreadable.insert(name)
            return nil
        }
        catalogues[name] = entries
        return Catalogue(name: name, title: title, entries: entries)
    }

    private static func entry(_ field: Field) -> CatalogueEntry? {
        let keys = ["name", "match", "role", "confidence", "source", "note", "addresses"]
        guard let fields = Fields(field, keys: keys) else { return nil }
        let name = fields.required("name")?.domain()
        let match = fields.required("match")?.choice(among: ["exact", "suffix"])
        let role = fields.required("role")?.choice(EndpointRole.self)
        let confidence = fields.required("confidence")?.choice(Confidence.self)
        // Only people read these two; an entry without a source is a rumour.
        let authority = fields.required("source")?.line()
        let note = fields["note"]?.line()
        let owned = fields["addresses"].map { addresses($0, role: role) } ?? []
        guard let name, let match, let role, let confidence, let authority else { return nil }
        return CatalogueEntry(
            endpoint: Endpoint(
                pattern: match == "exact" ? .exact(name) : .suffix(name), role: role,
                source: field.file.location(field.span)),
            confidence: confidence, authority: authority, note: note, addresses: owned)
    }

    private static func addresses(_ field: Field, role: EndpointRole?) -> [IPAddress] {
        if let role, role != .encryptedDNS {
            field.error(
                "\(field.name) may stand at \(EndpointRole.encryptedDNS.rawValue) only",
                hint: "Of every other role the name is matched, never the address.")
            return []
        }
        let items = field.items(of: "addresses", limit: SettingsLimits.addressesPerResolver)
        return (items ?? []).compactMap { $0.address() }
    }
}
