import Model

/// What a record of a log tells of: its first byte.
///
/// - Source: Prometheus 3.5 to 3.14, `tsdb/record`.
enum LogRecordType: UInt8 {
    case series = 1
    case samples = 2
    case tombstones = 3
    case exemplars = 4
    case mmapMarkers = 5
    case metadata = 6
    case histograms = 7
    case floatHistograms = 8
    case customHistograms = 9
    case customFloatHistograms = 10
    case samplesWithStart = 11
    case histogramsWithStart = 12
    case floatHistogramsWithStart = 13
    case minValidTime = 14
}

/// Which series a sample is of, and its times.
struct LogSample {
    var series: UInt64 = 0
    var time: Int64 = 0
    /// 0 where it is not known.
    var startTime: Int64 = 0
}

/// Reads what comes before each sample of a record: its series and time, against those of the first one.
private struct LogSampleHead {
    private var base = LogSample()
    private var last = LogSample()
    private let hasStart: Bool
    private var isFirst = true

    init(_ cursor: inout ByteCursor, hasStart: Bool) throws(FormatError) {
        self.hasStart = hasStart
        if hasStart { return }
        base.series = try cursor.be64()
        base.time = Int64(bitPattern: try cursor.be64())
    }

    mutating func next(_ cursor: inout ByteCursor) throws(FormatError) -> LogSample {
        var sample = LogSample()
        if !hasStart {
            sample.series = base.series &+ UInt64(bitPattern: try cursor.varint())
            sample.time = base.time &+ (try cursor.varint())
        } else if isFirst {
            sample.series = UInt64(bitPattern: try cursor.varint())
            sample.time = try cursor.varint()
            sample.startTime = try cursor.varint()
            (base, isFirst) = (sample, false)
        } else {
            sample.series = last.series &+ UInt64(bitPattern: try cursor.varint())
            sample.time = base.time &+ (try cursor.varint())
            switch try cursor.byte() {
            case 0: break
            case 1: sample.startTime = last.startTime
            default: sample.startTime = base.startTime &+ (try cursor.varint())
            }
        }
        last = sample
        return sample
    }
}

/// Calls `body` with each float of a record of ``LogRecordType/samples`` or ``LogRecordType/samplesWithStart``.
func readFloats(
    _ cursor: inout ByteCursor, hasStart: Bool, _ body: (LogSample, Double) -> Void
) throws(FormatError) {
    guard cursor.remaining > 0 else { return }
    var head = try LogSampleHead(&cursor, hasStart: hasStart)
    while cursor.remaining > 0 {
        let sample = try head.next(&cursor)
        body(sample, try cursor.double())
    }
}

/// Calls `body` with each native histogram of a record.
func readHistograms(
    _ cursor: inout ByteCursor, isFloat: Bool, hasStart: Bool, _ body: (LogSample, Histogram) -> Void
) throws(FormatError) {
    guard cursor.remaining > 0 else { return }
    var head = try LogSampleHead(&cursor, hasStart: hasStart)
    while cursor.remaining > 0 {
        let sample = try head.next(&cursor)
        body(sample, try readHistogram(&cursor, isFloat: isFloat))
    }
}

