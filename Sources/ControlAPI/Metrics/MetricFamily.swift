/// One metric with all its series, as Prometheus' text exposition 0.0.4 has it.
struct MetricFamily {
    enum Kind: String {
        case counter, gauge, histogram
    }

    let name: String
    let help: String
    let kind: Kind
    let samples: [MetricSample]

    init(_ name: String, _ kind: Kind, _ help: String, _ samples: [MetricSample]) {
        self.name = "regionlock_" + name
        self.help = help
        self.kind = kind
        self.samples = samples
    }

    /// A metric of one series without labels.
    init(_ name: String, _ kind: Kind, _ help: String, _ value: MetricValue) {
        self.init(name, kind, help, [MetricSample(value)])
    }

    /// Its lines, each with its line feed. A metric without a series is named all the same: who
    /// reads the page sees that it exists.
    var text: String {
        let head = "# HELP \(name) \(Self.escaped(help))\n# TYPE \(name) \(kind.rawValue)\n"
        return samples.reduce(into: head) { $0 += name + $1.text + "\n" }
    }

    /// In a help text only the backslash and the line feed have a meaning.
    private static func escaped(_ help: String) -> String {
        help.replacing("\\", with: "\\\\").replacing("\n", with: "\\n")
    }
}

/// One series of a metric.
struct MetricSample {
    /// `_bucket`, `_sum` or `_count` of a histogram.
    let suffix: String
    let labels: [(name: String, value: String)]
    let value: MetricValue

    init(
        _ value: MetricValue, suffix: String = "", labels: [(name: String, value: String)] = []
    ) {
        self.value = value
        self.suffix = suffix
        self.labels = labels
    }

    var text: String {
        let list = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }
        let set = list.isEmpty ? "" : "{\(list.joined(separator: ","))}"
        return "\(suffix)\(set) \(value.text)"
    }

    /// Backslash, quote and line feed have a meaning between quotes; what a terminal would obey
    /// is written out before that, because people read the page, too.
    private static func escaped(_ value: String) -> String {
        Printable.escaped(value).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
    }
}

/// A number, in the metric's base unit and without rounding.
enum MetricValue {
    case count(UInt64)
    /// Shown in seconds.
    case microseconds(Int64)

    static func count(_ number: Int) -> MetricValue { .count(UInt64(max(0, number))) }
    static func truth(_ isTrue: Bool) -> MetricValue { .count(isTrue ? UInt64(1) : 0) }

    var text: String {
        switch self {
        case .count(let number): "\(number)"
        case .microseconds(let number): Self.seconds(number)
        }
    }

    /// `0.00025`, `1795340000`
    private static func seconds(_ microseconds: Int64) -> String {
        let (whole, rest) = microseconds.magnitude.quotientAndRemainder(dividingBy: 1_000_000)
        let sign = microseconds < 0 ? "-" : ""
        guard rest > 0 else { return "\(sign)\(whole)" }
        let digits = "\(rest)"
        var fraction = String(repeating: "0", count: 6 - digits.count) + digits
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return "\(sign)\(whole).\(fraction)"
    }
}
