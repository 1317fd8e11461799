/// A value with the name the operator knows it by, on its way to becoming a setting.
///
/// Every reading method returns nil exactly when it has reported why. Callers put any default in
/// the place and go on, so that one run finds all mistakes; settings with an error are never used.
struct Field {
    /// As in `while_blocked.dns`; an entry of a list has the name of the list.
    let name: String
    let node: YAMLNode
    let file: FileScope

    var span: TextSpan { node.span }

    func error(_ message: String, hint: String? = nil) {
        file.error(message, at: span, hint: hint)
    }

    func warning(_ message: String, hint: String? = nil) {
        file.warning(message, at: span, hint: hint)
    }

    /// `name must be x, found y`.
    func mustBe(_ what: String, hint: String? = nil) {
        error("\(name) must be \(what), found \(node.content.words)", hint: hint)
    }

    /// The text of a scalar, as written.
    func scalar(_ what: String) -> String? {
        if case .scalar(let text) = node.content { return text }
        mustBe(what)
        return nil
    }

    /// The entries of a list, each as a field.
    func items(of what: String, limit: Int) -> [Field]? {
        guard case .sequence(let nodes) = node.content else {
            mustBe("a list of \(what)", hint: listHint)
            return nil
        }
        guard nodes.count <= limit else {
            error("\(name) has \(nodes.count) entries, and may have \(limit)")
            return nil
        }
        return nodes.map { Field(name: name, node: $0, file: file) }
    }

    /// As `items`, refusing an empty list.
    func someItems(of what: String, limit: Int) -> [Field]? {
        guard let items = items(of: what, limit: limit) else { return nil }
        if items.isEmpty { error("\(name) is empty", hint: "It needs at least one entry.") }
        return items.isEmpty ? nil : items
    }

    private var listHint: String? {
        switch node.content {
        case .scalar(let text): "Write: [\(printable(text, limit: 40))]"
        case .nothing: "Write [] for an empty list."
        default: nil
        }
    }
}

extension YAMLNode.Content {
    /// What it is, for "found ...".
    var words: String {
        switch self {
        case .scalar(let text): quoted(text)
        case .nothing: "nothing"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
