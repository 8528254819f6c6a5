import Model

/// A histogram as its `_bucket`, `_count` and `_sum` series tell it, of which one with custom buckets is made.
///
/// - Source: Prometheus 3.5, `convert_classic_histograms_to_nhcb`.
public struct ClassicBuckets: Sendable {
    private struct Bucket {
        var bound: Double
        var cumulative: Double
    }

    private var buckets: [Bucket] = []
    /// All observations; nil where nothing tells of them.
    public var count: Double?
    public var sum = 0.0

    public init() {}

    /// Adds a bucket; one with a bound that is there already, or that is NaN, changes nothing.
    public mutating func add(bound: Double, cumulative: Double) {
        guard !bound.isNaN else { return }
        buckets.append(Bucket(bound: bound, cumulative: cumulative))
    }

    /// The histogram with custom buckets.
    ///
    /// - Throws: where the counts contradict one another.
    public func customHistogram() throws(HistogramError) -> Histogram {
        var buckets: [Bucket] = []
        // Of two with one bound the earlier comes first.
        for bucket in self.buckets.enumerated().sorted(by: {
            ($0.element.bound, $0.offset) < ($1.element.bound, $1.offset)
        })
        where bucket.element.bound != buckets.last?.bound {
            buckets.append(bucket.element)
        }
        let count = self.count ?? buckets.last?.cumulative ?? 0
        if buckets.last?.bound != .infinity { buckets.append(Bucket(bound: .infinity, cumulative: count)) }
        var own: [Double] = []
        var before = 0.0
        for bucket in buckets {
            guard bucket.cumulative >= before else {
                throw HistogramError(
                    "bucket counts are not cumulative: \(formatFloat(bucket.cumulative, .general)) < "
                        + formatFloat(before, .general))
            }
            own.append(bucket.cumulative - before)
            before = bucket.cumulative
        }
        var histogram = Histogram(schema: Histogram.customSchema)
        histogram.isFloat = !(own + [count]).allSatisfy { $0 == $0.rounded() && $0 < 9_007_199_254_740_992 }
        (histogram.count, histogram.sum) = (count, sum)
        histogram.customValues = buckets.dropLast().map(\.bound)
        (histogram.positiveSpans, histogram.positiveBuckets) = sparse(own)
        try histogram.validate()
        return histogram
    }
}

/// Spans without the empty buckets, but for gaps of one or two, which cost less than a span.
private func sparse(_ buckets: [Double]) -> ([Histogram.Span], [Double]) {
    var spans: [Histogram.Span] = []
    var counts: [Double] = []
    var end = 0
    for (index, count) in buckets.enumerated() where count > 0 {
        let gap = index - end
        if !spans.isEmpty, gap <= 2 {
            spans[spans.count - 1].length += UInt32(gap) + 1
            counts += [Double](repeating: 0, count: gap)
        } else {
            spans.append(Histogram.Span(offset: Int32(clamping: gap), length: 1))
        }
        counts.append(count)
        end = index + 1
    }
    return (spans, counts)
}
