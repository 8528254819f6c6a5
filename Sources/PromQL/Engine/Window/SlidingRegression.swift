/// Linear regression over windows that overlap, in amortised constant time per sample.
///
/// 1. Of the times, counted in milliseconds from the first sample's, and of their squares the sums are whole numbers, which
///    are exact whatever is added and taken away.
/// 2. The sums of values and of time × value go through a ``SlidingFold``, products and sums with what rounding leaves out.
/// 3. The sums for times counted from another origin follow from these, still with twice a double's digits, so that the
///    line is as near to that of sums made anew as these are to exact ones.
struct SlidingRegression: ~Copyable {
    private let reference: Int64
    private var sums: SlidingFold<SumFold>
    /// Products of time and value, rounded, and what the rounding left out.
    private let products: UnsafeMutablePointer<Double>
    private let remainders: UnsafeMutablePointer<Double>
    private var productSums: SlidingFold<SumFold>
    private var remainderSums: SlidingFold<SumFold>
    private var low = 0
    private var high = 0
    private var times: Int128 = 0
    private var squares: Int128 = 0
    /// The last sample that differs from the one before it.
    private var lastChange = 0

    /// 34 years in milliseconds: times beyond could make sums too large.
    private static let spanMax: Int64 = 1 << 40

    /// nil where the samples lie too far apart.
    init?(_ samples: Samples) {
        guard samples.count > 0 else { return nil }
        let first = samples.timestamps[0]
        let span = samples.timestamps[samples.count - 1].subtractingReportingOverflow(first)
        guard !span.overflow, span.partialValue < SlidingRegression.spanMax else { return nil }
        reference = first
        products = .allocate(capacity: samples.count)
        remainders = .allocate(capacity: samples.count)
        for index in 0..<samples.count {
            let product = ExactProduct(Double(samples.timestamps[index] &- first), samples.values[index])
            products[index] = product.rounded
            remainders[index] = product.remainder
        }
        sums = SlidingFold(samples.values, count: samples.count)
        productSums = SlidingFold(products, count: samples.count)
        remainderSums = SlidingFold(remainders, count: samples.count)
    }

    deinit {
        products.deallocate()
        remainders.deallocate()
    }

    /// Slope per second, and value at the time `origin`, of the line of least squares through `low..<high`; nil where it
    /// has to be worked out in another way.
    mutating func line(
        _ samples: Samples, _ first: Int, _ end: Int, origin: Int64
    ) -> (slope: Double, intercept: Double)? {
        move(samples, first, end)
        let offset = origin.subtractingReportingOverflow(reference)
        guard !offset.overflow, offset.partialValue.magnitude < SlidingRegression.spanMax.magnitude else { return nil }
        // Of which the slope is 0, which rounding might not give.
        if lastChange <= first {
            let value = samples.values[first]
            return value.isInfinite ? (.nan, .nan) : (0, value)
        }
        let ofValues = sums.value(first, end)
        let ofProducts = productSums.value(first, end)
        let ofRemainders = remainderSums.value(first, end)
        let count = Int128(end - first)
        let d = Int128(offset.partialValue)
        let n = Double(end - first)
        let x = double(times - count * d) / 1000
        let xx = double(squares - 2 * d * times + count * d * d) / 1e6
        let shift = ExactProduct(Double(offset.partialValue), ofValues.sum)
        var products = CompensatedSum(sum: ofProducts.sum, error: ofProducts.error + ofRemainders.total)
        products.add(-shift.rounded)
        products.add(-shift.remainder - Double(offset.partialValue) * ofValues.error)
        let xy = products.total / 1000
        let y = ofValues.total
        let slope = (xy - x * y / n) / (xx - x * x / n)
        let intercept = y / n - slope * x / n
        return slope.isFinite && intercept.isFinite ? (slope, intercept) : nil
    }

    /// Brings the sums of times to the samples `first..<end`.
    private mutating func move(_ samples: Samples, _ first: Int, _ end: Int) {
        while high < end {
            let time = Int128(samples.timestamps[high] &- reference)
            times += time
            squares += time * time
            if high > 0, samples.values[high] != samples.values[high - 1] { lastChange = high }
            high += 1
        }
        while low < first {
            let time = Int128(samples.timestamps[low] &- reference)
            times -= time
            squares -= time * time
            low += 1
        }
    }
}

/// A product as it is rounded, and what that leaves out.
private struct ExactProduct {
    let rounded: Double
    let remainder: Double

    @inline(__always)
    init(_ a: Double, _ b: Double) {
        rounded = a * b
        remainder = (-rounded).addingProduct(a, b)
    }
}

/// The nearest double, or one next to it.
@inline(__always)
private func double(_ number: Int128) -> Double {
    let magnitude = number.magnitude
    let high = Double(UInt64(truncatingIfNeeded: magnitude >> 64)) * 0x1p64
    let value = high + Double(UInt64(truncatingIfNeeded: magnitude))
    return number < 0 ? -value : value
}
