import Glibc
import Model

/// What NaN observations in a histogram did to a result.
enum NaNObservations {
    case none
    /// They are counted as larger than all others.
    case skewed
    /// The result falls among them.
    case result
}

extension Histogram {
    /// The quantile `q`: interpolated between a bucket's bounds, on a logarithmic scale between exponential ones.
    ///
    /// - Source: Prometheus 3.14 `promql/quantile.go`, HistogramQuantile: behaviour.
    func quantile(_ q: Double) -> (value: Double, observations: NaNObservations) {
        if q < 0 { return (-.infinity, .none) }
        if q > 1 { return (.infinity, .none) }
        if count == 0 || q.isNaN { return (.nan, .none) }
        let hasNaNs = sum.isNaN
        // NaN observations are in no bucket but in the count, so that ranks count from below then.
        let isForward = hasNaNs || q < 0.5
        let rank = isForward ? q * count : (1 - q) * count
        let buckets = isForward ? namedBuckets : namedBuckets.reversed()
        var reached = 0.0
        var bucket = Bucket(lower: 0, upper: 0, includesLower: true, includesUpper: true, count: 0)
        var next = 0
        while next < buckets.count {
            bucket = buckets[next]
            next += 1
            reached += bucket.count
            if bucket.count != 0, reached >= rank { break }
        }
        if let end = openEnd(bucket) { return (end, .none) }
        bucket = narrowed(bucket)
        if bucket.lower == -.infinity { bucket.lower = 0 }
        reached = min(reached, count)
        if reached < rank { return hasNaNs ? (.nan, .result) : (bucket.upper, .none) }
        let within = isForward ? rank - (reached - bucket.count) : reached - rank
        // Prometheus looks for NaN observations in the buckets that are left, and then interpolates in the last of them.
        if hasNaNs, next < buckets.count { bucket = buckets[buckets.count - 1] }
        return (interpolated(bucket, within / bucket.count), hasNaNObservations ? .skewed : .none)
    }

    /// Whether some observations are NaN: the sum is it with infinite ones of both signs too, but buckets hold these.
    var hasNaNObservations: Bool { sum.isNaN && observationsInBuckets < count }

    private var observationsInBuckets: Double { namedBuckets.reduce(0) { $0 + $1.count } }

    /// The one end that a custom bucket has, at which all its observations count as lying; nil where it has two.
    private func openEnd(_ bucket: Bucket) -> Double? {
        if !hasCustomBuckets { return nil }
        if bucket.lower == -.infinity { return bucket.upper > 0 ? nil : bucket.upper }
        return bucket.upper == .infinity ? bucket.lower : nil
    }

    /// The value that lies so far, from 0 to 1, into a bucket.
    private func interpolated(_ bucket: Bucket, _ part: Double) -> Double {
        if hasCustomBuckets || bucket.lower <= 0 && bucket.upper >= 0 {
            return bucket.lower + (bucket.upper - bucket.lower) * part
        }
        let lower = log2(bucket.lower.magnitude)
        let upper = log2(bucket.upper.magnitude)
        if bucket.lower > 0 { return exp2(lower + (upper - lower) * part) }
        return -exp2(upper + (lower - upper) * (1 - part))
    }

    /// `bucket` without the side that cannot hold anything: the zero bucket's where all other observations have one sign,
    /// and below zero for the first custom bucket, where that ends above.
    func narrowed(_ bucket: Bucket) -> Bucket {
        var result = bucket
        if hasCustomBuckets {
            if bucket.lower == -.infinity, bucket.upper > 0, bucket.upper < .infinity { result.lower = 0 }
        } else if bucket.lower < 0, bucket.upper > 0 {
            if negativeBuckets.isEmpty, !positiveBuckets.isEmpty { result.lower = 0 }
            if positiveBuckets.isEmpty, !negativeBuckets.isEmpty { result.upper = 0 }
        }
        return result
    }

    /// Which part of the observations lies between two values, NaN observations being in none.
    ///
    /// - Source: Prometheus 3.14 `promql/quantile.go`, HistogramFraction: behaviour.
    func fraction(_ lower: Double, _ upper: Double) -> Double {
        if count == 0 || lower.isNaN || upper.isNaN { return .nan }
        if lower >= upper { return 0 }
        let buckets = namedBuckets.map(narrowedForFraction)
        let total = sum.isNaN ? observationsInBuckets : count
        return (rank(of: upper, buckets, total) - rank(of: lower, buckets, total)) / count
    }

    /// As ``narrowed``, but each custom bucket that zero lies in begins there.
    private func narrowedForFraction(_ bucket: Bucket) -> Bucket {
        guard hasCustomBuckets else { return narrowed(bucket) }
        var result = bucket
        if bucket.lower <= 0, bucket.upper >= 0 { result.lower = 0 }
        return result
    }

    /// How many of `total` observations lie below `value`: all where no bucket reaches it.
    private func rank(of value: Double, _ buckets: [Bucket], _ total: Double) -> Double {
        min(total, observations(below: value, buckets) ?? total)
    }

    private func observations(below value: Double, _ buckets: [Bucket]) -> Double? {
        var below = 0.0
        for bucket in buckets {
            if bucket.lower >= value { return below }
            if bucket.upper > value { return below + bucket.count * share(of: bucket, below: value) }
            below += bucket.count
        }
        return nil
    }

    /// Which part of a bucket's observations lies below `value`, which lies within it.
    func share(of bucket: Bucket, below value: Double) -> Double {
        if hasCustomBuckets || bucket.lower <= 0 && bucket.upper >= 0 {
            // Of a bucket without an end all observations count as lying at its other end.
            if bucket.lower == -.infinity { return bucket.upper == .infinity ? 0 : 1 }
            return bucket.upper == .infinity ? 0 : (value - bucket.lower) / (bucket.upper - bucket.lower)
        }
        let lower = log2(bucket.lower.magnitude)
        let upper = log2(bucket.upper.magnitude)
        return (log2(value.magnitude) - lower) / (upper - lower)
    }

    /// The variance, each observation counting as lying in its bucket's middle.
    ///
    /// - Source: Prometheus 3.14 `promql/functions.go`, histogramVariance: behaviour.
    var variance: Double {
        let mean = sum / count
        var squares = CompensatedSum()
        for bucket in populatedBuckets {
            let distance = middle(bucket) - mean
            squares.add(bucket.count * distance * distance)
        }
        return (squares.sum + squares.error) / count
    }

    private func middle(_ bucket: Bucket) -> Double {
        if hasCustomBuckets { return (bucket.upper + bucket.lower) / 2 }
        if bucket.lower <= 0, bucket.upper >= 0 { return 0 }
        let middle = (bucket.upper * bucket.lower).squareRoot()
        return bucket.upper < 0 ? -middle : middle
    }
}
