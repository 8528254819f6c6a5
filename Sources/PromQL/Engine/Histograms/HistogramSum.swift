import Model

/// A sum of histograms, also of negative ones, with the rounding errors that it has left out.
///
/// What is added may be laid out differently:
/// 1. Zero buckets are made equally wide, the narrower one taking in buckets until its end is none's middle.
/// 2. Of exponential schemas the coarser one counts. Of custom bounds those that both have count.
/// 3. Exponential and custom buckets cannot be added.
///
/// - Source: Prometheus 3.14 `model/histogram`, FloatHistogram: behaviour.
struct HistogramSum {
    /// What became of a histogram that was to be added.
    enum Outcome {
        case added
        /// Bounds that only one of both had are gone.
        case reconciled
        /// One has exponential and the other custom buckets; nothing was added.
        case incompatible
    }

    private(set) var schema: Int8
    private(set) var zeroThreshold: Double
    private(set) var customValues: [Double]
    private(set) var count: CompensatedSum
    private(set) var sum: CompensatedSum
    private(set) var zero: CompensatedSum
    private(set) var positive: BucketSums
    private(set) var negative: BucketSums
    private(set) var counterReset: Histogram.CounterReset

    init(_ histogram: Histogram) {
        schema = histogram.schema
        zeroThreshold = histogram.zeroThreshold.isNaN ? 0 : histogram.zeroThreshold
        customValues = histogram.customValues
        count = CompensatedSum(sum: histogram.count)
        sum = CompensatedSum(sum: histogram.sum)
        zero = CompensatedSum(sum: histogram.zeroCount)
        positive = BucketSums(histogram.positiveSpans, histogram.positiveBuckets)
        negative = BucketSums(histogram.negativeSpans, histogram.negativeBuckets)
        counterReset = histogram.counterReset
    }

    var hasCustomBuckets: Bool { schema == Histogram.customSchema }

    /// Adds `histogram`, each count and the sum multiplied by `factor`.
    mutating func add(_ histogram: Histogram, factor: Double = 1) -> Outcome {
        guard hasCustomBuckets == histogram.hasCustomBuckets else { return .incompatible }
        if schema == histogram.schema, zeroThreshold == histogram.zeroThreshold,
            customValues == histogram.customValues
        {
            counterReset = counterReset.combined(with: histogram.counterReset)
            addTotals(histogram, factor)
            if !positive.addInPlace(histogram.positiveSpans, histogram.positiveBuckets, factor: factor) {
                positive.add(BucketSums(histogram.positiveSpans, histogram.positiveBuckets), factor: factor)
            }
            if !negative.addInPlace(histogram.negativeSpans, histogram.negativeBuckets, factor: factor) {
                negative.add(BucketSums(histogram.negativeSpans, histogram.negativeBuckets), factor: factor)
            }
            return .added
        }
        return add(HistogramSum(histogram), factor: factor)
    }

    private mutating func addTotals(_ histogram: Histogram, _ factor: Double) {
        count.add(histogram.count * factor)
        sum.add(histogram.sum * factor)
        zero.add(histogram.zeroCount * factor)
    }

    /// Adds what another sum has come to.
    mutating func add(_ other: HistogramSum, factor: Double = 1) -> Outcome {
        guard hasCustomBuckets == other.hasCustomBuckets else { return .incompatible }
        var other = other
        let isReconciled = align(&other)
        counterReset = counterReset.combined(with: other.counterReset)
        count = SumFold.merge(count, other.count.times(factor))
        sum = SumFold.merge(sum, other.sum.times(factor))
        zero = SumFold.merge(zero, other.zero.times(factor))
        positive.add(other.positive, factor: factor)
        negative.add(other.negative, factor: factor)
        return isReconciled ? .reconciled : .added
    }

    /// Gives both the same layout; returns whether custom bounds were lost.
    mutating func align(_ other: inout HistogramSum) -> Bool {
        if hasCustomBuckets {
            if customValues == other.customValues { return false }
            let common = commonBounds(customValues, other.customValues)
            keepBounds(common)
            other.keepBounds(common)
            return true
        }
        while zeroThreshold != other.zeroThreshold {
            if zeroThreshold > other.zeroThreshold {
                other.widenZeroBucket(to: zeroThreshold)
            } else {
                widenZeroBucket(to: other.zeroThreshold)
            }
        }
        reduce(to: other.schema)
        other.reduce(to: schema)
        return false
    }

