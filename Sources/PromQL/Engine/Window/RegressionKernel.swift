/// `deriv` and `predict_linear`: the line that fits the window's samples best.
///
/// - Source: Prometheus 3 `promql/functions.go`, linearRegression: simple linear regression with compensated sums.
struct RegressionKernel: WindowKernel {
    /// How many seconds ahead to predict, at each step; nil for the line's slope.
    let ahead: UnsafePointer<Double>?
    let steps: StepGrid

    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        guard high - low >= 2 else { return absentValue }
        guard let ahead else { return regression(samples, low, high, origin: samples.timestamps[low]).slope }
        let line = regression(samples, low, high, origin: steps.time(step))
        return line.slope * ahead[step] + line.intercept
    }
}

/// Slope per second, and value at the time `origin`, of the line of least squares through `low..<high`.
private func regression(
    _ samples: Samples, _ low: Int, _ high: Int, origin: Int64
) -> (slope: Double, intercept: Double) {
    var sumX = CompensatedSum()
    var sumY = CompensatedSum()
    var sumXY = CompensatedSum()
    var sumXX = CompensatedSum()
    let firstY = samples.values[low]
    var isConstant = true
    for index in low..<high {
        let x = Double(samples.timestamps[index] &- origin) / 1000
        let y = samples.values[index]
        if y != firstY { isConstant = false }
        sumX.add(x)
        sumY.add(y)
        sumXY.add(x * y)
        sumXX.add(x * x)
    }
    // A constant has slope 0, which rounding might not give.
    if isConstant { return firstY.isInfinite ? (.nan, .nan) : (0, firstY) }
    let n = Double(high - low)
    let (x, y) = (sumX.sum + sumX.error, sumY.sum + sumY.error)
    let slope = ((sumXY.sum + sumXY.error) - x * y / n) / ((sumXX.sum + sumXX.error) - x * x / n)
    return (slope, y / n - slope * x / n)
}

/// `double_exponential_smoothing`: a level and a trend that both follow the samples.
///
/// - Source: Holt's linear method as Prometheus 3 has it; both factors lie between 0 and 1.
struct SmoothingKernel: WindowKernel {
    let smoothing: UnsafePointer<Double>
    let trend: UnsafePointer<Double>

    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        guard high - low >= 2 else { return absentValue }
        let (sf, tf) = (smoothing[step], trend[step])
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
}
