extension Report {
    package init(version: String, daemon: String?) {
        self.init()
        add(text: "regionlock   \(version)")
        add(text: "regionlockd  \(daemon ?? "does not answer")")
    }

    /// What `check` found: each finding may have several lines, its excerpt among them.
    package init(findings: [String], errors: Int, warnings: Int) {
        self.init()
        for finding in findings {
            for line in finding.split(separator: "\n", omittingEmptySubsequences: false) {
                add(text: String(line))
            }
        }
        let counts = "\(counted(errors, "error")), \(counted(warnings, "warning"))."
        add(
            Phrase(counts, errors > 0 ? .bad : warnings > 0 ? .warning : .good),
            Phrase(errors > 0 ? " The running settings are not touched." : ""))
    }
}
