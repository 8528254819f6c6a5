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
    /// Whether every bound is above the one before it.
    private var isAscending = true
    /// All observations; nil where nothing tells of them.
    public var count: Double?
    public var sum = 0.0

    public init() {}

    /// Adds a bucket; one with a bound that is there already, or that is NaN, changes nothing.
    public mutating func add(bound: Double, cumulative: Double) {
        guard !bound.isNaN else { return }
        if let last = buckets.last, bound <= last.bound { isAscending = false }
        buckets.append(Bucket(bound: bound, cumulative: cumulative))
    }

    /// The histogram with custom buckets.
    ///
    /// - Throws: where the counts contradict one another.
    public func customHistogram() throws(HistogramError) -> Histogram {
        var buckets = isAscending ? buckets : ascending
        let count = self.count ?? buckets.last?.cumulative ?? 0
        if buckets.last?.bound != .infinity { buckets.append(Bucket(bound: .infinity, cumulative: count)) }
        var own: [Double] = []
        own.reserveCapacity(buckets.count)
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
        histogram.isFloat = !isWhole(count) || !own.allSatisfy(isWhole)
        (histogram.count, histogram.sum) = (count, sum)
        histogram.customValues = buckets.dropLast().map(\.bound)
        (histogram.positiveSpans, histogram.positiveBuckets) = sparse(own)
        try histogram.validate()
        return histogram
    }

    /// The buckets by their bounds; of two with one bound the earlier.
    private var ascending: [Bucket] {
        var result: [Bucket] = []
        let sorted = buckets.enumerated().sorted {
            ($0.element.bound, $0.offset) < ($1.element.bound, $1.offset)
        }
        for bucket in sorted where bucket.element.bound != result.last?.bound { result.append(bucket.element) }
        return result
    }
}

/// Whether a count is of whole numbers, as far as doubles hold these exactly.
private func isWhole(_ count: Double) -> Bool { count == count.rounded() && count < 9_007_199_254_740_992 }

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
