/// Why a histogram cannot be one.
///
/// - Source: the texts are those of Prometheus, `model/histogram/generic.go`.
public struct HistogramError: Error, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }

    /// - Parameter schema: one that is neither exponential nor custom.
    public static func invalidSchema(_ schema: Int) -> HistogramError {
        HistogramError(
            "histogram has an invalid schema, which must be between \(Histogram.exponentialSchemas.lowerBound)"
                + " and \(Histogram.exponentialSchemas.upperBound) for exponential buckets,"
                + " or \(Histogram.customSchema) for custom buckets, got schema \(schema)")
    }
}

extension Histogram {
    /// The most buckets of either sign, spans of either sign and custom bounds that a histogram may have. Prometheus has
    /// no such bound; its clients stop at 160 buckets by default.
    public static let elementsMax = 1 << 16

    /// Checks what Prometheus checks before it stores a histogram. A staleness marker is always fine.
    ///
    /// - Throws: the first fault found.
    public func validate() throws(HistogramError) {
        if isStale { return }
        try checkShape()
        if hasCustomBuckets {
            try validateCustom()
        } else {
            guard Histogram.exponentialSchemas.contains(schema) else {
                throw HistogramError.invalidSchema(Int(schema))
            }
            try validateOffsets(positiveSpans.dropFirst(), firstNumber: 2, side: "positive side: ")
            try validateOffsets(negativeSpans.dropFirst(), firstNumber: 2, side: "negative side: ")
            if !customValues.isEmpty {
                throw HistogramError("histogram with exponential schema must not have custom bounds")
            }
        }
        try validateCounts()
    }

    /// Checks that the spans have as many buckets as there are, and that nothing is longer than ``elementsMax``.
    public func checkShape() throws(HistogramError) {
        try checkSpans(positiveSpans, positiveBuckets.count, hasCustomBuckets ? "custom buckets: " : "positive side: ")
        try checkSpans(negativeSpans, negativeBuckets.count, "negative side: ")
        guard customValues.count <= Histogram.elementsMax else {
            throw HistogramError("histogram has \(customValues.count) custom bounds, at most \(Histogram.elementsMax)")
        }
    }

    private func checkSpans(_ spans: [Span], _ bucketCount: Int, _ side: String) throws(HistogramError) {
        guard max(spans.count, bucketCount) <= Histogram.elementsMax else {
            throw HistogramError(
                "\(side)histogram has \(spans.count) spans and \(bucketCount) buckets, at most \(Histogram.elementsMax)"
            )
        }
        // 2^16 lengths of 32 bits cannot overflow.
        let needed = spans.reduce(0) { $0 + Int($1.length) }
        guard needed == bucketCount else {
            throw HistogramError(
                "\(side)spans need \(needed) buckets, have \(bucketCount) buckets: "
                    + "histogram spans specify different number of buckets than provided")
        }
    }

    private func validateOffsets(
        _ spans: ArraySlice<Span>, firstNumber: Int, side: String
    ) throws(HistogramError) {
        for (number, span) in spans.enumerated() where span.offset < 0 {
            throw HistogramError(
                "\(side)span number \(number + firstNumber) with offset \(span.offset): "
                    + "histogram has a span whose offset is negative")
        }
    }

    private func validateCustom() throws(HistogramError) {
        try validateBounds()
        try validateOffsets(positiveSpans[...], firstNumber: 1, side: "custom buckets: ")
        let length = positiveSpans.reduce(0) { $0 + Int($1.offset) + Int($1.length) }
        guard length <= customValues.count + 1 else {
            throw HistogramError(
                "custom buckets: only \(customValues.count) custom bounds defined which is insufficient to cover "
                    + "total span length of \(length): histogram custom bounds are too few")
        }
        if zeroCount != 0 { throw HistogramError("custom buckets: must have zero count of 0") }
        if zeroThreshold != 0 { throw HistogramError("custom buckets: must have zero threshold of 0") }
        if !negativeSpans.isEmpty { throw HistogramError("custom buckets: must not have negative spans") }
        if !negativeBuckets.isEmpty { throw HistogramError("custom buckets: must not have negative buckets") }
    }

    private func validateBounds() throws(HistogramError) {
        for (index, bound) in customValues.enumerated() {
            if bound.isNaN { throw HistogramError("custom buckets: histogram custom bounds must not be NaN") }
            if index > 0, bound <= customValues[index - 1] {
                throw HistogramError(
                    "custom buckets: previous bound is \(customValues[index - 1]) and current is \(bound): "
                        + "histogram custom bounds must be in strictly increasing order")
            }
        }
        if customValues.last == .infinity {
            throw HistogramError(
                "custom buckets: last +Inf bound must not be explicitly defined: "
                    + "histogram custom bounds must be finite")
        }
    }

    private func validateCounts() throws(HistogramError) {
        let inBuckets =
            try sumChecked(negativeBuckets, "negative side: ") + (try sumChecked(positiveBuckets, "positive side: "))
            + zeroCount
        if count < 0 || zeroCount < 0 { throw HistogramError("histogram's observation count is negative") }
        // Additions of fractions and beyond 2^53 are not exact, so that nothing can be said of theirs.
        if isFloat || max(count, inBuckets) > 9_007_199_254_740_992 { return }
        let found =
            "\(formatFloat(inBuckets, .general)) observations found in buckets, "
            + "but the Count field is \(formatFloat(count, .general)): "
        if sum.isNaN {
            // NaNs that were observed are counted and in no bucket.
            if inBuckets > count {
                throw HistogramError(
                    found + "histogram's observation count should be at least the number of observations found in the "
                        + "buckets")
            }
        } else if inBuckets != count {
            throw HistogramError(
                found + "histogram's observation count should equal the number of observations found in the buckets "
                    + "(in absence of NaN)")
        }
    }

    private func sumChecked(_ buckets: [Double], _ side: String) throws(HistogramError) -> Double {
        var sum = 0.0
        for (index, bucket) in buckets.enumerated() {
            if bucket < 0 {
                throw HistogramError(
                    "\(side)bucket number \(index + 1) has observation count of \(formatFloat(bucket, .general)): "
                        + "histogram has a bucket whose observation count is negative")
            }
            sum += bucket
        }
        return sum
    }
}
