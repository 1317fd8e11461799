/// Reads Prometheus' text exposition 0.0.4 as strictly as its documentation allows, and says what
/// is wrong with a page, line by line.
struct ExpositionChecker {
    private(set) var problems: [String] = []
    /// Values by series, such as `regionlock_blocks{policy="a"}`.
    private(set) var samples: [String: Double] = [:]
    private(set) var kinds: [String: String] = [:]
    private var helped: Set<String> = []
    /// The metric whose lines these are; each may have one group only.
    private var current = ""
    private var finished: Set<String> = []
    private var lineNumber = 0
    /// Cumulated counts of a histogram's buckets, in their order.
    private var buckets: [String: [(bound: String, count: Double)]] = [:]

    init(_ page: String) {
        if !page.hasSuffix("\n") { problems.append("the last line has no end") }
        for line in page.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            lineNumber += 1
            if line.hasPrefix("#") { readComment(line) } else { readSample(line) }
        }
        checkHistograms()
    }

    private mutating func complain(_ text: String) { problems.append("\(lineNumber): \(text)") }

    private mutating func enter(_ metric: String) {
        guard metric != current else { return }
        if finished.contains(metric) { complain("\(metric) has two groups of lines") }
        finished.insert(current)
        current = metric
    }

    private mutating func readComment(_ line: Substring) {
        let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
            .map(String.init)
        guard words.count == 4, Self.isName(words[2], with: ":") else {
            return complain("not a HELP or TYPE line")
        }
        enter(words[2])
        switch words[1] {
        case "HELP":
            if !helped.insert(words[2]).inserted { complain("a second HELP of \(words[2])") }
            if Self.unescaped(words[3], known: ["\\": "\\", "n": "\n"]) == nil {
                complain("an unknown escape in a help text")
            }
        case "TYPE":
            if kinds[words[2]] != nil { complain("a second TYPE of \(words[2])") }
            kinds[words[2]] = words[3]
            checkName(words[2], kind: words[3])
        default: complain("neither HELP nor TYPE")
        }
    }

    private mutating func checkName(_ name: String, kind: String) {
        if !["counter", "gauge", "histogram"].contains(kind) { complain("unknown type \(kind)") }
        if !name.hasPrefix("regionlock_") { complain("\(name) is not in our name space") }
        if (kind == "counter") != name.hasSuffix("_total") {
            complain("\(name): counters, and only they, end in _total")
        }
        let units = ["_ms", "milli", "micro", "nano", "octets", "kilo", "kb", "minutes", "percent"]
        if let unit = units.first(where: name.contains) {
            complain("\(name): no base unit, \(unit)")
        }
    }

    private mutating func readSample(_ line: Substring) {
        guard let sample = Sample(line) else { return complain("not a sample: \(line)") }
        let metric = metric(of: sample.name)
        enter(metric)
        guard let kind = kinds[metric], helped.contains(metric) else {
            return complain("\(sample.name) has no HELP or no TYPE before it")
        }
        let names = sample.labels.map(\.name)
        if Set(names).count != names.count { complain("a label stands twice: \(line)") }
        if samples.updateValue(sample.value, forKey: sample.series) != nil {
            complain("\(sample.series) stands twice")
        }
        if kind == "counter", sample.value < 0 { complain("a counter below zero") }
        guard kind == "histogram" else { return }
        switch sample.name.dropFirst(metric.count) {
        case "_bucket":
            guard let bound = sample.labels.first(where: { $0.name == "le" })?.value else {
                return complain("a bucket without le")
            }
            buckets[metric, default: []].append((bound, sample.value))
        case "_sum", "_count": break
        default: complain("\(sample.name) is no part of a histogram")
        }
    }

    /// The metric a sample belongs to: parts of a histogram have its name with an ending.
    private func metric(of name: String) -> String {
        for suffix in ["_bucket", "_sum", "_count"] where name.hasSuffix(suffix) {
            let stem = String(name.dropLast(suffix.count))
            if kinds[stem] == "histogram" { return stem }
        }
        return name
    }

    private mutating func checkHistograms() {
        for (metric, kind) in kinds where kind == "histogram" {
            let list = buckets[metric] ?? []
            let bounds = list.map {
                $0.bound == "+Inf" ? Double.infinity : Double($0.bound) ?? .nan
            }
            let isRising = zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }
            let isCumulated = zip(list, list.dropFirst()).allSatisfy { $0.count <= $1.count }
            let isClosed = list.last?.bound == "+Inf"
            if !isRising || !isCumulated || !isClosed { problems.append("\(metric): its buckets") }
            if samples[metric + "_sum"] == nil || samples[metric + "_count"] != list.last?.count {
                problems.append("\(metric): its sum or count")
            }
        }
    }

    static func isName(_ text: some StringProtocol, with extra: String = "") -> Bool {
        guard let first = text.first, !first.isNumber else { return false }
        return text.allSatisfy { character in
            character.isASCII && (character.isLetter || character.isNumber)
                || character == "_" || extra.contains(character)
        }
    }

    /// Nil when an escape is not known.
    static func unescaped(_ text: some StringProtocol, known: [Character: String]) -> String? {
        var result = ""
        var rest = text[...]
        while let character = rest.popFirst() {
            guard character == "\\" else {
                result.append(character)
                continue
            }
            guard let meaning = rest.popFirst().flatMap({ known[$0] }) else { return nil }
            result += meaning
        }
        return result
    }
}

/// A line such as `name{label="value"} 1`, without a time.
private struct Sample {
    let name: String
    let labels: [(name: String, value: String)]
    let value: Double
    /// Name and labels, in order of the labels' names.
    var series: String {
        let list = labels.sorted { $0.name < $1.name }.map { "\($0.name)=\"\($0.value)\"" }
        return name + (list.isEmpty ? "" : "{\(list.joined(separator: ","))}")
    }

    init?(_ line: Substring) {
        var rest = line
        name = String(rest.prefix { $0 != "{" && $0 != " " })
        rest = rest.dropFirst(name.count)
        var labels: [(name: String, value: String)] = []
        if rest.first == "{" {
            rest = rest.dropFirst()
            while rest.first != "}" {
                guard let label = Self.label(&rest) else { return nil }
                labels.append(label)
                if rest.first == "," { rest = rest.dropFirst() }
            }
            rest = rest.dropFirst()
        }
        guard ExpositionChecker.isName(name, with: ":"), rest.first == " ",
            let value = Double(rest.dropFirst())
        else { return nil }
        self.labels = labels
        self.value = value
    }

    private static func label(_ rest: inout Substring) -> (name: String, value: String)? {
        let name = rest.prefix { $0 != "=" }
        rest = rest.dropFirst(name.count)
        guard ExpositionChecker.isName(name), rest.hasPrefix("=\"") else { return nil }
        rest = rest.dropFirst(2)
        var raw = ""
        while let character = rest.popFirst() {
            if character == "\"" {
                let known: [Character: String] = ["\\": "\\", "\"": "\"", "n": "\n"]
                return ExpositionChecker.unescaped(raw, known: known).map { (String(name), $0) }
            }
            raw.append(character)
            if character == "\\", let escaped = rest.popFirst() { raw.append(escaped) }
        }
        return nil
    }
}
