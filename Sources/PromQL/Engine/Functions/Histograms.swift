/// One bucket of a classic histogram.
struct Bucket {
    var upperBound: Double
    /// Observations up to the bound.
    var count: Double
}

/// What a quantile of buckets came to, and whether the buckets had to be mended for it.
struct BucketQuantile {
    var value: Double
    var wasForcedMonotonic = false
}

/// The quantile of a classic histogram, linearly interpolated within the bucket that it falls into.
///
/// - Source: Prometheus 3 `promql/quantile.go`, BucketQuantile: behaviour.
func bucketQuantile(_ q: Double, _ buckets: [Bucket]) -> BucketQuantile {
    if q.isNaN { return BucketQuantile(value: .nan) }
    if q < 0 { return BucketQuantile(value: -.infinity) }
    if q > 1 { return BucketQuantile(value: .infinity) }
    guard var buckets = coalesced(buckets) else { return BucketQuantile(value: .nan) }
    let forced = makeMonotonic(&buckets)
    guard buckets.count >= 2, let observations = buckets.last?.count, observations != 0 else {
        return BucketQuantile(value: .nan, wasForcedMonotonic: forced)
    }
    var rank = q * observations
    let last = buckets.count - 1
    let index = buckets[..<last].firstIndex { $0.count >= rank } ?? last
    var result = BucketQuantile(value: buckets[max(0, last - 1)].upperBound, wasForcedMonotonic: forced)
    if index == last { return result }
    let end = buckets[index].upperBound
    result.value = end
    if index == 0, end <= 0 { return result }
    var start = 0.0
    var count = buckets[index].count
    if index > 0 {
        start = buckets[index - 1].upperBound
        count -= buckets[index - 1].count
        rank -= buckets[index - 1].count
    }
    result.value = start + (end - start) * (rank / count)
    return result
}

/// Which part of the observations lies between two bounds.
///
/// - Source: Prometheus 3.14 `promql/quantile.go`, BucketFraction: behaviour.
func bucketFraction(_ lower: Double, _ upper: Double, _ buckets: [Bucket]) -> Double {
    guard let buckets = coalesced(buckets), let total = buckets.last?.count, total != 0, !lower.isNaN, !upper.isNaN
    else { return .nan }
    if lower >= upper { return 0 }
    return (min(rank(of: upper, buckets), total) - min(rank(of: lower, buckets), total)) / total
}

/// How many observations are below `bound`, interpolated within its bucket.
private func rank(of bound: Double, _ buckets: [Bucket]) -> Double {
    var below = 0.0
    // The first bucket of positive bounds begins at zero.
    var start = buckets[0].upperBound > 0 ? 0 : -Double.infinity
    for bucket in buckets {
        if start >= bound { return below }
        if bucket.upperBound > bound {
            // Of a bucket without an end all observations count as lying at its other end.
            if bucket.upperBound == .infinity { return below }
            if start == -.infinity { return bucket.count }
            return below + (bucket.count - below) * (bound - start) / (bucket.upperBound - start)
        }
        below = bucket.count
        start = bucket.upperBound
    }
    return below
}

/// The buckets sorted, with those of equal bounds added up; nil where none is infinite.
private func coalesced(_ buckets: [Bucket]) -> [Bucket]? {
    let sorted = buckets.sorted { $0.upperBound < $1.upperBound }
    guard sorted.last?.upperBound == .infinity else { return nil }
    var result: [Bucket] = []
    for bucket in sorted {
        if result.last?.upperBound == bucket.upperBound {
            result[result.count - 1].count += bucket.count
        } else {
            result.append(bucket)
        }
    }
    return result
}

/// Raises counts that are below their predecessor's; returns whether one was by more than rounding explains.
private func makeMonotonic(_ buckets: inout [Bucket]) -> Bool {
    var forced = false
    for index in buckets.indices.dropFirst() {
        let previous = buckets[index - 1].count
        let count = buckets[index].count
        if isAlmostEqual(previous, count) {
            buckets[index].count = previous
        } else if count < previous {
            buckets[index].count = previous
            forced = true
        }
    }
    return forced
}

private func isAlmostEqual(_ a: Double, _ b: Double) -> Bool {
    // The relative difference that summing rates in another order can make.
    let tolerance = 1e-12
    if a == b { return true }
    let sum = a.magnitude + b.magnitude
    let difference = (a - b).magnitude
    if a == 0 || b == 0 || sum < .leastNormalMagnitude { return difference < tolerance * .leastNormalMagnitude }
    return difference / min(sum, .greatestFiniteMagnitude) < tolerance
}
