/// Builds the tree of one file and refuses what settings have no use for: aliases (a small file
/// could unfold into a huge one), anchors, tags and further documents.
struct YAMLComposer: ~Copyable {
    private var events: YAMLEvents
    private let file: FileScope
    private var nodeCount = 0

    /// The root of the file's only document; nil when the file has none or a problem was reported.
    static func compose(_ text: String, in file: FileScope) -> YAMLNode? {
        var composer = YAMLComposer(events: YAMLEvents(text), file: file)
        do {
            let root = try composer.document()
            if root == nil, !file.hasErrors {
                file.error("the file is empty", at: nil, hint: "The least it needs is: version: 1")
            }
            return file.hasErrors ? nil : root
        } catch {
            file.error(error.message, at: error.span, hint: hint(for: error, in: file))
            return nil
        }
    }

    /// libyaml says where it gave up; people want to know where to look.
    private static func hint(for error: YAMLSyntaxError, in file: FileScope) -> String? {
        let indent = file.excerpt(error.span)?.prefix { $0 == " " || $0 == "\t" }
        if indent?.contains("\t") == true {
            return "YAML is indented with spaces, and this line begins with a tab."
        }
        return switch error.message {
        case "mapping values are not allowed in this context":
            "Often a colon is missing in the line above, or a text with \": \" needs quotes."
        case "did not find expected key", "could not find expected ':'":
            "Often a line is not indented as its neighbours are, or has no colon."
        case "control characters are not allowed":
            "It would reach terminals and the journal: remove it."
        default: error.context
        }
    }

    private init(events: consuming YAMLEvents, file: FileScope) {
        self.events = events
        self.file = file
    }

    private mutating func document() throws(YAMLSyntaxError) -> YAMLNode? {
        var root: YAMLNode?
        var documents = 0
        while true {
            let event = try events.next()
            switch event.kind {
            case .streamEnd: return root
            case .streamStart, .documentEnd: continue
            case .documentStart:
                documents += 1
                guard documents == 1 else {
                    file.error(
                        "a second document begins here", at: event.span,
                        hint: "Settings are one document to a file: remove the line \"---\".")
                    return nil
                }
            default: root = try node(event, depth: 1)
            }
        }
    }

    private mutating func node(_ event: YAMLEvent, depth: Int) throws(YAMLSyntaxError) -> YAMLNode {
        nodeCount += 1
        if nodeCount > SettingsLimits.nodes { throw limit("\(SettingsLimits.nodes) values", event) }
        if depth > SettingsLimits.nesting {
            throw limit("\(SettingsLimits.nesting) levels of nesting", event)
        }
        refuseMarks(of: event)
        switch event.kind {
        case .scalar(let text, let isPlain):
            let isNothing = isPlain && text.isEmpty
            return YAMLNode(content: isNothing ? .nothing : .scalar(text), span: event.span)
        case .sequenceStart:
            return YAMLNode(content: .sequence(try items(depth: depth)), span: event.span)
        case .mappingStart:
            return YAMLNode(content: .mapping(try entries(depth: depth)), span: event.span)
        default:
            file.error(
                "aliases (*name) are not used in settings", at: event.span,
                hint: "Write the value out.")
            return YAMLNode(content: .nothing, span: event.span)
        }
    }

    private mutating func items(depth: Int) throws(YAMLSyntaxError) -> [YAMLNode] {
        var items: [YAMLNode] = []
        while true {
            let event = try events.next()
            if case .sequenceEnd = event.kind { return items }
            items.append(try node(event, depth: depth + 1))
        }
    }

    private mutating func entries(depth: Int) throws(YAMLSyntaxError) -> [YAMLNode.Entry] {
        var entries: [YAMLNode.Entry] = []
        // A mapping of a few keys, of which a list of devices has thousands, needs no table.
        var firstSpans: [String: TextSpan] = [:]
        func first(_ name: String) -> TextSpan? {
            guard entries.count > 8 else { return entries.first { $0.key == name }?.keySpan }
            if firstSpans.isEmpty {
                for entry in entries { firstSpans[entry.key] = entry.keySpan }
            }
            return firstSpans[name]
        }
        while true {
            let event = try events.next()
            if case .mappingEnd = event.kind { return entries }
            let key = try node(event, depth: depth + 1)
            let value = try node(try events.next(), depth: depth + 1)
            guard case .scalar(let name) = key.content else {
                if case .alias = event.kind { continue }
                file.error(
                    "a key must be a word", at: key.span,
                    hint: "Write: key: value")
                continue
            }
            if let first = first(name) {
                file.error(
                    "duplicate key \(quoted(name)) (first at \(first.line):\(first.column))",
                    at: key.span, hint: "Remove one: only one of them could hold.")
                continue
            }
            if !firstSpans.isEmpty { firstSpans[name] = key.span }
            entries.append(YAMLNode.Entry(key: name, keySpan: key.span, value: value))
        }
    }

    private func refuseMarks(of event: YAMLEvent) {
        if event.hasAnchor {
            file.error(
                "anchors (&name) are not used in settings", at: event.span,
                hint: "Write the value out where it is needed.")
        }
        if event.hasTag {
            file.error(
                "tags (!name) are not used in settings", at: event.span,
                hint: "Remove it: every key knows what kind of value it takes.")
        }
    }

    private func limit(_ what: String, _ event: YAMLEvent) -> YAMLSyntaxError {
        YAMLSyntaxError(
            message: "the file has more than \(what)", span: event.span,
            context: "No gateway needs so much: a program wrote the file, or ran away with it.")
    }
}
