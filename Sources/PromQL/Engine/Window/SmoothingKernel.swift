/// `double_exponential_smoothing`: a level and a trend that both follow the samples.
///
/// A sample takes the level `l` and the trend `t` that is foreseen for it to `M (l, t) + v g`, where `M` and `g` depend on
/// the two factors only. So over windows that overlap, with factors that stay,
///
/// 1. the window is cut at `middle`, as in ``SlidingFold``. Left of it, what the samples up to `middle` add to the end is
///    kept for each beginning; right of it, what those since `middle` add.
/// 2. What was there at `middle` is taken to the window's end by a power of `M`, of which there is a table.
///
/// - Source: Holt's linear method as Prometheus 3 has it; both factors lie between 0 and 1.
struct SmoothingKernel: WindowKernel, ~Copyable {
    private let smoothing: ScalarColumn
    private let trend: ScalarColumn
    private let isSliding: Bool
    private let matrix: Matrix
    private let gain: SIMD2<Double>
    /// Powers of the matrix, from that of 0 on.
    private var powers: [Matrix]
    /// What the samples from each index up to `middle` add.
    private let suffixes: UnsafeMutablePointer<SIMD2<Double>>
    private var middle = 0
    private var entered = 0
    private var running = SIMD2<Double>(0, 0)

    private struct Matrix {
        var first: SIMD2<Double>
        var second: SIMD2<Double>

        static func * (_ a: Matrix, _ b: SIMD2<Double>) -> SIMD2<Double> { a.first * b.x + a.second * b.y }
    }

    init(_ samples: Samples, _ windows: WindowGrid, _ smoothing: ScalarColumn, trend: ScalarColumn) {
        self.smoothing = smoothing
        self.trend = trend
        isSliding = windows.isSliding && smoothing.isConstant && trend.isConstant
        let (sf, tf) = (smoothing[0], trend[0])
        matrix = Matrix(
            first: SIMD2(1 - sf, -tf * sf), second: SIMD2(1 - sf, tf * (1 - sf) + (1 - tf)))
        gain = SIMD2(sf, tf * sf)
        powers = [Matrix(first: SIMD2(1, 0), second: SIMD2(0, 1))]
        suffixes = .allocate(capacity: isSliding ? max(samples.count, 1) : 1)
    }

    deinit { suffixes.deallocate() }

    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        guard high - low >= 2 else { return absentValue }
        if isSliding {
            let level = sliding(samples, low, high)
            // An infinite value or a NaN is multiplied with what was rounded to 0.
            if level.isFinite { return level }
        }
        return smoothed(samples, low, high, smoothing[step], trend[step])
    }

    private mutating func sliding(_ samples: Samples, _ low: Int, _ high: Int) -> Double {
        // The first sample is the first level, its difference to the second the first trend.
        let begin = low + 1
        if begin >= middle { rebuild(samples, begin, high) }
        while entered < high {
            running = matrix * running + gain * samples.values[entered]
            entered += 1
        }
        let initial = SIMD2(samples.values[low], samples.values[begin] - samples.values[low])
        return (power(high - begin) * initial + power(high - middle) * suffixes[begin] + running).x
    }

    private mutating func rebuild(_ samples: Samples, _ begin: Int, _ high: Int) {
        var sum = SIMD2<Double>(0, 0)
        for index in stride(from: high - 1, through: begin, by: -1) {
            sum += power(high - 1 - index) * (gain * samples.values[index])
            suffixes[index] = sum
        }
        middle = high
        entered = high
        running = SIMD2(0, 0)
    }

    private mutating func power(_ exponent: Int) -> Matrix {
        while powers.count <= exponent {
            let last = powers[powers.count - 1]
            powers.append(Matrix(first: matrix * last.first, second: matrix * last.second))
        }
        return powers[exponent]
    }
}

/// The level at the end of `low..<high`.
private func smoothed(_ samples: Samples, _ low: Int, _ high: Int, _ sf: Double, _ tf: Double) -> Double {
    var previous = 0.0
    var level = samples.values[low]
    var slope = samples.values[low + 1] - samples.values[low]
    for index in low + 1..<high {
        if index > low + 1 { slope = tf * (level - previous) + (1 - tf) * slope }
        let next = sf * samples.values[index] + (1 - sf) * (level + slope)
        previous = level
        level = next
    }
    return level
}
