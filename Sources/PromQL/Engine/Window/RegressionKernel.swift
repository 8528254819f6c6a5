/// `deriv` and `predict_linear`: the line that fits the window's samples best.
///
/// - Source: Prometheus 3 `promql/functions.go`, linearRegression: simple linear regression with compensated sums.
struct RegressionKernel: WindowKernel, ~Copyable {
    /// How many seconds ahead to predict, at each step; nil for the line's slope.
    private let ahead: UnsafePointer<Double>?
    private let steps: StepGrid
    private var sliding: SlidingRegression?

    init(_ samples: Samples, _ windows: WindowGrid, ahead: UnsafePointer<Double>?) {
        self.ahead = ahead
        steps = windows.steps
        if windows.isSliding { sliding = SlidingRegression(samples) }
    }

    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        guard high - low >= 2 else { return absentValue }
        let origin = ahead == nil ? samples.timestamps[low] : steps.time(step)
        var line: (slope: Double, intercept: Double)?
        if sliding != nil { line = sliding!.line(samples, low, high, origin: origin) }
        let found = line ?? regression(samples, low, high, origin: origin)
        guard let ahead else { return found.slope }
        return found.slope * ahead[step] + found.intercept
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
