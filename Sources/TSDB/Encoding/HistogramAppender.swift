import Model

/// Appends the native histograms of one series to bytes, each as what changed since the one before. One whose buckets
/// did not change takes a bit per bucket, and a growing one about as many bits as its growth is uncertain.
///
///     1 byte     head: bits 0, 1   counter reset
///                      bit 2       whether counts are floating-point
///                      bit 3       staleness marker: nothing follows
///                      bit 4       a layout follows (`HistogramLayout`)
///                      bit 5       counts stand as bits, not as whole numbers
///                      bits 6, 7   form of the sum
///     layout
///     sum        form 0: as before; 1: zigzag varint: it and the one before are whole, what it grew by
///                2: 1 byte, 16 · zero bytes at the top + bytes that follow, and these, least significant first: the bits
///                that differ from those before
///     bits       counts, filled up to a whole byte: zero count, all, positive buckets, negative buckets
///
/// Whole numbers: an exponential Golomb code of (zigzag) how far the count's growth is from its running mean, of an order
/// that the running mean of that distance gives (``HistogramState/Column``). In place of the count of all observations
/// stands how many of them are in no bucket.
///
/// Bits: 0 where they are as before; else 1, 3 bits: zero bytes at the top of those that differ, 3 bits: bytes that
/// follow less one, and these.
struct HistogramAppender {
    enum Head {
        static let isFloat: UInt8 = 4
        static let isStale: UInt8 = 8
        static let hasLayout: UInt8 = 16
        static let holdsBits: UInt8 = 32
        static let resetMask: UInt8 = 3
        static let sumShift: UInt8 = 6
    }

    enum SumForm: UInt8 { case same, growth, bits }

    private var state: HistogramState
    /// Reused by ``setWholeNumbers(_:)``.
    private var numbers: [Int64] = []

    init() { state = HistogramState() }

    /// Goes on behind what `reader` has read.
    init(behind reader: HistogramReader) { state = reader.state }

    /// - Throws: where spans and buckets do not match, or there are too many; nothing is changed then.
    mutating func append(_ histogram: Histogram, to bytes: inout [UInt8]) throws(HistogramError) {
        var head = histogram.counterReset.rawValue | (histogram.isFloat ? Head.isFloat : 0)
        if histogram.isStale {
            bytes.append(head | Head.isStale)
            return
        }
        let isNewLayout = !state.hasLayout || !state.layout.isSame(as: histogram)
        if isNewLayout { try histogram.checkShape() } else { try checkCounts(histogram) }
        // A series of fractions now and then has whole numbers only; it stays with bits, or every change would cost all.
        let wasFraction = histogram.isFloat && state.holdsBits && !isNewLayout
        let isWhole = !wasFraction && setWholeNumbers(histogram)
        let (form, growth) = sumForm(histogram.sum)
        head |= (isNewLayout ? Head.hasLayout : 0) | (isWhole ? 0 : Head.holdsBits) | form.rawValue << Head.sumShift
        bytes.append(head)
        if isNewLayout {
            let layout = HistogramLayout(histogram)
            layout.write(after: state.layout, to: &bytes)
            state.setLayout(layout)
        }
        appendSum(histogram.sum, form, growth, to: &bytes)
        state.setHoldsBits(!isWhole)
        if isWhole { appendNumbers(to: &bytes) } else { appendBits(histogram, to: &bytes) }
        state.age += 1
    }

    /// What ``Histogram/checkShape()`` checks, where the spans are those of the layout.
    private func checkCounts(_ histogram: Histogram) throws(HistogramError) {
        let bucketCount = histogram.positiveBuckets.count + histogram.negativeBuckets.count
        guard state.columns.count == HistogramState.columnsBeforeBuckets + bucketCount,
            histogram.positiveBuckets.count == state.layout.positiveCount
        else { return try histogram.checkShape() }
    }

    // MARK: Sum

    private func sumForm(_ sum: Double) -> (SumForm, growth: Int64) {
        if sum.bitPattern == state.sumBits { return (.same, 0) }
        guard let number = Decimal.integer(sum.bitPattern, 0), let last = Decimal.integer(state.sumBits, 0) else {
            return (.bits, 0)
        }
        return (.growth, number - last)
    }

    private mutating func appendSum(_ sum: Double, _ form: SumForm, _ growth: Int64, to bytes: inout [UInt8]) {
        switch form {
        case .same: break
        case .growth: bytes.appendZigzag(growth)
        case .bits:
            let (zeros, count, rest) = splitBytes(sum.bitPattern ^ state.sumBits)
            bytes.append(UInt8(zeros << 4 | count))
            for index in 0..<count { bytes.append(UInt8(truncatingIfNeeded: rest >> UInt64(8 * index))) }
        }
        state.sumBits = sum.bitPattern
    }

    // MARK: Whole numbers

    /// Fills `numbers` with the columns, or returns false where some are not whole or too large.
    private mutating func setWholeNumbers(_ histogram: Histogram) -> Bool {
        numbers.removeAll(keepingCapacity: true)
        guard let zeroCount = Decimal.integer(histogram.zeroCount.bitPattern, 0),
            let count = Decimal.integer(histogram.count.bitPattern, 0)
        else { return false }
        numbers.append(zeroCount)
        numbers.append(count)
        var inBuckets = zeroCount
        for buckets in [histogram.positiveBuckets, histogram.negativeBuckets] {
            for bucket in buckets {
                guard let number = Decimal.integer(bucket.bitPattern, 0) else { return false }
                numbers.append(number)
                inBuckets &+= number
            }
        }
        let rest = count &- inBuckets
        // That the sum wraps around does no harm: the reader's does so too.
        guard rest.magnitude < HistogramState.numberMax.magnitude else { return false }
        numbers[1] = rest
        return true
    }

    private mutating func appendNumbers(to bytes: inout [UInt8]) {
        var writer = BitWriter()
        let age = state.age
        numbers.withUnsafeBufferPointer { numbers in
            state.columns.withUnsafeMutableBufferPointer { columns in
                for index in columns.indices {
                    let miss = numbers[index] - columns[index].last - columns[index].expected
                    writer.writeGolomb(zigzag(miss), order: columns[index].order, to: &bytes)
                    columns[index].advance(to: numbers[index], age: age)
                }
            }
        }
        writer.finish(&bytes)
    }

    // MARK: Bits

    private mutating func appendBits(_ histogram: Histogram, to bytes: inout [UInt8]) {
        var writer = BitWriter()
        var column = 0
        for values in [
            [histogram.zeroCount, histogram.count], histogram.positiveBuckets, histogram.negativeBuckets,
        ] {
            for value in values {
                let difference = value.bitPattern ^ UInt64(bitPattern: state.columns[column].last)
                state.columns[column].last = Int64(bitPattern: value.bitPattern)
                column += 1
                if difference == 0 {
                    writer.write(0, 1, to: &bytes)
                    continue
                }
                let (zeros, count, rest) = splitBytes(difference)
                writer.write(UInt64(64 | zeros << 3 | (count - 1)), 7, to: &bytes)
                writer.writeLong(rest, UInt64(8 * count), to: &bytes)
            }
        }
        writer.finish(&bytes)
    }
}

/// The bytes of `word`, which is not zero, between the zero bytes at its top and those at its end.
private func splitBytes(_ word: UInt64) -> (zeros: Int, count: Int, rest: UInt64) {
    let zeros = word.leadingZeroBitCount / 8
    let behind = word.trailingZeroBitCount / 8
    return (zeros, 8 - zeros - behind, word >> UInt64(8 * behind))
}
