import Model
import Testing

@Suite struct HistogramValidationTests {
    private static let fine = Histogram(
        schema: 0, isFloat: false, zeroCount: 1, count: 10, sum: 5,
        positiveSpans: [.init(offset: -3, length: 2), .init(offset: 0, length: 1)],
        negativeSpans: [.init(offset: 1, length: 1)], positiveBuckets: [1, 2, 3], negativeBuckets: [3])
    private static let custom = Histogram(
        schema: -53, isFloat: false, count: 6, sum: 5, positiveSpans: [.init(offset: 1, length: 2)],
        positiveBuckets: [2, 4], customValues: [1, 2])

    private static func changed(_ base: Histogram = fine, _ change: (inout Histogram) -> Void) -> Histogram {
        var histogram = base
        change(&histogram)
        return histogram
    }

    @Test(
        arguments: [
            fine, custom, Histogram(isFloat: false), Histogram(schema: 99, count: -1, sum: StaleMarker.value),
            // NaNs are counted and in no bucket.
            changed { ($0.sum, $0.count) = (.nan, 11) },
            changed { ($0.isFloat, $0.count) = (true, 9.5) },
            changed { $0.schema = 8 }, changed { $0.schema = -4 },
            changed(custom) { $0.customValues = [-.infinity, 2] },
        ])
    func soundOnesPass(_ histogram: Histogram) throws { try histogram.validate() }

    @Test(
        arguments: [
            (changed { $0.schema = 9 }, "invalid schema, which must be between -4 and 8"),
            (changed { $0.schema = -5 }, "got schema -5"),
            (changed { $0.positiveBuckets.append(1) }, "positive side: spans need 3 buckets, have 4 buckets: "),
            (changed { $0.negativeBuckets = [] }, "negative side: spans need 1 buckets, have 0 buckets: "),
            (changed { $0.positiveSpans[1].offset = -1 }, "positive side: span number 2 with offset -1: "),
            (changed { $0.positiveBuckets[1] = -2 }, "positive side: bucket number 2 has observation count of -2: "),
            (changed { $0.negativeBuckets[0] = -2 }, "negative side: bucket number 1 has observation count of -2: "),
            (changed { $0.count = 9 }, "10 observations found in buckets, but the Count field is 9: "),
            (changed { ($0.sum, $0.count) = (.nan, 9) }, "should be at least the number of observations"),
            (changed { ($0.isFloat, $0.count) = (true, -1) }, "histogram's observation count is negative"),
            (changed { $0.customValues = [1] }, "exponential schema must not have custom bounds"),
            (changed(custom) { $0.zeroCount = 1 }, "custom buckets: must have zero count of 0"),
            (changed(custom) { $0.zeroThreshold = 1 }, "custom buckets: must have zero threshold of 0"),
            (changed(custom) { $0.negativeSpans = [.init(offset: 0, length: 0)] }, "must not have negative spans"),
            (changed(custom) { $0.customValues = [1] }, "only 1 custom bounds defined"),
            (changed(custom) { $0.customValues = [2, 2] }, "previous bound is 2.0 and current is 2.0: "),
            (changed(custom) { $0.customValues = [2, .infinity] }, "last +Inf bound must not be explicitly defined"),
            (changed(custom) { $0.customValues = [.nan, 2] }, "must not be NaN"),
            (changed(custom) { $0.positiveSpans[0].offset = -1 }, "span number 1 with offset -1: "),
        ])
    func faultsAreNamed(_ histogram: Histogram, _ text: String) {
        let error = #expect(throws: HistogramError.self) { try histogram.validate() }
        #expect(error?.description.contains(text) ?? false, "\(String(describing: error))")
    }
}

@Suite struct HistogramBucketTests {
    /// The buckets beside zero are shown up to the one around it, and printed as they are.
    @Test func bucketsEndAtTheZeroBucket() {
        let histogram = Histogram(
            zeroThreshold: 0.75, zeroCount: 1, count: 3, positiveSpans: [.init(offset: 0, length: 1)],
            negativeSpans: [.init(offset: 1, length: 1)], positiveBuckets: [1], negativeBuckets: [1])
        #expect(histogram.populatedBuckets.map { [$0.lower, $0.upper] } == [[-2, -1], [-0.75, 0.75], [0.75, 1]])
        #expect(histogram.description.contains("(0.5,1]:1"))
    }
}

@Suite struct HistogramResolutionTests {
    /// Buckets 1 ... 8 of a schema end where 1 ... 4 of the one below do, in pairs.
    @Test func bucketsAreMergedInPairs() throws {
        let fine = Histogram(
            schema: 9, count: 36, positiveSpans: [.init(offset: 0, length: 3), .init(offset: 1, length: 4)],
            negativeSpans: [.init(offset: -3, length: 1), .init(offset: 9, length: 1)],
            positiveBuckets: [1, 2, 3, 4, 5, 6, 7], negativeBuckets: [1, 2])
        let reduced = try fine.reducingResolution(to: 8)
        #expect(reduced.schema == 8 && reduced.count == 36)
        // Indices 0 | 1, 2 | 4 | 5, 6 | 7 become 0 | 1 | 2 | 3 | 4.
        #expect(reduced.positiveSpans == [.init(offset: 0, length: 5)])
        #expect(reduced.positiveBuckets == [1, 5, 4, 11, 7])
        // −3 and 7 become −1 and 4.
        #expect(reduced.negativeSpans == [.init(offset: -1, length: 1), .init(offset: 4, length: 1)])
        #expect(reduced.negativeBuckets == [1, 2])
    }

    @Test func severalStepsAreOne() throws {
        let fine = Histogram(
            schema: 12, positiveSpans: [.init(offset: -40, length: 100)],
            positiveBuckets: (0..<100).map(Double.init))
        var stepwise = fine
        for schema in (8...11).reversed() { stepwise = try stepwise.reducingResolution(to: Int8(schema)) }
        #expect(try fine.reducingResolution(to: 8) == stepwise)
        #expect(stepwise.positiveBuckets.reduce(0, +) == 4950)
    }

    @Test func whatIsCoarseEnoughStays() throws {
        let custom = Histogram(schema: -53, customValues: [1])
        #expect(try custom.reducingResolution(to: 8) == custom)
        #expect(try Histogram(schema: 3).reducingResolution(to: 8) == Histogram(schema: 3))
        let broken = Histogram(schema: 9, positiveBuckets: [1])
        #expect(throws: HistogramError.self) { try broken.reducingResolution(to: 8) }
    }
}
