import Model
import Protobuf

/// A histogram of a protobuf page: the classic buckets and the native histogram that its message may both hold.
struct ProtobufHistogram {
    struct Bucket {
        var bound = 0.0
        var cumulative = 0.0
        var exemplar: ExposedExemplar?
    }

    private(set) var sum = 0.0
    private(set) var buckets: [Bucket] = []
    private(set) var startTime: Int64 = 0
    private var wholeCount: UInt64 = 0
    private var floatCount = 0.0
    private var schema: Int64 = 0
    private var content = Histogram()
    private var whole = Sides()
    private var fractions = Sides()
    private var exemplars: [ExposedExemplar] = []

    /// Per sign the counts of buckets.
    private struct Sides {
        var zeroCount = 0.0
        var positive: [Double] = []
        var negative: [Double] = []
    }

    /// Count 1 (uint64) or 4 (double), sum 2, classic bucket 3; schema 5 (sint32), zero threshold 6, zero count 7 (uint64)
    /// or 8 (double); spans 9, deltas 10 (sint64) or counts 11 (double) of negative buckets; 12, 13, 14 of positive ones;
    /// created 15, exemplars 16.
    init(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .varint(let number)): wholeCount = number
            case (2, .fixed64(let bits)): sum = number(bits)
            case (3, .bytes(let bytes)): buckets.append(try ProtobufHistogram.bucket(bytes))
            case (4, .fixed64(let bits)): floatCount = number(bits)
            case (15, .bytes(let bytes)): startTime = try milliseconds(bytes) ?? 0
            case (16, .bytes(let bytes)): exemplars.append(try exemplar(bytes))
            default: try readNative(field, value)
            }
            guard max(buckets.count, exemplars.count) <= Histogram.elementsMax else {
                throw ProtobufError(description: "a histogram has more than \(Histogram.elementsMax) buckets")
            }
        }
    }

    private mutating func readNative(_ field: UInt64, _ value: ProtobufReader.Value) throws(ProtobufError) {
        switch (field, value) {
        case (5, .varint(let number)): schema = unzigzag(number)
        case (6, .fixed64(let bits)): content.zeroThreshold = number(bits)
        case (7, .varint(let number)): whole.zeroCount = Double(number)
        case (8, .fixed64(let bits)): fractions.zeroCount = number(bits)
        case (9, .bytes(let bytes)): try appendSpan(bytes, to: &content.negativeSpans)
        case (10, _): try appendDeltas(value, to: &whole.negative)
        case (11, _): try appendDoubles(value, to: &fractions.negative)
        case (12, .bytes(let bytes)): try appendSpan(bytes, to: &content.positiveSpans)
        case (13, _): try appendDeltas(value, to: &whole.positive)
        case (14, _): try appendDoubles(value, to: &fractions.positive)
        default: break
        }
    }

    /// All observations.
    var count: Double { floatCount > 0 ? floatCount : Double(wholeCount) }

    /// Whether there is a native histogram; one without observations has a span without length, or a zero bucket.
    var isNative: Bool {
        !content.positiveSpans.isEmpty || !content.negativeSpans.isEmpty || content.zeroThreshold > 0
            || whole.zeroCount > 0
    }

    /// The native histogram as it can be stored: with the finest schema that can be, where it came with a finer one.
    func native(isGauge: Bool) throws(ProtobufError) -> Histogram {
        var histogram = content
        // As in Prometheus, one without observations is of whole numbers.
        histogram.isFloat = floatCount > 0 || fractions.zeroCount > 0
        histogram.counterReset = isGauge ? .gauge : .unknown
        histogram.count = histogram.isFloat ? floatCount : Double(wholeCount)
        histogram.sum = sum
        let sides = histogram.isFloat ? fractions : whole
        histogram.zeroCount = sides.zeroCount
        (histogram.positiveBuckets, histogram.negativeBuckets) = (sides.positive, sides.negative)
        do throws(HistogramError) {
            guard let small = Int8(exactly: schema), small <= Histogram.finestSchema, small != Histogram.customSchema
            else { throw .invalidSchema(Int(schema)) }
            histogram.schema = small
            // Spans without length say that there is a histogram without observations.
            histogram.positiveSpans = try merged(histogram.positiveSpans)
            histogram.negativeSpans = try merged(histogram.negativeSpans)
            histogram = try histogram.reducingResolution(to: Histogram.exponentialSchemas.upperBound)
            try histogram.validate()
        } catch {
            throw ProtobufError(description: error.description)
        }
        return histogram
    }

    /// The histogram with custom buckets that the classic ones make; nil where they contradict one another.
    func custom() -> Histogram? {
        var classic = ClassicBuckets()
        classic.count = count
        classic.sum = sum
        for bucket in buckets { classic.add(bound: bucket.bound, cumulative: bucket.cumulative) }
        return try? classic.customHistogram()
    }

    /// The exemplars with timestamps: of a native histogram its own, otherwise those of the classic buckets.
    func datedExemplars(isNative: Bool) -> [ExposedExemplar] {
        (exemplars.isEmpty || !isNative ? buckets.compactMap(\.exemplar) : exemplars).filter { $0.timestamp != nil }
    }

    /// Bucket: cumulative count 1 (uint64) or 4 (double), upper bound 2, exemplar 3.
    private static func bucket(_ message: UnsafeRawBufferPointer) throws(ProtobufError) -> Bucket {
        var bucket = Bucket()
        var (whole, fraction) = (0.0, 0.0)
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .varint(let number)): whole = Double(number)
            case (2, .fixed64(let bits)): bucket.bound = number(bits)
            case (3, .bytes(let bytes)): bucket.exemplar = try exemplar(bytes)
            case (4, .fixed64(let bits)): fraction = number(bits)
            default: break
            }
        }
        bucket.cumulative = fraction > 0 ? fraction : whole
        return bucket
    }
}

/// Each number is a bucket less the one before it.
private func appendDeltas(_ value: ProtobufReader.Value, to list: inout [Double]) throws(ProtobufError) {
    var longer = list
    list = []
    // Whole numbers to 2^53 are exact as doubles.
    var bucket = longer.last.flatMap { Int64(exactly: $0) } ?? 0
    try value.forEachVarint { number throws(ProtobufError) in
        try checkHistogramCount(longer.count)
        bucket &+= unzigzag(number)
        longer.append(Double(bucket))
    }
    list = longer
}

/// Spans without those that have no length, whose offsets the next ones take over.
private func merged(_ spans: [Histogram.Span]) throws(HistogramError) -> [Histogram.Span] {
    var result: [Histogram.Span] = []
    var offset: Int64 = 0
    for span in spans {
        offset += Int64(span.offset)
        guard span.length > 0 else { continue }
        guard let exact = Int32(exactly: offset) else {
            throw HistogramError("histogram has a bucket whose index does not fit into 32 bits")
        }
        result.append(Histogram.Span(offset: exact, length: span.length))
        offset = 0
    }
    return result
}
