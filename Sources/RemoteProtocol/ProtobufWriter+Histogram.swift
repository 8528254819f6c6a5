import Model
import Protobuf

extension ProtobufWriter {
    /// A native histogram, as ``WrittenHistogram`` reads it.
    package mutating func histogram(_ field: UInt64, _ time: Int64, _ histogram: Histogram, startTime: Int64 = 0) {
        message(field) { $0.histogramFields(time, histogram, startTime) }
    }

    private mutating func histogramFields(_ time: Int64, _ histogram: Histogram, _ startTime: Int64) {
        let whole = WholeCounts(histogram)
        if let whole { presentVarint(1, whole.count) } else { presentDouble(2, histogram.count) }
        double(3, histogram.sum)
        zigzag(4, Int64(histogram.schema))
        double(5, histogram.zeroThreshold)
        if let whole { presentVarint(6, whole.zeroCount) } else { presentDouble(7, histogram.zeroCount) }
        spans(8, histogram.negativeSpans)
        if let whole {
            packedNumbers(9, whole.negative.lazy.map(Protobuf.zigzag))
        } else {
            packedDoubles(10, histogram.negativeBuckets)
        }
        spans(11, histogram.positiveSpans)
        if let whole {
            packedNumbers(12, whole.positive.lazy.map(Protobuf.zigzag))
        } else {
            packedDoubles(13, histogram.positiveBuckets)
        }
        varint(14, UInt64(histogram.counterReset.rawValue))
        int64(15, time)
        packedDoubles(16, histogram.customValues)
        int64(17, startTime)
    }

    /// BucketSpan: offset 1 (sint32), length 2 (uint32).
    private mutating func spans(_ field: UInt64, _ spans: [Histogram.Span]) {
        for span in spans {
            message(field) {
                $0.zigzag(1, Int64(span.offset))
                $0.varint(2, UInt64(span.length))
            }
        }
    }
}

/// The counts of a histogram of whole numbers; of the buckets each less the one before it.
struct WholeCounts: Equatable {
    let count: UInt64
    let zeroCount: UInt64
    let positive: [Int64]
    let negative: [Int64]

    /// nil where the histogram has floating-point counts, or says that it has whole ones that none can be.
    init?(_ histogram: Histogram) {
        guard !histogram.isFloat, let count = UInt64(exactly: histogram.count),
            let zeroCount = UInt64(exactly: histogram.zeroCount),
            let positive = differences(histogram.positiveBuckets),
            let negative = differences(histogram.negativeBuckets)
        else { return nil }
        (self.count, self.zeroCount, self.positive, self.negative) = (count, zeroCount, positive, negative)
    }
}

private func differences(_ buckets: [Double]) -> [Int64]? {
    var result: [Int64] = []
    result.reserveCapacity(buckets.count)
    var before: Int64 = 0
    for bucket in buckets {
        guard let number = Int64(exactly: bucket) else { return nil }
        result.append(number &- before)
        before = number
    }
    return result
}
