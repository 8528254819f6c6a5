import Model

extension Histogram {
    /// The histogram with only the observations below `bound`, or, with `keepsAbove`, only those above it.
    ///
    /// 1. Buckets beyond the bound go; of the one that it falls into a part stays, as quantiles interpolate.
    /// 2. Where anything went, the sum is that of what stayed, each observation counting as lying in the middle of what
    ///    is left of its bucket.
    ///
    /// - Source: Prometheus 3.14, the operators `</` and `>/`: behaviour.
    func trimmed(at bound: Double, keepsAbove: Bool) -> Histogram {
        var result = self
        var kept = Kept()
        result.positiveBuckets = trimmed(positiveSpans, positiveBuckets, isPositive: true, bound, keepsAbove, &kept)
        result.negativeBuckets = trimmed(negativeSpans, negativeBuckets, isPositive: false, bound, keepsAbove, &kept)
        if zeroCount > 0, !hasCustomBuckets {
            result.zeroCount = keep(zeroBucket, bound, keepsAbove, &kept)
        }
        guard kept.isLess else { return self }
        result.count = kept.count
        result.sum = kept.sum
        return result.compacted
    }

    private struct Kept {
        var count = 0.0
        var sum = 0.0
        var isLess = false
    }

    private func trimmed(
        _ spans: [Span], _ counts: [Double], isPositive: Bool, _ bound: Double, _ keepsAbove: Bool, _ kept: inout Kept
    ) -> [Double] {
        var result: [Double] = []
        result.reserveCapacity(counts.count)
        Histogram.forEachBucket(spans, counts) { index, count in
            let near = Histogram.upperBound(index &- 1, schema: schema, customValues: customValues)
            let far = Histogram.upperBound(index, schema: schema, customValues: customValues)
            let bucket = Bucket(
                lower: isPositive ? near : -far, upper: isPositive ? far : -near, includesLower: false,
                includesUpper: false, count: count)
            result.append(count == 0 ? 0 : keep(bucket, bound, keepsAbove, &kept))
        }
        return result
    }

    /// How many of a bucket's observations stay; adds them to `kept`.
    private func keep(_ bucket: Bucket, _ bound: Double, _ keepsAbove: Bool, _ kept: inout Kept) -> Double {
        let whole = narrowed(bucket)
        var rest = whole
        var count = bucket.count
        if keepsAbove {
            if !(whole.lower >= bound) {
                rest.lower = bound
                count = whole.upper > bound ? whole.count * shareAbove(whole, bound) : 0
            }
        } else if !(whole.upper <= bound) {
            rest.upper = bound
            count = whole.lower < bound ? whole.count * share(of: whole, below: bound) : 0
        }
        if count != bucket.count { kept.isLess = true }
        if count != 0 {
            kept.count += count
            kept.sum += count * middleOfRest(rest, isLinear: hasCustomBuckets || whole.lower <= 0 && whole.upper >= 0)
        }
        return count
    }

    private func shareAbove(_ bucket: Bucket, _ bound: Double) -> Double {
        if bucket.upper == .infinity { return bucket.lower == -.infinity ? 0 : 1 }
        return 1 - share(of: bucket, below: bound)
    }

    /// Where the observations in what is left of a bucket count as lying.
    private func middleOfRest(_ bucket: Bucket, isLinear: Bool) -> Double {
        if bucket.lower.isInfinite {
            return bucket.upper.isInfinite ? 0 : bucket.upper > 0 ? bucket.upper / 2 : bucket.upper
        }
        if bucket.upper.isInfinite { return bucket.lower }
        if isLinear { return (bucket.lower + bucket.upper) / 2 }
        let middle = (bucket.lower * bucket.upper).squareRoot()
        return bucket.upper <= 0 ? -middle : middle
    }
}
