import Model

/// A number whose changes change: of each the change of its distance is written.
private struct DistanceChange {
    private var value: Int64
    private var distance: Int64 = 0

    init(_ first: Int64) { value = first }

    mutating func write(_ value: Int64, _ out: inout BitWriter) {
        let newDistance = value &- self.value
        out.varbitInt(newDistance &- distance)
        (self.value, distance) = (value, newDistance)
    }
}

/// Native histograms of whole numbers as Prometheus's chunks hold them; all of one layout. A staleness marker stands alone.
///
/// - Source: Prometheus, `tsdb/docs/format/chunks.md`.
func encodeHistograms(_ samples: [(time: Int64, histogram: Histogram)]) -> [UInt8] {
    var out = head(samples)
    guard let first = samples.first, let counts = WholeCounts(first.histogram) else { return out.bytes }
    out.varbitInt(first.time)
    out.varbitUInt(counts.count)
    out.varbitUInt(counts.zeroCount)
    out.double(first.histogram.sum)
    let buckets = counts.positive + counts.negative
    for bucket in buckets { out.varbitInt(bucket) }
    var time = DistanceChange(first.time)
    var total = DistanceChange(Int64(bitPattern: counts.count))
    var zeros = DistanceChange(Int64(bitPattern: counts.zeroCount))
    var sum = XORDifference(first.histogram.sum)
    var changes = buckets.map { DistanceChange($0) }
    for sample in samples.dropFirst() {
        guard let counts = WholeCounts(sample.histogram) else { preconditionFailure("BUG: a chunk of two kinds") }
        time.write(sample.time, &out)
        total.write(Int64(bitPattern: counts.count), &out)
        zeros.write(Int64(bitPattern: counts.zeroCount), &out)
        sum.write(sample.histogram.sum, &out)
        for (place, bucket) in (counts.positive + counts.negative).enumerated() {
            changes[place].write(bucket, &out)
        }
    }
    return out.bytes
}

/// As ``encodeHistograms(_:)``, with doubles in place of whole numbers.
func encodeFloatHistograms(_ samples: [(time: Int64, histogram: Histogram)]) -> [UInt8] {
    var out = head(samples)
    guard let first = samples.first else { return out.bytes }
    out.varbitInt(first.time)
    let values = numbers(first.histogram)
    for value in values { out.double(value) }
    var time = DistanceChange(first.time)
    var differences = values.map { XORDifference($0) }
    for sample in samples.dropFirst() {
        time.write(sample.time, &out)
        for (place, value) in numbers(sample.histogram).enumerated() { differences[place].write(value, &out) }
    }
    return out.bytes
}

private func numbers(_ histogram: Histogram) -> [Double] {
    [histogram.count, histogram.zeroCount, histogram.sum] + histogram.positiveBuckets + histogram.negativeBuckets
}

/// Number of samples, what is known of a counter reset before the first, and the layout.
private func head(_ samples: [(time: Int64, histogram: Histogram)]) -> BitWriter {
    var out = BitWriter()
    out.bits(UInt64(samples.count), 16)
    guard let layout = samples.first?.histogram else { return out }
    let flags: UInt64 =
        switch layout.counterReset {
        case .unknown: 0
        case .notReset: 0b0100_0000
        case .reset: 0b1000_0000
        case .gauge: 0b1100_0000
        }
    out.bits(flags, 8)
    writeZeroThreshold(layout.zeroThreshold, &out)
    out.varbitInt(Int64(layout.schema))
    for spans in [layout.positiveSpans, layout.negativeSpans] {
        out.varbitUInt(UInt64(spans.count))
        for span in spans {
            out.varbitUInt(UInt64(span.length))
            out.varbitInt(Int64(span.offset))
        }
    }
    if layout.hasCustomBuckets { writeBounds(layout.customValues, &out) }
    return out
}

/// One byte: 0 for zero, else the exponent of a power of two; or 255 and a double.
private func writeZeroThreshold(_ threshold: Double, _ out: inout BitWriter) {
    if threshold == 0 { return out.bits(0, 8) }
    if threshold > 0, threshold.isNormal, threshold.significand == 1, (-243...10).contains(threshold.exponent) {
        return out.bits(UInt64(threshold.exponent + 244), 8)
    }
    out.bits(255, 8)
    out.double(threshold)
}

/// Upper bounds: thousandths plus one, or a zero bit and a double.
private func writeBounds(_ bounds: [Double], _ out: inout BitWriter) {
    out.varbitUInt(UInt64(bounds.count))
    for bound in bounds {
        // Up to what 25 bits hold; a longer number of thousandths would take as much room as the double.
        if let thousandths = UInt64(exactly: bound * 1000), thousandths < 1 << 25 - 1,
            (Double(thousandths) / 1000).bitPattern == bound.bitPattern
        {
            out.varbitUInt(thousandths + 1)
        } else {
            out.bit(false)
            out.double(bound)
        }
    }
}
