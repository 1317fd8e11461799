package import ControlAPI

extension Report {
    /// What goes to standard error: what is wrong, then what to do about it.
    package init(_ error: ClientError) {
        self.init()
        switch error {
        case .noSocket(let path):
            addError("regionlockd does not answer at \(path) (no such file).")
            addNotRunning()
        case .refused(let path):
            addError("regionlockd does not answer at \(path) (connection refused).")
            addNotRunning()
        case .notPermitted(let path):
            addError("you may look but not change things: \(path) is not open to you. Try sudo.")
            add("  Changes are for root and for members of the admins' group.")
        case .wentAway:
            addError("regionlockd went away before it answered; the outcome is not known.")
            add("  See: regionlock status")
        case .timedOut(let seconds):
            addError("regionlockd did not answer within \(seconds) s; the outcome is not known.")
            add("  See: regionlock events --since 5m")
        case .broken(let text): addError(text)
        case .problem(let problem): self.init(problem)
        }
    }

    package init(_ problem: Problem) {
        self.init()
        let lines = (problem.detail ?? problem.title).split(separator: "\n")
        var first = lines.first.map(String.init) ?? problem.title
        // With 405 the candidates are methods.
        if let candidates = problem.candidates, problem.knownCode == .ambiguous {
            first += ": " + candidates.joined(separator: ", ")
        }
        addError(first + (first.hasSuffix(".") ? "" : "."))
        for line in lines.dropFirst() { add("  \(line)") }
        if let hint = problem.hint { add("  \(hint)") }
    }

    /// Wrong use of the command line.
    package init(usage text: String, hint: String? = nil) {
        self.init()
        addError(text)
        if let hint { add("  \(hint)") }
    }

    private mutating func addError(_ text: String) { add(Phrase("error: ", .bad), Phrase(text)) }

    private mutating func addNotRunning() {
        add("  It is not running. Blocks already in nftables stay in force.")
        add("  systemctl start regionlockd ; journalctl -u regionlockd -n 20")
    }
}
