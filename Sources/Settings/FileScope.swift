import Policy

/// What values are checked against.
struct ReadingContext {
    let regions: RegionTable
    let vendors: VendorRegistry
}

/// One file while it is read: where its problems are written down.
final class FileScope {
    let path: String
    let context: ReadingContext
    private let text: String
    private lazy var lines = Self.lines(of: text)
    private(set) var hasErrors = false
    private var found: [SettingsProblem] = []
    private var untold = 0

    init(_ file: SettingsFile, context: ReadingContext) {
        path = file.path
        text = file.text
        self.context = context
    }

    var problems: [SettingsProblem] {
        guard untold > 0 else { return found }
        return found + [
            SettingsProblem(
                severity: hasErrors ? .error : .warning, file: path,
                message: "\(untold) more problems are not shown")
        ]
    }

    /// A span of nil means the file as a whole.
    func error(_ message: String, at span: TextSpan?, hint: String? = nil) {
        hasErrors = true
        report(.error, message, at: span, hint: hint)
    }

    func warning(_ message: String, at span: TextSpan?, hint: String? = nil) {
        report(.warning, message, at: span, hint: hint)
    }

    func location(_ span: TextSpan) -> SourceLocation {
        SourceLocation(file: path, line: span.line)
    }

    /// The line a span begins in, or nil past the end of the file.
    func excerpt(_ span: TextSpan) -> String? {
        lines.indices.contains(span.line - 1) ? lines[span.line - 1] : nil
    }

    private func report(
        _ severity: SettingsProblem.Severity, _ message: String, at span: TextSpan?, hint: String?
    ) {
        guard found.count < SettingsLimits.problemsPerFile else {
            untold += 1
            return
        }
        found.append(
            SettingsProblem(
                severity: severity, file: path, line: span?.line ?? 0, column: span?.column ?? 0,
                message: message, excerpt: span.flatMap(excerpt), length: span?.length ?? 1,
                hint: hint))
    }

    /// Splits where libyaml counts lines (YAML 1.1, section 5.4): CR, LF, CRLF, NEL, LS and PS.
    private static func lines(of text: String) -> [String] {
        var lines: [String] = []
        var line = String.UnicodeScalarView()
        var previous: Unicode.Scalar?
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n" where previous == "\r": break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
                lines.append(String(line))
                line.removeAll()
            default: line.append(scalar)
            }
            previous = scalar
        }
        if !line.isEmpty { lines.append(String(line)) }
        return lines
    }
}
