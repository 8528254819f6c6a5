import Model

extension Histogram {
    /// The histogram without buckets that hold nothing.
    var compacted: Histogram {
        var result = HistogramSum(self).histogram()
        result.isFloat = isFloat
        return result
    }

    /// Each count and the sum multiplied by `factor`.
    func multiplied(by factor: Double) -> Histogram {
        var result = self
        result.zeroCount *= factor
        result.count *= factor
        result.sum *= factor
        for index in positiveBuckets.indices { result.positiveBuckets[index] *= factor }
        for index in negativeBuckets.indices { result.negativeBuckets[index] *= factor }
        if factor < 0 { result.counterReset = .gauge }
        return result
    }

    /// Each count and the sum divided by `divisor`; of a division by zero no buckets are left but that of zero.
    func divided(by divisor: Double) -> Histogram {
        var result = self
        result.zeroCount /= divisor
        result.count /= divisor
        result.sum /= divisor
        if divisor == 0 {
            result.positiveSpans = []
            result.negativeSpans = []
            result.positiveBuckets = []
            result.negativeBuckets = []
        } else {
            for index in positiveBuckets.indices { result.positiveBuckets[index] /= divisor }
            for index in negativeBuckets.indices { result.negativeBuckets[index] /= divisor }
        }
        if divisor < 0 { result.counterReset = .gauge }
        return result
    }

    /// Whether both are the same histogram, whatever is known about resets: bit for bit, with the same buckets named.
    func isEqual(_ other: Histogram) -> Bool {
        schema == other.schema && count == other.count && sum.bitPattern == other.sum.bitPattern
            && areBoundsEqual(customValues, other.customValues)
            && (hasCustomBuckets || zeroThreshold == other.zeroThreshold && zeroCount == other.zeroCount)
            && areBucketsEqual(positiveSpans, positiveBuckets, other.positiveSpans, other.positiveBuckets)
            && areBucketsEqual(negativeSpans, negativeBuckets, other.negativeSpans, other.negativeBuckets)
    }

    /// Whether the counters were reset between `previous` and this histogram, which came right after it.
    ///
    /// - Source: Prometheus 3.14 `model/histogram`, DetectReset: behaviour.
    func isReset(after previous: Histogram) -> Bool {
        switch counterReset {
        case .reset: return true
        case .notReset: return false
        case .unknown, .gauge: break
        }
        if count < previous.count || hasCustomBuckets != previous.hasCustomBuckets { return true }
        var before = HistogramSum(previous)
        var now = HistogramSum(self)
        if hasCustomBuckets {
            _ = now.align(&before)
        } else {
            // Finer buckets or a narrower zero bucket cannot come of counting on.
            if schema > previous.schema || now.zeroThreshold < before.zeroThreshold { return true }
            before.widenZeroBucket(to: now.zeroThreshold)
            if before.zeroThreshold != now.zeroThreshold || now.zero.total < before.zero.total { return true }
            before.reduce(to: schema)
        }
        return before.positive.entries.contains { now.positive[$0.index] < $0.sum.total }
            || before.negative.entries.contains { now.negative[$0.index] < $0.sum.total }
    }

    /// The histogram without its buckets, where only its totals are wanted.
    var totals: Histogram {
        Histogram(
            schema: schema, isFloat: true, counterReset: counterReset, count: count, sum: sum,
            customValues: customValues)
    }
}

/// Whether both lists of bounds are the same.
private func areBoundsEqual(_ a: [Double], _ b: [Double]) -> Bool {
    a.count == b.count && zip(a, b).allSatisfy { $0.bitPattern == $1.bitPattern }
}

private func areBucketsEqual(
    _ spans: [Histogram.Span], _ counts: [Double], _ otherSpans: [Histogram.Span], _ otherCounts: [Double]
) -> Bool {
    guard areBoundsEqual(counts, otherCounts) else { return false }
    var indices: [Int] = []
    var others: [Int] = []
    Histogram.forEachBucket(spans, counts) { index, _ in indices.append(index) }
    Histogram.forEachBucket(otherSpans, otherCounts) { index, _ in others.append(index) }
    return indices == others
}
