import Glibc

extension Histogram {
    /// A bucket with its bounds.
    public struct Bucket: Sendable, Equatable {
        public var lower: Double
        public var upper: Double
        public var includesLower: Bool
        public var includesUpper: Bool
        public var count: Double

        public init(lower: Double, upper: Double, includesLower: Bool, includesUpper: Bool, count: Double) {
            self.lower = lower
            self.upper = upper
            self.includesLower = includesLower
            self.includesUpper = includesUpper
            self.count = count
        }
    }

    /// Calls `body` with the index and the count of each bucket that the spans name, in ascending order of index.
    ///
    /// Spans that name more buckets than there are counts end with the counts.
    @inlinable
    public static func forEachBucket(_ spans: [Span], _ counts: [Double], _ body: (Int, Double) -> Void) {
        var index = 0
        var next = 0
        for span in spans {
            index &+= Int(span.offset)
            let end = next + min(Int(span.length), counts.count - next)
            while next < end {
                body(index, counts[next])
                index &+= 1
                next += 1
            }
        }
    }

    /// The upper bound of the bucket with this index on the positive side; buckets of custom bounds count from 0.
    ///
    /// - Source: Prometheus 3 `model/histogram`: the last bucket of exponential bounds that is not for infinity ends at
    ///   the largest finite number.
    public static func upperBound(_ index: Int, schema: Int8, customValues: [Double]) -> Double {
        if schema == customSchema {
            if index >= customValues.count { return .infinity }
            return index < 0 ? -.infinity : customValues[index]
        }
        if schema < 0 {
            // No bound beyond 2^±1100 is a number that another bound is not.
            let exponent = max(-1100, min(1100, index)) << -Int(schema)
            return exponent == 1024 ? .greatestFiniteMagnitude : ldexp(1, Int32(clamping: exponent))
        }
        let parts = index & ((1 << Int(schema)) - 1)
        let exponent = index >> Int(schema)
        if parts == 0, exponent == 1024 { return .greatestFiniteMagnitude }
        return ldexp(power(parts, schema: schema), Int32(clamping: exponent))
    }

    /// 2^(parts · 2^−schema), with the same rounding errors as Prometheus's table of bounds has: the product of the roots
    /// of 2 whose exponents add up to it, the largest first.
    private static func power(_ parts: Int, schema: Int8) -> Double {
        var result = 1.0
        // A schema beyond those there are comes from damaged or foreign bytes: its bounds are those of the last one.
        for depth in 0..<min(Int(schema), roots.count) where parts >> (Int(schema) - 1 - depth) & 1 == 1 {
            result *= roots[depth]
        }
        return result
    }

    /// The square root of 2, its square root and so on; the first of them is rounded down, the others to the nearest.
    private static let roots: [Double] = [
        0x1.6a09e667f3bccp+0, 0x1.306fe0a31b715p+0, 0x1.172b83c7d517bp+0, 0x1.0b5586cf9890fp+0, 0x1.059b0d3158574p+0,
        0x1.02c9a3e778061p+0, 0x1.0163da9fb3335p+0, 0x1.00b1afa5abcbfp+0,
    ]

    /// The buckets of positive numbers that hold anything, ascending; of custom bounds all that do.
    public var positives: [Bucket] {
        named(positiveSpans, positiveBuckets, isPositive: true).filter { $0.count != 0 }
    }

    /// The buckets of negative numbers that hold anything, ascending.
    public var negatives: [Bucket] {
        named(negativeSpans, negativeBuckets, isPositive: false).reversed().filter { $0.count != 0 }
    }

    /// The bucket around zero.
    public var zeroBucket: Bucket {
        Bucket(
            lower: -zeroThreshold, upper: zeroThreshold, includesLower: true, includesUpper: true, count: zeroCount)
    }

    /// All buckets that hold anything, ascending. Those beside zero end at the bucket around it.
    public var populatedBuckets: [Bucket] { namedBuckets.filter { $0.count != 0 } }

    /// All buckets that the spans name, whether they hold anything or not, and that around zero where it does, ascending.
    /// Those beside zero end at the bucket around it.
    ///
    /// - Source: Prometheus 3 `model/histogram`, AllBucketIterator.
    public var namedBuckets: [Bucket] {
        // Prometheus leaves out a zero bucket that holds less than nothing too, as only differences do.
        let zero = zeroCount > 0 && !hasCustomBuckets ? [zeroBucket] : []
        let negatives = named(negativeSpans, negativeBuckets, isPositive: false).reversed()
        return (negatives + zero + named(positiveSpans, positiveBuckets, isPositive: true)).map { bucket in
            var clipped = bucket
            if bucket.upper < 0, bucket.upper > -zeroThreshold { clipped.upper = -zeroThreshold }
            if bucket.lower > 0, bucket.lower < zeroThreshold { clipped.lower = zeroThreshold }
            return clipped
        }
    }

    private func buckets(showsZero: Bool) -> [Bucket] {
        hasCustomBuckets || !showsZero ? negatives + positives : negatives + [zeroBucket] + positives
    }

    private func named(_ spans: [Span], _ counts: [Double], isPositive: Bool) -> [Bucket] {
        var result: [Bucket] = []
        Histogram.forEachBucket(spans, counts) { index, count in
            let near = Histogram.upperBound(index &- 1, schema: schema, customValues: customValues)
            let far = Histogram.upperBound(index, schema: schema, customValues: customValues)
            if isPositive {
                result.append(
                    Bucket(
                        lower: near, upper: far, includesLower: hasCustomBuckets && index == 0, includesUpper: true,
                        count: count))
            } else {
                result.append(
                    Bucket(lower: -far, upper: -near, includesLower: true, includesUpper: false, count: count))
            }
        }
        return result
    }
}

extension Histogram: CustomStringConvertible {
    /// What `count_values` shows: `{count:3, sum:4.5, [-1,-0.5):1, (0.5,1]:2}`.
    ///
    /// - Source: Prometheus 3 `model/histogram`.
    public var description: String {
        var text = "{count:\(formatFloat(count, .general)), sum:\(formatFloat(sum, .general))"
        // Here one that holds less than nothing is there.
        for bucket in buckets(showsZero: zeroCount != 0) { text += ", \(bucket)" }
        return text + "}"
    }
}

extension Histogram.Bucket: CustomStringConvertible {
    /// As intervals are written: `(1,2]:5`.
    public var description: String {
        let bounds = "\(formatFloat(lower, .general)),\(formatFloat(upper, .general))"
        return "\(includesLower ? "[" : "(")\(bounds)\(includesUpper ? "]" : ")"):\(formatFloat(count, .general))"
    }
}
