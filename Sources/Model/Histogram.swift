/// A native histogram: how many observations fell into each bucket, at one moment.
///
/// Buckets are told sparsely: spans say which there are, the arrays how many observations each holds. One type stands
/// for histograms of whole numbers and of floating-point ones: counts are doubles, which hold whole numbers up to 2^53.
///
/// - Source: Prometheus's native histograms specification; `model/histogram`.
public struct Histogram: Sendable, Equatable {
    /// Some successive buckets.
    public struct Span: Sendable, Hashable {
        /// The index of its first bucket less one past that of the last bucket before; for the first span the index
        /// itself.
        public var offset: Int32
        /// How many buckets it has.
        public var length: UInt32

        public init(offset: Int32, length: UInt32) {
            self.offset = offset
            self.length = length
        }
    }

    /// What is known about a reset of the counters between the histogram before and this one.
    public enum CounterReset: UInt8, Sendable, CaseIterable {
        case unknown, reset, notReset
        /// The histogram goes up and down, and is no counter.
        case gauge
    }

    /// Schemas of exponential buckets: bucket `i` ends at 2^(i · 2^−schema).
    public static let exponentialSchemas: ClosedRange<Int8> = -4...8
    /// The schema of buckets whose upper bounds are ``customValues``.
    public static let customSchema: Int8 = -53

    /// One of ``exponentialSchemas``, or ``customSchema``.
    public var schema: Int8
    /// Whether it came with floating-point counts.
    public var isFloat: Bool
    public var counterReset: CounterReset
    /// Observations whose absolute value is at most this are in the zero bucket.
    public var zeroThreshold: Double
    public var zeroCount: Double
    /// All observations, NaNs included.
    public var count: Double
    public var sum: Double
    public var positiveSpans: [Span]
    public var negativeSpans: [Span]
    /// Per bucket of the spans, in ascending order of index, how many observations it holds.
    public var positiveBuckets: [Double]
    public var negativeBuckets: [Double]
    /// With ``customSchema`` the upper bounds of the buckets, ascending, without the last one, which is infinite.
    public var customValues: [Double]

    public init(
        schema: Int8 = 0, isFloat: Bool = true, counterReset: CounterReset = .unknown, zeroThreshold: Double = 0,
        zeroCount: Double = 0, count: Double = 0, sum: Double = 0, positiveSpans: [Span] = [],
        negativeSpans: [Span] = [], positiveBuckets: [Double] = [], negativeBuckets: [Double] = [],
        customValues: [Double] = []
    ) {
        self.schema = schema
        self.isFloat = isFloat
        self.counterReset = counterReset
        self.zeroThreshold = zeroThreshold
        self.zeroCount = zeroCount
        self.count = count
        self.sum = sum
        self.positiveSpans = positiveSpans
        self.negativeSpans = negativeSpans
        self.positiveBuckets = positiveBuckets
        self.negativeBuckets = negativeBuckets
        self.customValues = customValues
    }

    public var hasCustomBuckets: Bool { schema == Histogram.customSchema }

    /// Whether it ends its series: a staleness marker among histograms is one whose sum is the marker.
    public var isStale: Bool { StaleMarker.isStale(sum) }

    /// About as many samples as it takes memory for, 16 bytes each.
    ///
    /// - Source: Prometheus 3.5 `promql/value.go`, HPoint.size: 168 bytes, 8 for each bucket, bound and span, and 8 for
    ///   the time.
    package var heldSamples: Int {
        let counts = positiveBuckets.count + negativeBuckets.count + customValues.count
        return 11 + (counts + positiveSpans.count + negativeSpans.count) / 2
    }
}
