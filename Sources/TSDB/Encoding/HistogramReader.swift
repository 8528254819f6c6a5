import Model

/// Reads what ``HistogramAppender`` has written, and checks every step: no bytes can make it trap, or take more than
/// some 64 bytes of memory per bit.
struct HistogramReader {
    private(set) var state = HistogramState()

    /// The next histogram. After an error nothing more can be read.
    mutating func read(from reader: inout ByteReader) throws(DecodeError) -> Histogram {
        let head = try reader.byte()
        var histogram = Histogram()
        histogram.isFloat = head & HistogramAppender.Head.isFloat != 0
        // Two bits have no value without a case.
        histogram.counterReset = Histogram.CounterReset(rawValue: head & HistogramAppender.Head.resetMask) ?? .unknown
        if head & HistogramAppender.Head.isStale != 0 {
            guard head < 2 * HistogramAppender.Head.isStale else {
                throw DecodeError("a histogram that is a staleness marker has the head \(head)")
            }
            histogram.sum = StaleMarker.value
            return histogram
        }
        if head & HistogramAppender.Head.hasLayout != 0 {
            state.setLayout(try HistogramLayout(after: state.layout, from: &reader))
        }
        guard state.hasLayout else { throw DecodeError("the first histogram has no layout") }
        histogram.sum = try readSum(head >> HistogramAppender.Head.sumShift, &reader)
        state.setHoldsBits(head & HistogramAppender.Head.holdsBits != 0)
        var bits = BitReader(reader.rest)
        if state.holdsBits { try readBits(&bits) } else { try readNumbers(&bits) }
        _ = try reader.bytes(bits.byteCount)
        state.age += 1
        fill(&histogram)
        return histogram
    }

    private mutating func readSum(_ form: UInt8, _ reader: inout ByteReader) throws(DecodeError) -> Double {
        switch HistogramAppender.SumForm(rawValue: form) {
        case .same: break
        case .growth:
            guard let last = Decimal.integer(state.sumBits, 0) else {
                throw DecodeError("a histogram's sum grows by a whole number from one that is none")
            }
            let sum = last &+ (try reader.zigzag())
            guard sum.magnitude < HistogramState.numberMax.magnitude else {
                throw DecodeError("a histogram's sum is \(sum), more than a double can hold")
            }
            state.sumBits = Decimal.bits(sum, 0)
        case .bits:
            let lengths = try reader.byte()
            let (zeros, count) = (Int(lengths >> 4), Int(lengths & 15))
            guard zeros + count <= 8 else { throw DecodeError("a histogram's sum has \(zeros) + \(count) bytes") }
            var rest: UInt64 = 0
            for index in 0..<count { rest |= UInt64(try reader.byte()) << UInt64(8 * index) }
            // A shift by all 64 bits gives zero, as it should.
            state.sumBits ^= rest << UInt64(8 * (8 - zeros - count))
        case nil: throw DecodeError("a histogram's sum is of form \(form), 0, 1 or 2 is expected")
        }
        return Double(bitPattern: state.sumBits)
    }

    private mutating func readNumbers(_ bits: inout BitReader) throws(DecodeError) {
        let age = state.age
        for index in state.columns.indices {
            let column = state.columns[index]
            let miss = unzigzag(try bits.golomb(order: Int(column.order)))
            // Both are far from the limits of 64 bits.
            let number = column.last + column.expected + miss
            guard number.magnitude < HistogramState.numberMax.magnitude else {
                throw DecodeError("a histogram's count is \(number), more than a double can hold")
            }
            state.columns[index].advance(to: number, age: age)
        }
    }

    private mutating func readBits(_ bits: inout BitReader) throws(DecodeError) {
        for index in state.columns.indices where try bits.read(1) == 1 {
            let lengths = Int(try bits.read(6))
            let (zeros, count) = (lengths >> 3, lengths & 7 + 1)
            guard zeros + count <= 8 else { throw DecodeError("a histogram's count has \(zeros) + \(count) bytes") }
            let difference = try bits.readLong(8 * count) << UInt64(8 * (8 - zeros - count))
            state.columns[index].last ^= Int64(bitPattern: difference)
        }
    }

    /// Puts the columns into a histogram.
    private func fill(_ histogram: inout Histogram) {
        let layout = state.layout
        histogram.schema = layout.schema
        histogram.zeroThreshold = layout.zeroThreshold
        histogram.customValues = layout.customValues
        histogram.positiveSpans = layout.positiveSpans
        histogram.negativeSpans = layout.negativeSpans
        let first = HistogramState.columnsBeforeBuckets
        let middle = first + layout.positiveCount
        histogram.zeroCount = value(0)
        histogram.positiveBuckets = (first..<middle).map(value)
        histogram.negativeBuckets = (middle..<state.columns.count).map(value)
        if state.holdsBits {
            histogram.count = value(1)
        } else {
            // Wraps around as the appender's did, should buckets be that full.
            var count = state.columns[0].last &+ state.columns[1].last
            for column in state.columns[first...] { count &+= column.last }
            histogram.count = Double(count)
        }
    }

    @inline(__always)
    private func value(_ column: Int) -> Double {
        let last = state.columns[column].last
        return state.holdsBits ? Double(bitPattern: UInt64(bitPattern: last)) : Double(last)
    }
}

extension HistogramReader {
    /// Decodes the `count` histograms that `bytes` hold.
    ///
    /// - Throws: also where bytes follow them.
    static func decode(_ bytes: UnsafeRawBufferPointer, count: Int) throws(DecodeError) -> [Histogram] {
        var reader = ByteReader(bytes)
        // Each takes a byte at least: a damaged count cannot ask for unbounded room.
        guard count <= bytes.count else { throw .truncated }
        var decoder = HistogramReader()
        var histograms: [Histogram] = []
        histograms.reserveCapacity(count)
        for _ in 0..<count { histograms.append(try decoder.read(from: &reader)) }
        guard reader.remaining == 0 else { throw DecodeError("\(reader.remaining) bytes follow its end") }
        return histograms
    }
}
