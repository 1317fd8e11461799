package import ControlAPI
import Policy
import Wire

extension Report {
    package init(_ explanation: Explanation, _ style: TextStyle) {
        self.init()
        let name = Phrase(explanation.device.name)
        if let block = explanation.block {
            add(
                name, " is ", Phrase("CUT OFF", .bad),
                Phrase(" since \(style.timeAndAge(block.since))   reference \(block.id)"))
        } else if let exemption = explanation.exemption {
            let policy = exemption.policy.map { "policy \($0)" } ?? "every policy"
            let until = exemption.until.map { "until \(style.time($0))" } ?? "for ever"
            add(
                name, " is ", Phrase("exempt", .good),
                Phrase(" from \(policy) \(until) (\(exemption.id)): \(exemption.reason)"))
        } else {
            let what =
                switch explanation.verdict {
                case .allow: ", and nothing would cut it off:"
                case .monitor: "; an attempt would be noted, not cut off:"
                case .refuse: "; what it asks for to activate would be refused, nothing else:"
                case .block: "; an attempt to activate would cut it off:"
                }
            add(name, " is ", Phrase("free", .good), Phrase(what))
        }
        addBlank()
        addSteps(explanation.steps)
        if let words = explanation.device.saidByDHCP {
            add(note: "  It says by DHCP: \(words)")
        }
        if !explanation.triggers.isEmpty {
            // Only a list as long as it may be can have lost its end.
            let isWhole = explanation.triggers.count < FieldLimits.maximumTriggers
            let presence = PolicyTrial.presence
            let names = explanation.triggers.filter { $0 != presence }.joined(separator: ", ")
            if explanation.triggers.contains(presence) {
                add("  => \(presence) is enough to cut it off")
            }
            if !names.isEmpty {
                add("  => asking for these would cut it off: \(names)\(isWhole ? "" : ", ...")")
            }
        }
        addTrials(explanation.tried, shown: explanation.steps)
        if let sign = explanation.device.router {
            add(
                "  ", Phrase("It looks like a router or a repeater", .warning),
                Phrase(": \(sign). All that is behind it counts as this one device."))
        }
        guard let block = explanation.block else { return }
        if let evidence = block.evidence {
            let latency = evidence.latencyMicroseconds.map {
                " \(Span.text(microseconds: $0)) later"
            }
            let signal = "\(evidence.vector.rawValue), \(evidence.flow)"
            switch evidence.vector {
            case .settings:
                add("  => one device with another that is cut off (\(evidence.flow))")
            case .dhcp:
                add(
                    "  => recognised by \(evidence.endpoint) (\(signal)); cut off\(latency ?? "")")
            default:
                add("  => asked for \(evidence.endpoint) (\(signal)); cut off\(latency ?? "")")
            }
        } else if let reason = block.reason {
            add("  => cut off by \(block.by ?? "an operator"): \(reason)")
        }
        addBlank()
        add(note: "  Release: regionlock release \(block.id) --reason \"...\"")
    }

    package init(_ decision: DecisionRecord) {
        self.init()
        let verdict =
            switch decision.verdict {
            case .allow: Phrase("ALLOW", .good)
            case .monitor: Phrase("MONITOR", .warning)
            case .refuse: Phrase("REFUSE", .warning)
            case .block: Phrase("CUT OFF", .bad)
            }
        let policy = decision.policy.map { "   policy \($0)" } ?? "   no policy speaks of it"
        let region = decision.region.map { ", region \($0)" } ?? ""
        let rule = decision.rule.map { "   \($0)" } ?? ""
        add(verdict, Phrase(policy + region + rule))
        addSteps(decision.steps)
        addTrials(decision.tried, shown: decision.steps)
    }

    package init(note text: String) {
        self.init()
        add(note: text)
    }

    /// Each policy with its answer, in the order of asking. One alone may have said all already.
    private mutating func addTrials(_ trials: [TrialRecord], shown: [WhyRecord]) {
        guard trials.contains(where: { $0.steps != shown }) else { return }
        addBlank()
        add("  Policies, in the order in which they are asked:")
        for trial in trials {
            let answer = trial.verdict.map(Self.word(of:)) ?? "passed over"
            add("  - \(trial.policy) (priority \(trial.priority)): \(answer)")
            if trial.steps == shown {
                add("      for the reasons above")
            } else {
                addSteps(trial.steps, indent: "    ")
            }
        }
    }

    private static func word(of verdict: Verdict) -> String {
        switch verdict {
        case .allow: "allow"
        case .monitor: "monitor"
        case .refuse: "refuse"
        case .block: "cut off"
        }
    }

    /// Numbered, with the sources in one column.
    mutating func addSteps(_ steps: [WhyRecord], indent margin: String = "") {
        let width = steps.map { Phrase($0.text).width }.max() ?? 0
        for (index, step) in steps.enumerated() {
            let number = String(index + 1)
            let indent = String(repeating: " ", count: max(0, 3 - number.count))
            let text = Phrase(step.text)
            let source = step.source.map { source in
                String(repeating: " ", count: width - text.width + 3) + source
            }
            add(Phrase("\(margin)\(indent)\(number). "), text, Phrase(source ?? ""))
        }
    }
}
