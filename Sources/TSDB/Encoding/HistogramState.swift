import Model

/// What is known before the next histogram of a series is encoded or decoded. Both sides keep the same.
///
/// Counts stand in columns: zero count, count, the positive buckets, the negative buckets.
struct HistogramState {
    /// One count of the histogram before, and what it is expected to grow by.
    struct Column {
        /// The whole number, or the double's bits.
        var last: Int64 = 0
        /// 16 times the running mean of what it grew by.
        var drift: Int64 = 0
        /// 16 times the running mean of how far that was from the mean.
        var spread: Int64 = 0

        /// What it probably grows by.
        @inline(__always)
        var expected: Int64 { (drift + 8) >> 4 }

        /// The order of the Golomb code for how far from that it grows.
        @inline(__always)
        var order: UInt64 { UInt64(64 - (UInt64(bitPattern: spread) >> 4).leadingZeroBitCount) }

        /// Takes note of the next whole number.
        ///
        /// - Parameter age: how many histograms there were since the columns were set to zero.
        @inline(__always)
        mutating func advance(to number: Int64, age: Int) {
            let growth = number - last
            last = number
            guard age > 0 else { return }
            let miss = growth - expected
            if age == 1 {
                // The first growth that is known is the best guess there is.
                drift = growth * 16
            } else {
                drift += (growth * 16 - drift) >> 2
                spread += (abs(miss) * 16 - spread) >> 2
            }
        }
    }

    static let columnsBeforeBuckets = 2
    /// Numbers are below this in magnitude, so that sixteen times the difference of two growths fits into 64 bits.
    static let numberMax: Int64 = 1 << 53

    var layout = HistogramLayout()
    var columns: [Column] = []
    /// Whether the columns hold doubles' bits.
    var holdsBits = false
    /// How many histograms there were since the columns were set to zero.
    var age = 0
    var sumBits: UInt64 = 0
    /// Whether there was a histogram yet.
    var hasLayout = false

    /// Goes over to another layout. Buckets that both have keep what is known of them.
    mutating func setLayout(_ new: HistogramLayout) {
        let carries = hasLayout && layout.hasSameScale(as: new)
        let old = (layout, columns)
        columns = [Column](
            repeating: Column(), count: HistogramState.columnsBeforeBuckets + new.positiveCount + new.negativeCount)
        if carries {
            for index in 0..<HistogramState.columnsBeforeBuckets { columns[index] = old.1[index] }
            let first = HistogramState.columnsBeforeBuckets
            carry(old.0.positiveSpans, old.1, from: first, to: new.positiveSpans, at: first)
            carry(
                old.0.negativeSpans, old.1, from: first + old.0.positiveCount, to: new.negativeSpans,
                at: first + new.positiveCount)
        } else {
            age = 0
        }
        layout = new
        hasLayout = true
    }

    /// Copies the columns of buckets of equal index, which ascend in both unless an offset is negative; those are not
    /// found then, and begin at zero.
    private mutating func carry(
        _ oldSpans: [Histogram.Span], _ old: [Column], from oldStart: Int, to spans: [Histogram.Span], at start: Int
    ) {
        var known = BucketIndices(oldSpans)
        var wanted = BucketIndices(spans)
        var from = known.next()
        var to = wanted.next()
        while let left = from, let right = to {
            if left.index == right.index { columns[start + right.place] = old[oldStart + left.place] }
            if left.index <= right.index { from = known.next() }
            if right.index <= left.index { to = wanted.next() }
        }
    }

    /// Sets the columns to zero where they hold the other kind of numbers.
    mutating func setHoldsBits(_ bits: Bool) {
        guard bits != holdsBits else { return }
        holdsBits = bits
        age = 0
        for index in columns.indices { columns[index] = Column() }
    }
}

/// The indices of the buckets of some spans, each with its place among the counts.
private struct BucketIndices {
    private let spans: [Histogram.Span]
    private var span = 0
    private var inSpan: UInt32 = 0
    private var index: Int64 = 0
    private var place = 0

    init(_ spans: [Histogram.Span]) { self.spans = spans }

    mutating func next() -> (index: Int64, place: Int)? {
        while span < spans.count {
            if inSpan == 0 { index += Int64(spans[span].offset) }
            if inSpan < spans[span].length { break }
            (span, inSpan) = (span + 1, 0)
        }
        guard span < spans.count else { return nil }
        defer { (inSpan, index, place) = (inSpan + 1, index + 1, place + 1) }
        return (index, place)
    }
}
