import Model

/// A number whose changes change: of each the change of its distance is written.
private struct DoubleDelta {
    var value: Int64 = 0
    private var distance: Int64 = 0

    init(_ value: Int64 = 0) { self.value = value }

    @inline(__always)
    mutating func read(_ cursor: inout BitCursor) throws(FormatError) {
        distance &+= try cursor.varbitInt()
        value &+= distance
    }
}

/// Native histograms of whole numbers: time, count, zero count, sum and buckets, each bucket as its difference to the one
/// before; of a staleness marker the buckets are left out.
func decodeHistograms(
    _ data: UnsafeRawBufferPointer, _ count: Int, _ sink: inout ChunkSink
) throws(FormatError) {
    var cursor = BitCursor(UnsafeRawBufferPointer(rebasing: data[3...]))
    let layout = try HistogramLayout(flags: data[2], &cursor, isFloat: false)
    var time = DoubleDelta()
    var total = DoubleDelta()
    var zeros = DoubleDelta()
    var sum = XORValue()
    var positive = [DoubleDelta](repeating: DoubleDelta(), count: layout.positiveCount)
    var negative = [DoubleDelta](repeating: DoubleDelta(), count: layout.negativeCount)
    for index in 0..<count {
        if index == 0 {
            time.value = try cursor.varbitInt()
            total.value = Int64(bitPattern: try cursor.varbitUInt())
            zeros.value = Int64(bitPattern: try cursor.varbitUInt())
            sum.bits = try cursor.bits(64)
            for bucket in positive.indices { positive[bucket].value = try cursor.varbitInt() }
            for bucket in negative.indices { negative[bucket].value = try cursor.varbitInt() }
        } else {
            try time.read(&cursor)
            try total.read(&cursor)
            try zeros.read(&cursor)
            try sum.read(&cursor)
            if !StaleMarker.isStale(sum.value) {
                for bucket in positive.indices { try positive[bucket].read(&cursor) }
                for bucket in negative.indices { try negative[bucket].read(&cursor) }
            }
        }
        guard try sink.wants(time.value) else { continue }
        if StaleMarker.isStale(sum.value) {
            sink.buffer.append(time.value, staleHistogram(isFloat: false))
            continue
        }
        var histogram = layout.template
        histogram.counterReset = layout.counterReset(index)
        histogram.count = Double(UInt64(bitPattern: total.value))
        histogram.zeroCount = Double(UInt64(bitPattern: zeros.value))
        histogram.sum = sum.value
        histogram.positiveBuckets = runningSums(positive.lazy.map(\.value))
        histogram.negativeBuckets = runningSums(negative.lazy.map(\.value))
        sink.buffer.append(time.value, histogram)
    }
}

/// As ``decodeHistograms(_:_:_:)``, with doubles in place of whole numbers.
func decodeFloatHistograms(
    _ data: UnsafeRawBufferPointer, _ count: Int, _ sink: inout ChunkSink
) throws(FormatError) {
    var cursor = BitCursor(UnsafeRawBufferPointer(rebasing: data[3...]))
    let layout = try HistogramLayout(flags: data[2], &cursor, isFloat: true)
    var time = DoubleDelta()
    // Count, zero count, sum, then the buckets.
    var values = [XORValue](repeating: XORValue(), count: 3 + layout.positiveCount + layout.negativeCount)
    for index in 0..<count {
        if index == 0 {
            time.value = try cursor.varbitInt()
            for place in values.indices { values[place].bits = try cursor.bits(64) }
        } else {
            try time.read(&cursor)
            for place in 0..<3 { try values[place].read(&cursor) }
            if !StaleMarker.isStale(values[2].value) {
                for place in 3..<values.count { try values[place].read(&cursor) }
            }
        }
        guard try sink.wants(time.value) else { continue }
        if StaleMarker.isStale(values[2].value) {
            sink.buffer.append(time.value, staleHistogram(isFloat: true))
            continue
        }
        var histogram = layout.template
        histogram.counterReset = layout.counterReset(index)
        (histogram.count, histogram.zeroCount, histogram.sum) = (values[0].value, values[1].value, values[2].value)
        histogram.positiveBuckets = values[3..<3 + layout.positiveCount].map(\.value)
        histogram.negativeBuckets = values[(3 + layout.positiveCount)...].map(\.value)
        sink.buffer.append(time.value, histogram)
    }
}

/// A histogram that ends its series.
func staleHistogram(isFloat: Bool) -> Histogram { Histogram(isFloat: isFloat, sum: StaleMarker.value) }

/// Each number with all before it, as a double.
func runningSums(_ differences: some Sequence<Int64>) -> [Double] {
    var sum: Int64 = 0
    return differences.map {
        sum &+= $0
        return Double(sum)
    }
}