    /// Makes the zero bucket at least `threshold` wide, and as much wider as it takes not to cut a bucket in two.
    mutating func widenZeroBucket(to threshold: Double) {
        var threshold = threshold
        let schema = schema
        while true {
            let farthest = (positive.entries + negative.entries).filter { entry in
                Histogram.upperBound(entry.index &- 1, schema: schema, customValues: []) < threshold
            }.map { Histogram.upperBound($0.index, schema: schema, customValues: []) }.max()
            guard let farthest, farthest > threshold else { break }
            threshold = farthest
        }
        for entry in positive.removeFirst(until: { isBeyond($0, threshold, schema) })
            + negative.removeFirst(until: { isBeyond($0, threshold, schema) })
        {
            zero = SumFold.merge(zero, entry.sum)
        }
        zeroThreshold = threshold
    }

    /// Merges buckets until they are those of `target`, where that is coarser.
    mutating func reduce(to target: Int8) {
        guard !hasCustomBuckets, target < schema, target >= Histogram.exponentialSchemas.lowerBound else { return }
        let shift = Int(schema - target)
        positive.renumber { (($0 &- 1) >> shift) &+ 1 }
        negative.renumber { (($0 &- 1) >> shift) &+ 1 }
        schema = target
    }

    /// Merges custom buckets until only `bounds`, all of which there are, separate them.
    private mutating func keepBounds(_ bounds: [Double]) {
        let old = customValues
        positive.renumber { index in
            guard index < old.count else { return bounds.count }
            return index < 0 ? index : bounds.firstIndex { $0 >= old[index] } ?? bounds.count
        }
        customValues = bounds
    }

    mutating func multiply(by factor: Double) {
        count = count.times(factor)
        sum = sum.times(factor)
        zero = zero.times(factor)
        positive.scale(factor)
        negative.scale(factor)
        if factor < 0 { counterReset = .gauge }
    }

    /// Whether anything has grown beyond all numbers.
    var isInfinite: Bool {
        count.sum.isInfinite || sum.sum.isInfinite || zero.sum.isInfinite
            || positive.entries.contains { $0.sum.sum.isInfinite }
            || negative.entries.contains { $0.sum.sum.isInfinite }
    }

    /// What it has come to, without empty buckets, divided by `divisor` and then multiplied by `factor`.
    func histogram(dividedBy divisor: Double = 1, times factor: Double = 1) -> Histogram {
        let (positiveSpans, positiveBuckets) = positive.spans(dividedBy: divisor, times: factor)
        let (negativeSpans, negativeBuckets) = negative.spans(dividedBy: divisor, times: factor)
        return Histogram(
            schema: schema, isFloat: true, counterReset: counterReset, zeroThreshold: zeroThreshold,
            zeroCount: zero.mean(divisor) * factor, count: count.mean(divisor) * factor,
            sum: sum.mean(divisor) * factor, positiveSpans: positiveSpans, negativeSpans: negativeSpans,
            positiveBuckets: positiveBuckets, negativeBuckets: negativeBuckets, customValues: customValues)
    }
}

/// Whether an exponential bucket lies beyond a zero bucket that ends at `threshold`.
private func isBeyond(_ index: Int, _ threshold: Double, _ schema: Int8) -> Bool {
    Histogram.upperBound(index &- 1, schema: schema, customValues: []) >= threshold
}

/// The bounds that both ascending lists have.
private func commonBounds(_ a: [Double], _ b: [Double]) -> [Double] {
    var result: [Double] = []
    var next = 0
    for bound in a {
        while next < b.count, b[next] < bound { next += 1 }
        if next < b.count, b[next] == bound { result.append(bound) }
    }
    return result
}

extension CompensatedSum {
    fileprivate func times(_ factor: Double) -> CompensatedSum {
        CompensatedSum(sum: sum * factor, error: error * factor)
    }
}

extension Histogram.CounterReset {
    /// What is known about the sum of two histograms.
    func combined(with other: Histogram.CounterReset) -> Histogram.CounterReset {
        if self == other { return self }
        return self == .gauge || other == .gauge ? .gauge : .unknown
    }
}
