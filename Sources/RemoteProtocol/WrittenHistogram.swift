import Model
import Protobuf

/// A native histogram in a write request or an answer to a read request. The message is the same in all versions.
package struct WrittenHistogram {
    package var timestamp: Int64 = 0
    /// 0 where it is not known.
    package var startTime: Int64 = 0
    /// The schema as it was sent, which may be none that ``Histogram`` can hold.
    private var schema: Int64 = 0
    private var content = Histogram(isFloat: false)

    /// Count 1 (uint64) or 2 (double), sum 3, schema 4 (sint32), zero threshold 5, zero count 6 (uint64) or 7 (double);
    /// spans 8, deltas 9 (sint64) or counts 10 (double) of negative buckets; 11, 12, 13 of positive ones; reset hint 14,
    /// timestamp 15, custom values 16, in 2.0 start timestamp 17.
    package init(_ message: UnsafeRawBufferPointer) throws(ProtobufError) {
        var whole = Buckets()
        var fractions = Buckets()
        var reader = ProtobufReader(message)
        while let (field, value) = try reader.next() {
            switch (field, value) {
            case (1, .varint(let number)): (content.isFloat, whole.count) = (false, Double(number))
            case (2, .fixed64(let bits)): (content.isFloat, fractions.count) = (true, Double(bitPattern: bits))
            case (3, .fixed64(let bits)): content.sum = Double(bitPattern: bits)
            case (4, .varint(let number)): schema = unzigzag(number)
            case (5, .fixed64(let bits)): content.zeroThreshold = Double(bitPattern: bits)
            case (6, .varint(let number)): whole.zeroCount = Double(number)
            case (7, .fixed64(let bits)): fractions.zeroCount = Double(bitPattern: bits)
            case (8, .bytes(let span)): try appendSpan(span, to: &content.negativeSpans)
            case (9, _): try whole.appendDeltas(value, to: \.negative, last: \.lastNegative)
            case (10, _): try appendDoubles(value, to: &fractions.negative)
            case (11, .bytes(let span)): try appendSpan(span, to: &content.positiveSpans)
            case (12, _): try whole.appendDeltas(value, to: \.positive, last: \.lastPositive)
            case (13, _): try appendDoubles(value, to: &fractions.positive)
            case (14, .varint(let number)):
                content.counterReset = UInt8(exactly: number).flatMap(Histogram.CounterReset.init) ?? .unknown
            case (15, .varint(let number)): timestamp = Int64(bitPattern: number)
            case (16, _): try appendDoubles(value, to: &content.customValues)
            case (17, .varint(let number)): startTime = Int64(bitPattern: number)
            default: break
            }
        }
        (content.isFloat ? fractions : whole).fill(&content)
    }

    package var heldSamples: Int { content.heldSamples }

    /// The histogram as it can be stored: with the finest schema that can be, where it came with a finer one.
    package func histogram() throws(HistogramError) -> Histogram {
        if content.isStale {
            return Histogram(isFloat: content.isFloat, counterReset: content.counterReset, sum: content.sum)
        }
        guard let small = Int8(exactly: schema) else { throw .invalidSchema(Int(schema)) }
        var histogram = content
        histogram.schema = small
        histogram = try histogram.reducingResolution(to: Histogram.exponentialSchemas.upperBound)
        try histogram.validate()
        return histogram
    }

    /// Counts of one of the two kinds.
    private struct Buckets {
        var count = 0.0
        var zeroCount = 0.0
        var positive: [Double] = []
        var negative: [Double] = []
        var lastPositive: Int64 = 0
        var lastNegative: Int64 = 0

        /// Each number is a bucket less the one before it.
        mutating func appendDeltas(
            _ value: ProtobufReader.Value, to buckets: WritableKeyPath<Buckets, [Double]>,
            last: WritableKeyPath<Buckets, Int64>
        ) throws(ProtobufError) {
            var list = self[keyPath: buckets]
            self[keyPath: buckets] = []
            var bucket = self[keyPath: last]
            try value.forEachVarint { number throws(ProtobufError) in
                try checkHistogramCount(list.count)
                bucket &+= unzigzag(number)
                list.append(Double(bucket))
            }
            self[keyPath: buckets] = list
            self[keyPath: last] = bucket
        }

        func fill(_ histogram: inout Histogram) {
            (histogram.count, histogram.zeroCount) = (count, zeroCount)
            (histogram.positiveBuckets, histogram.negativeBuckets) = (positive, negative)
        }
    }
}
