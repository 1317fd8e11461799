/// How often a duration fell below each of a few bounds.
///
/// Its memory is taken once: counting allocates nothing.
package struct LatencyHistogram: Hashable, Sendable {
    /// Upper bounds in microseconds, each included: from a tenth of a millisecond, below the
    /// fastest cut that was measured, to a second, far beyond what a person would call at once.
    package static let bounds: [Int64] = [
        100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
    ]

    /// Durations in each step; the last is for those above every bound.
    private var counts = [UInt64](repeating: 0, count: bounds.count + 1)
    private var sum: Int64 = 0

    package init() {}

    package mutating func note(microseconds: Int64) {
        let step = Self.bounds.firstIndex { microseconds <= $0 } ?? Self.bounds.count
        counts[step] += 1
        sum += max(0, microseconds)
    }

    /// Buckets that hold all below their bound, then the sum and the count.
    var samples: [MetricSample] {
        var total: UInt64 = 0
        let bounds = Self.bounds.map { MetricValue.microseconds($0).text } + ["+Inf"]
        let buckets = zip(bounds, counts).map { bound, count in
            total += count
            return MetricSample(
                .count(total), suffix: "_bucket", labels: [(name: "le", value: bound)])
        }
        return buckets + [
            MetricSample(.microseconds(sum), suffix: "_sum"),
            MetricSample(.count(total), suffix: "_count"),
        ]
    }
}
