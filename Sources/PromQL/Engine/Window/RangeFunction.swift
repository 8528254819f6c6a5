/// The functions of a range of samples.
enum RangeFunction: String, Sendable {
    case rate, irate, increase, delta, idelta, deriv, changes, resets
    case predictLinear = "predict_linear"
    case smoothing = "double_exponential_smoothing"
    case average = "avg_over_time"
    case min = "min_over_time"
    case max = "max_over_time"
    case sum = "sum_over_time"
    case count = "count_over_time"
    case last = "last_over_time"
    case first = "first_over_time"
    case present = "present_over_time"
    case quantile = "quantile_over_time"
    case deviation = "stddev_over_time"
    case variance = "stdvar_over_time"
    case medianDeviation = "mad_over_time"
    case timeOfMin = "ts_of_min_over_time"
    case timeOfMax = "ts_of_max_over_time"
    case timeOfFirst = "ts_of_first_over_time"
    case timeOfLast = "ts_of_last_over_time"

    /// Whether the result is still the metric, rather than something computed of it.
    var keepsName: Bool { self == .last || self == .first }

    /// Whether it makes sense of counters only.
    var wantsCounter: Bool { self == .rate || self == .increase }
}

/// A range function with all that it needs besides the samples.
struct RangeCall: Sendable {
    let function: RangeFunction
    let windows: WindowGrid
    let rangeExtension: RangeExtension?
    /// The scalar arguments.
    let parameters: [ScalarColumn]
    let context: QueryContext

    /// Evaluates it for one series at all steps; returns how many samples the windows held together.
    func evaluate(_ samples: Samples, _ column: Column) -> Int {
        switch function {
        case .rate: rate(samples, column, isCounter: true, isRate: true)
        case .increase: rate(samples, column, isCounter: true, isRate: false)
        case .delta: rate(samples, column, isCounter: false, isRate: false)
        case .irate: run(InstantRateKernel(isRate: true), samples, column)
        case .idelta: run(InstantRateKernel(isRate: false), samples, column)
        case .changes: run(TransitionKernel(.changes, windows, isAnchored: rangeExtension != nil), samples, column)
        case .resets: run(TransitionKernel(.resets, windows, isAnchored: rangeExtension != nil), samples, column)
        case .deriv: run(RegressionKernel(samples, windows, ahead: nil), samples, column)
        case .predictLinear:
            run(RegressionKernel(samples, windows, ahead: parameters[0].values), samples, column)
        case .smoothing:
            run(SmoothingKernel(samples, windows, parameters[0], trend: parameters[1]), samples, column)
        case .quantile: run(QuantileKernel(samples, windows, quantile: parameters[0].values), samples, column)
        case .medianDeviation: run(MedianDeviationKernel(samples, windows), samples, column)
        default: evaluateOverTime(samples, column)
        }
    }

    /// Whether windows that held so many samples took so long that the query may be over, the values then being void.
    func isWorthChecking(_ seen: Int) -> Bool { seen >= samplesBetweenChecks }

    private func evaluateOverTime(_ samples: Samples, _ column: Column) -> Int {
        switch function {
        case .average: run(AverageKernel(samples, windows), samples, column)
        case .sum: run(SumKernel(samples, windows), samples, column)
        case .min: run(ExtremeKernel<MinFold>(samples, windows), samples, column)
        case .max: run(ExtremeKernel<MaxFold>(samples, windows), samples, column)
        case .deviation: run(VarianceKernel(samples, windows, isDeviation: true), samples, column)
        case .variance: run(VarianceKernel(samples, windows, isDeviation: false), samples, column)
        case .count: run(PositionKernel(kind: .count), samples, column)
        case .first: run(PositionKernel(kind: .first), samples, column)
        case .last: run(PositionKernel(kind: .last), samples, column)
        case .timeOfFirst: run(PositionKernel(kind: .timeOfFirst), samples, column)
        case .timeOfLast: run(PositionKernel(kind: .timeOfLast), samples, column)
        case .timeOfMin: run(TimeOfExtremeKernel(samples, isMax: false), samples, column)
        case .timeOfMax: run(TimeOfExtremeKernel(samples, isMax: true), samples, column)
        default: run(PositionKernel(kind: .present), samples, column)
        }
    }

    private func rate(_ samples: Samples, _ column: Column, isCounter: Bool, isRate: Bool) -> Int {
        if let rangeExtension {
            let kernel = ExtendedRateKernel(
                samples, windows, isSmoothed: rangeExtension == .smoothed, isCounter: isCounter, isRate: isRate)
            return run(kernel, samples, column)
        }
        return run(RateKernel(samples, windows, isCounter: isCounter, isRate: isRate), samples, column)
    }

    @inline(__always)
    private func run<Kernel: WindowKernel & ~Copyable>(
        _ kernel: consuming Kernel, _ samples: Samples, _ column: Column
    ) -> Int {
        runWindows(&kernel, samples, windows, column) { context.isOver }
    }
}
