/// One thing that is wrong, or looks wrong, in the operator's files.
package struct SettingsProblem: Hashable, Sendable {
    package enum Severity: String, Hashable, Sendable {
        case warning
        case error
    }

    package let severity: Severity
    /// Relative to the configuration's directory, such as `policy.d/10-xiaomi.yaml`.
    package let file: String
    /// 1-based; 0 when the problem is the file as a whole.
    package let line: Int
    /// 1-based, in Unicode scalars; 0 with line 0.
    package let column: Int
    package let message: String
    /// The line as it stands in the file, and how many scalars of it are meant.
    package let excerpt: String?
    package let length: Int
    package let hint: String?

    package init(
        severity: Severity, file: String, line: Int = 0, column: Int = 0, message: String,
        excerpt: String? = nil, length: Int = 1, hint: String? = nil
    ) {
        self.severity = severity
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.excerpt = excerpt
        self.length = length
        self.hint = hint
    }

    /// The same, in a file that is known by another name.
    package func moved(to file: String) -> SettingsProblem {
        SettingsProblem(
            severity: severity, file: file, line: line, column: column, message: message,
            excerpt: excerpt, length: length, hint: hint)
    }

    /// Longer lines are shown without what stands past this column.
    private static let excerptColumns = 120

    /// The problem as `regionlock check` prints it, without a newline at the end:
    ///
    ///     /etc/regionlock/policy.d/10-xiaomi.yaml:20:5: error: there is no region "KR-P"
    ///        20 |   - KR-P                       # North Korea
    ///                 ^^^^
    ///        North Korea is KP. See: regionlock regions --all
    package func rendered(directory: String? = nil) -> String {
        let path = directory.map { $0.hasSuffix("/") ? $0 + file : "\($0)/\(file)" } ?? file
        let place = line > 0 ? "\(path):\(line):\(column)" : path
        var lines = ["\(place): \(severity.rawValue): \(message)"]
        if let excerpt, column <= Self.excerptColumns {
            let number = String(line)
            let padding = String(repeating: " ", count: max(0, 5 - number.utf8.count))
            let shown = printable(excerpt, limit: Self.excerptColumns)
            let gutter = "\(padding)\(number) | "
            lines.append(gutter + shown)
            let indent = String(repeating: " ", count: gutter.utf8.count + column - 1)
            let room = max(1, shown.unicodeScalars.count - column + 1)
            lines.append(indent + String(repeating: "^", count: min(length, room)))
        }
        if let hint { lines.append("   \(hint)") }
        return lines.joined(separator: "\n")
    }
}

extension SettingsProblem: Comparable {
    /// By file, then line, then column; the order of `regionlock check`.
    package static func < (left: Self, right: Self) -> Bool {
        (left.file, left.line, left.column, left.message)
            < (right.file, right.line, right.column, right.message)
    }
}
