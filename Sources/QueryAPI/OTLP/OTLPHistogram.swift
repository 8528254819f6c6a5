import Model

extension OTLPPoint {
    /// The native histogram of an exponential one. Its buckets are the same, numbered from one on.
    ///
    /// - Throws: where the scale is too coarse, or the counts contradict one another.
    func nativeHistogram() throws(HistogramError) -> Histogram {
        guard scale >= Int32(Histogram.exponentialSchemas.lowerBound) else {
            throw HistogramError(
                "cannot convert exponential to native histogram: scale must be >= "
                    + "\(Histogram.exponentialSchemas.lowerBound), was \(scale)")
        }
        var histogram = Histogram(isFloat: false)
        if isStale {
            histogram.sum = StaleMarker.value
            return histogram
        }
        guard let schema = Int8(exactly: scale), schema <= Histogram.finestSchema else {
            throw .invalidSchema(Int(scale))
        }
        histogram.schema = schema
        // Prometheus's own choice, which OTLP's zero threshold does not change.
        histogram.zeroThreshold = 1e-128
        histogram.zeroCount = Double(zeroCount)
        histogram.count = Double(count)
        histogram.sum = sum ?? 0
        (histogram.positiveSpans, histogram.positiveBuckets) = try sparse(positive)
        (histogram.negativeSpans, histogram.negativeBuckets) = try sparse(negative)
        histogram = try histogram.reducingResolution(to: Histogram.exponentialSchemas.upperBound)
        try histogram.validate()
        return histogram
    }

    /// The native histogram with custom buckets of one with explicit bounds.
    func customHistogram() throws(HistogramError) -> Histogram {
        var histogram = Histogram(schema: Histogram.customSchema, isFloat: false)
        if isStale {
            histogram.sum = StaleMarker.value
            return histogram
        }
        histogram.count = Double(count)
        histogram.sum = sum ?? 0
        histogram.customValues = bounds
        (histogram.positiveSpans, histogram.positiveBuckets) = try sparse(Buckets(offset: -1, counts: bucketCounts))
        try histogram.validate()
        return histogram
    }

    /// Spans without the empty buckets, but for gaps of one or two, which cost less than a span.
    private func sparse(_ buckets: Buckets) throws(HistogramError) -> ([Histogram.Span], [Double]) {
        var spans: [Histogram.Span] = []
        var counts: [Double] = []
        var end: Int64 = 0
        for (position, count) in buckets.counts.enumerated() where count > 0 {
            let index = Int64(buckets.offset) + 1 + Int64(position)
            let gap = index - end
            if !spans.isEmpty, gap <= 2 {
                spans[spans.count - 1].length += UInt32(gap) + 1
                counts += [Double](repeating: 0, count: Int(gap))
            } else {
                guard let offset = Int32(exactly: gap) else {
                    throw HistogramError("histogram has a bucket whose index does not fit into 32 bits")
                }
                spans.append(Histogram.Span(offset: offset, length: 1))
            }
            counts.append(Double(count))
            end = index + 1
        }
        return (spans, counts)
    }
}
