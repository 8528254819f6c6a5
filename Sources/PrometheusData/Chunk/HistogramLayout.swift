import Model

/// What all histograms of a chunk have in common.
struct HistogramLayout {
    /// Without counts; of a counter reset it says what holds for the first.
    private(set) var template = Histogram()
    private(set) var positiveCount = 0
    private(set) var negativeCount = 0
    private let isGauge: Bool

    /// - Parameters:
    ///   - flags: the chunk's third byte.
    ///   - cursor: at the fourth.
    init(flags: UInt8, _ cursor: inout BitCursor, isFloat: Bool) throws(FormatError) {
        isGauge = flags >> 6 == 3
        template.isFloat = isFloat
        template.counterReset = isGauge ? .gauge : flags >> 6 == 2 ? .reset : .unknown
        template.zeroThreshold = try readZeroThreshold(&cursor)
        template.schema = try checkedSchema(try cursor.varbitInt(), at: cursor.byteOffset)
        template.positiveSpans = try readSpans(&cursor)
        template.negativeSpans = try readSpans(&cursor)
        if template.hasCustomBuckets { template.customValues = try readBounds(&cursor) }
        // A bucket takes at least a bit.
        positiveCount = try bucketCount(template.positiveSpans, max: cursor.remaining, at: cursor.byteOffset)
        negativeCount = try bucketCount(template.negativeSpans, max: cursor.remaining, at: cursor.byteOffset)
    }

    /// What is said of counter resets of the sample `index`: within a chunk there is none.
    func counterReset(_ index: Int) -> Histogram.CounterReset {
        index > 0 && !isGauge ? .notReset : template.counterReset
    }
}

func checkedSchema(_ schema: Int64, at offset: Int) throws(FormatError) -> Int8 {
    guard let small = Int8(exactly: schema),
        Histogram.exponentialSchemas.contains(small) || small == Histogram.customSchema
    else {
        throw FormatError(at: offset, "expected a histogram with a schema from -4 to 8 or -53, found \(schema)")
    }
    return small
}

/// How many buckets spans have.
func bucketCount(_ spans: [Histogram.Span], max: Int, at offset: Int) throws(FormatError) -> Int {
    var count = 0
    for span in spans { count += Int(span.length) }
    guard count <= max else { throw FormatError(at: offset, "\(count) buckets are said to follow in too few bytes") }
    return count
}

/// One byte: 0 for zero, else a power of two; or 255 and a double.
private func readZeroThreshold(_ cursor: inout BitCursor) throws(FormatError) -> Double {
    switch try cursor.byte() {
    case 0: return 0
    case 255: return try cursor.double()
    case let byte: return Double(sign: .plus, exponent: Int(byte) - 244, significand: 1)
    }
}

private func readSpans(_ cursor: inout BitCursor) throws(FormatError) -> [Histogram.Span] {
    let count = try cursor.varbitUInt()
    // A span takes at least two bits.
    guard count <= UInt64(cursor.remaining / 2) else {
        throw FormatError(at: cursor.byteOffset, "\(count) spans are said to follow in too few bytes")
    }
    var spans: [Histogram.Span] = []
    for _ in 0..<count {
        let length = try cursor.varbitUInt()
        let offset = try cursor.varbitInt()
        spans.append(try checkedSpan(offset: offset, length: length, at: cursor.byteOffset))
    }
    return spans
}

func checkedSpan(offset: Int64, length: UInt64, at place: Int) throws(FormatError) -> Histogram.Span {
    guard let offset = Int32(exactly: offset), let length = UInt32(exactly: length) else {
        throw FormatError(at: place, "expected a span of 32-bit numbers, found offset \(offset), length \(length)")
    }
    return Histogram.Span(offset: offset, length: length)
}

/// Upper bounds: thousandths plus one, or a zero bit and a double.
private func readBounds(_ cursor: inout BitCursor) throws(FormatError) -> [Double] {
    let count = try cursor.varbitUInt()
    guard count <= UInt64(cursor.remaining) else {
        throw FormatError(at: cursor.byteOffset, "\(count) bounds are said to follow in too few bytes")
    }
    var bounds: [Double] = []
    for _ in 0..<count {
        let thousandths = try cursor.varbitUInt()
        bounds.append(thousandths > 0 ? Double(thousandths - 1) / 1000 : try cursor.double())
    }
    return bounds
}
