extension Histogram {
    /// The finest schema that clients know. One beyond ``exponentialSchemas`` is reduced to the finest of those.
    public static let finestSchema: Int8 = 52

    /// The same observations in the wider buckets of `target`: buckets that fall into one of them are added up.
    ///
    /// - Parameter target: an exponential schema; where the histogram's is not above it, nothing changes.
    /// - Throws: ``HistogramError`` where spans and buckets do not match, or an index leaves 32 bits.
    public func reducingResolution(to target: Int8) throws(HistogramError) -> Histogram {
        guard !hasCustomBuckets, schema > target, schema <= Histogram.finestSchema else { return self }
        try checkShape()
        var reduced = self
        let shift = Int64(schema) - Int64(target)
        (reduced.positiveSpans, reduced.positiveBuckets) = try merged(positiveSpans, positiveBuckets, shift)
        (reduced.negativeSpans, reduced.negativeBuckets) = try merged(negativeSpans, negativeBuckets, shift)
        reduced.schema = target
        return reduced
    }

    /// A bucket ends at 2^(index · 2^−schema), so that 2^shift buckets make one, the last of which is a multiple.
    private func merged(
        _ spans: [Span], _ buckets: [Double], _ shift: Int64
    ) throws(HistogramError) -> ([Span], [Double]) {
        var mergedSpans: [Span] = []
        var mergedBuckets: [Double] = []
        var index: Int64 = 0
        var next = 0
        var last = Int64.min
        for span in spans {
            index += Int64(span.offset)
            for _ in 0..<span.length {
                let target = (index - 1) >> shift + 1
                if target == last {
                    mergedBuckets[mergedBuckets.count - 1] += buckets[next]
                } else {
                    try append(target, after: last, to: &mergedSpans)
                    mergedBuckets.append(buckets[next])
                    last = target
                }
                next += 1
                index += 1
            }
        }
        return (mergedSpans, mergedBuckets)
    }

    private func append(_ index: Int64, after last: Int64, to spans: inout [Span]) throws(HistogramError) {
        if index == last &+ 1, !spans.isEmpty {
            spans[spans.count - 1].length += 1
            return
        }
        guard let offset = Int32(exactly: spans.isEmpty ? index : index - last - 1) else {
            throw HistogramError("histogram has a bucket whose index does not fit into 32 bits")
        }
        spans.append(Span(offset: offset, length: 1))
    }
}
