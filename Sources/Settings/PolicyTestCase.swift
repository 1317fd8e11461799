package import Policy
package import Wire

/// One line of a policy's `tests`: what the policy must say, or it is not loaded.
///
/// Settings only read them; the caller asks the policy and hands failures back as problems.
package struct PolicyTestCase: Hashable, Sendable {
    package let policy: String
    package let tags: Set<Tag>
    package let region: Region
    /// Nil: where the policy applies.
    package let site: String?
    /// Nil asks about presence, of a policy `on: entry`.
    package let to: DomainName?
    /// The verdict with the gateway's mode at `enforce`: `cut_off` is `.block`.
    package let expect: Verdict
    package let source: SourceLocation
    /// 1-based, of the test's first character.
    package let column: Int
    let excerpt: String?

    package init(
        policy: String, tags: Set<Tag>, region: Region, site: String?, to: DomainName?,
        expect: Verdict, source: SourceLocation, column: Int, excerpt: String?
    ) {
        self.policy = policy
        self.tags = tags
        self.region = region
        self.site = site
        self.to = to
        self.expect = expect
        self.source = source
        self.column = column
        self.excerpt = excerpt
    }

    /// The problem to show when the policy said something else.
    ///
    /// - Parameter why: The decision's reason, as `explain` would give it.
    package func failure(got verdict: Verdict, why: String? = nil) -> SettingsProblem {
        let (wanted, found) = (Self.word(for: expect), Self.word(for: verdict))
        return SettingsProblem(
            severity: .error, file: source.file, line: source.line, column: column,
            message: "this test expects \(wanted), and policy \(policy) says \(found)",
            excerpt: excerpt, hint: why)
    }

    static let words: [(word: String, verdict: Verdict)] = [
        ("cut_off", .block), ("deny_activation", .refuse), ("allow", .allow), ("monitor", .monitor),
    ]

    private static func word(for verdict: Verdict) -> String {
        words.first { $0.verdict == verdict }?.word ?? verdict.rawValue
    }
}