private func readHistogram(_ cursor: inout ByteCursor, isFloat: Bool) throws(FormatError) -> Histogram {
    var histogram = Histogram(isFloat: isFloat)
    let hint = try cursor.byte()
    guard let reset = Histogram.CounterReset(rawValue: hint) else {
        throw cursor.error("expected a counter reset hint from 0 to 3, found \(hint)")
    }
    histogram.counterReset = reset
    let schema = try cursor.varint()
    histogram.zeroThreshold = try cursor.double()
    histogram.zeroCount = isFloat ? try cursor.double() : Double(try cursor.uvarint())
    histogram.count = isFloat ? try cursor.double() : Double(try cursor.uvarint())
    histogram.sum = try cursor.double()
    histogram.positiveSpans = try readSpans(&cursor)
    histogram.negativeSpans = try readSpans(&cursor)
    histogram.positiveBuckets = try readBuckets(&cursor, isFloat: isFloat)
    histogram.negativeBuckets = try readBuckets(&cursor, isFloat: isFloat)
    histogram.schema = try checkedSchema(schema, at: cursor.offset)
    if histogram.hasCustomBuckets { histogram.customValues = try readDoubles(&cursor) }
    for (spans, buckets) in [
        (histogram.positiveSpans, histogram.positiveBuckets), (histogram.negativeSpans, histogram.negativeBuckets),
    ] {
        let count = try bucketCount(spans, max: buckets.count, at: cursor.offset)
        guard count == buckets.count else {
            throw cursor.error("expected \(count) buckets, as the spans say, found \(buckets.count)")
        }
    }
    return StaleMarker.isStale(histogram.sum) ? staleHistogram(isFloat: isFloat) : histogram
}

private func readSpans(_ cursor: inout ByteCursor) throws(FormatError) -> [Histogram.Span] {
    var spans: [Histogram.Span] = []
    for _ in 0..<(try cursor.count(bytesEach: 2)) {
        let offset = try cursor.varint()
        spans.append(try checkedSpan(offset: offset, length: try cursor.uvarint(), at: cursor.offset))
    }
    return spans
}

private func readBuckets(_ cursor: inout ByteCursor, isFloat: Bool) throws(FormatError) -> [Double] {
    if isFloat { return try readDoubles(&cursor) }
    var differences: [Int64] = []
    for _ in 0..<(try cursor.count()) { differences.append(try cursor.varint()) }
    return runningSums(differences)
}

private func readDoubles(_ cursor: inout ByteCursor) throws(FormatError) -> [Double] {
    var values: [Double] = []
    for _ in 0..<(try cursor.count(bytesEach: 8)) { values.append(try cursor.double()) }
    return values
}

/// Calls `body` with each series of a record, and the number that samples name it by.
func readSeries(_ cursor: inout ByteCursor, _ body: (UInt64, Labels) -> Void) throws(FormatError) {
    while cursor.remaining > 0 {
        let reference = try cursor.be64()
        var labels = LabelsReader()
        for _ in 0..<(try cursor.count(bytesEach: 2)) {
            let name = try cursor.string().text
            let value = try cursor.string().text
            guard isUTF8(name), isUTF8(value) else { throw cursor.error("expected labels in UTF-8") }
            labels.add(name, value)
        }
        body(reference, labels.labels())
    }
}

/// Calls `body` with each stretch of deleted samples of a record.
func readTombstones(
    _ cursor: inout ByteCursor, _ body: (UInt64, _ first: Int64, _ last: Int64) -> Void
) throws(FormatError) {
    while cursor.remaining > 0 {
        let series = try cursor.be64()
        let first = try cursor.varint()
        body(series, first, try cursor.varint())
    }
}

/// Calls `body` with each series of a metadata record and what is said of its metric.
func readMetadata(
    _ cursor: inout ByteCursor,
    _ body: (UInt64, _ type: MetricMetadata.MetricType, _ help: String, _ unit: String) -> Void
) throws(FormatError) {
    let types: [MetricMetadata.MetricType] = [
        .unknown, .counter, .gauge, .histogram, .gaugehistogram, .summary, .info, .stateset,
    ]
    while cursor.remaining > 0 {
        let series = try cursor.uvarint()
        let type = Int(try cursor.byte())
        var (unit, help) = ("", "")
        for _ in 0..<(try cursor.count(bytesEach: 2)) {
            let name = String(decoding: try cursor.string(), as: UTF8.self)
            let value = String(decoding: try cursor.string(), as: UTF8.self)
            if name == "UNIT" { unit = value } else if name == "HELP" { help = value }
        }
        body(series, type < types.count ? types[type] : .unknown, help, unit)
    }
}
