/// `sum_over_time`.
struct SumKernel: WindowKernel, ~Copyable {
    private var sliding: SlidingFold<SumFold>?

    init(_ samples: Samples, _ windows: WindowGrid) {
        if windows.isSliding { sliding = SlidingFold(samples.values, count: samples.count) }
    }

    @inline(__always)
    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        if sliding != nil { return sliding!.value(low, high).total }
        return compensatedSum(samples.values + low, high &- low).total
    }
}

/// `avg_over_time`.
struct AverageKernel: WindowKernel, ~Copyable {
    private var sliding: SlidingFold<SumFold>?

    init(_ samples: Samples, _ windows: WindowGrid) {
        if windows.isSliding { sliding = SlidingFold(samples.values, count: samples.count) }
    }

    @inline(__always)
    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        if sliding != nil {
            let sum = sliding!.value(low, high)
            // What overflows is averaged in another way.
            if !sum.sum.isInfinite, !sum.sum.isNaN {
                let count = Double(high &- low)
                return sum.sum / count + sum.error / count
            }
        }
        return average(samples.values + low, high &- low)
    }
}

/// The mean of `count` values: their compensated sum divided by their number, or, from where that sum overflows, a mean
/// that is moved by each further value.
func average(_ values: UnsafePointer<Double>, _ count: Int) -> Double {
    let sum = compensatedSum(values, count, from: -0.0)
    if sum.sum.isFinite { return sum.sum / Double(count) + sum.error / Double(count) }
    var mean = RunningMean()
    for index in 0..<count { mean.add(values[index]) }
    return mean.value
}

/// A mean over values that come one by one.
struct RunningMean {
    private var sum = CompensatedSum(sum: -0.0)
    private var count = 0.0
    private var isIncremental = false

    @inline(__always)
    mutating func add(_ value: Double) {
        count += 1
        if !isIncremental {
            var next = sum
            next.add(value)
            if !next.sum.isInfinite || count == 1 {
                sum = next
                return
            }
            isIncremental = true
            sum.sum /= count - 1
            sum.error /= count - 1
        }
        let weight = (count - 1) / count
        sum.sum *= weight
        sum.error *= weight
        sum.add(value / count)
    }

    var value: Double {
        if isIncremental { return sum.sum.isInfinite ? sum.sum : sum.sum + sum.error }
        return sum.sum / count + sum.error / count
    }
}

/// `min_over_time` and `max_over_time`: NaN only where there is nothing else.
struct ExtremeKernel<F: Fold>: WindowKernel, ~Copyable where F.State == Double {
    private var sliding: SlidingFold<F>?

    init(_ samples: Samples, _ windows: WindowGrid) {
        if windows.isSliding { sliding = SlidingFold(samples.values, count: samples.count) }
    }

    @inline(__always)
    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        if sliding != nil { return sliding!.value(low, high) }
        var result = samples.values[low]
        for index in low &+ 1..<high { result = F.merge(result, samples.values[index]) }
        return result
    }
}

/// `stdvar_over_time` and `stddev_over_time`.
struct VarianceKernel: WindowKernel, ~Copyable {
    private let isDeviation: Bool
    private var sliding: SlidingFold<MomentsFold>?

    init(_ samples: Samples, _ windows: WindowGrid, isDeviation: Bool) {
        self.isDeviation = isDeviation
        if windows.isSliding { sliding = SlidingFold(samples.values, count: samples.count) }
    }

    @inline(__always)
    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        let result: Double
        if sliding != nil {
            let moments = sliding!.value(low, high)
            result = moments.squares / moments.count
        } else {
            result = variance(samples.values + low, high &- low)
        }
        return isDeviation ? result.squareRoot() : result
    }
}

/// The population variance.
///
/// - Source: Welford, "Note on a Method for Calculating Corrected Sums of Squares and Products", 1962, compensated.
func variance(_ values: UnsafePointer<Double>, _ count: Int) -> Double {
    var mean = CompensatedSum()
    var squares = CompensatedSum()
    for index in 0..<count {
        let value = values[index]
        let delta = value - (mean.sum + mean.error)
        mean.add(delta / Double(index + 1))
        squares.add(delta * (value - (mean.sum + mean.error)))
    }
    return (squares.sum + squares.error) / Double(count)
}
