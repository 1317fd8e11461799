/// The entries of one mapping. Reading it reports every key that does not belong there.
struct Fields {
    /// Name of the mapping, empty for the root of a file.
    private let name: String
    private let entries: [String: Field]
    private let span: TextSpan
    let file: FileScope

    /// - Parameters:
    ///   - keys: The keys there are.
    ///   - unsupported: Keys that earlier designs or later versions have, and what to do instead.
    init?(
        _ field: Field, keys: [String], unsupported: KeyValuePairs<String, String> = [:]
    ) {
        guard case .mapping(let entries) = field.node.content else {
            let place = field.name.isEmpty ? "the file" : field.name
            field.error(
                "\(place) must be a mapping (key: value), found \(field.node.content.words)")
            return nil
        }
        name = field.name
        span = field.span
        file = field.file
        isEmpty = entries.isEmpty
        var known: [String: Field] = [:]
        for entry in entries {
            if keys.contains(entry.key) {
                let path = name.isEmpty ? entry.key : "\(name).\(entry.key)"
                known[entry.key] = Field(name: path, node: entry.value, file: file)
            } else if let instead = unsupported.first(where: { $0.key == entry.key })?.value {
                file.error(
                    "\(quoted(entry.key)) is not supported by this version", at: entry.keySpan,
                    hint: instead)
            } else {
                Self.refuse(entry, keys: keys, name: name, file: file)
            }
        }
        self.entries = known
    }

    /// True for `{}`, false when there are entries, be they known or not.
    let isEmpty: Bool

    subscript(key: String) -> Field? { entries[key] }

    func required(_ key: String) -> Field? {
        if let field = entries[key] { return field }
        missing(key)
        return nil
    }

    func missing(_ what: String, hint: String? = nil) {
        guard !name.isEmpty else {
            file.error("\(what) is missing", at: nil, hint: hint)
            return
        }
        file.error("\(what) is missing in \(name)", at: span, hint: hint)
    }

    func error(_ message: String, hint: String? = nil) {
        file.error(message, at: span, hint: hint)
    }

    private static func refuse(
        _ entry: YAMLNode.Entry, keys: [String], name: String, file: FileScope
    ) {
        let place = name.isEmpty ? "" : " in \(name)"
        let guess = suggestion(for: entry.key, among: keys)
        file.error(
            "unknown key \(quoted(entry.key))\(place)" + didYouMean(entry.key, among: keys),
            at: entry.keySpan,
            hint: guess == nil ? "There are: \(keys.joined(separator: ", "))" : nil)
    }
}

extension Fields {
    /// The version of the file format this program reads.
    static let version = "1"

    /// Reads the root of a file and its `version`; nil when nothing else in it can be relied on.
    static func root(
        of node: YAMLNode, in file: FileScope, keys: [String],
        unsupported: KeyValuePairs<String, String> = [:]
    ) -> Fields? {
        let root = Field(name: "", node: node, file: file)
        guard case .mapping(let entries) = node.content else {
            return Fields(root, keys: [])
        }
        // Another version has other keys: telling them as unknown would only mislead.
        if let version = entries.first(where: { $0.key == "version" })?.value {
            let field = Field(name: "version", node: version, file: file)
            guard let text = field.scalar("1") else { return nil }
            guard text == Self.version else {
                field.error("this program reads version 1, found version \(quoted(text))")
                return nil
            }
        }
        let fields = Fields(root, keys: ["version"] + keys, unsupported: unsupported)
        if let fields, fields["version"] == nil {
            fields.missing("version", hint: "Write as the first line: version: 1")
        }
        return fields
    }
}
