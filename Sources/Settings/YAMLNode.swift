/// A stretch of a file, for carets under it.
struct TextSpan: Hashable, Sendable {
    /// 1-based.
    let line: Int
    /// 1-based, in Unicode scalars.
    let column: Int
    /// Scalars on that line; at least 1.
    let length: Int

    init(line: Int, column: Int, length: Int = 1) {
        self.line = line
        self.column = column
        self.length = max(1, length)
    }
}

/// A YAML value with the place it stands in. Scalars stay text: `NO` is Norway, never false.
struct YAMLNode: Sendable {
    struct Entry: Sendable {
        let key: String
        let keySpan: TextSpan
        let value: YAMLNode
    }

    enum Content: Sendable {
        case scalar(String)
        /// `key:` with no value after it.
        case nothing
        case sequence([YAMLNode])
        case mapping([Entry])
    }

    let content: Content
    let span: TextSpan
}
