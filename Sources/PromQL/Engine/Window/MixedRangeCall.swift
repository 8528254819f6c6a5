import Model

/// A range function of a series some of whose samples are native histograms.
///
/// Numbers among them are left to the kernels for numbers. Then at each step the window's histograms are looked at, and
/// take the number's place, are left out, or leave nothing where both kinds must not meet.
struct MixedRangeCall {
    let call: RangeCall
    let samples: MixedSamples
    let metricName: String
    let remarks: RangeRemarks
    /// How often samples of the kind that the function counts, changes or resets, came before each index.
    private let transitions: [Int]
    /// Whether the histogram at each index is reset against the sample right before it; empty where nobody asks.
    let isReset: [Bool]

    init(_ call: RangeCall, _ samples: MixedSamples, metricName: String, _ remarks: RangeRemarks) {
        self.call = call
        self.samples = samples
        self.metricName = metricName
        self.remarks = remarks
        let counts = [.rate, .increase, .irate].contains(call.function)
        // Of ranges that are anchored or smoothed, start times do not tell of resets.
        let looksAtStarts = call.rangeExtension == nil
        isReset = counts ? (0..<samples.count).map { $0 > 0 && samples.isReset($0, looksAtStarts: looksAtStarts) } : []
        transitions =
            call.function == .changes || call.function == .resets
            ? countTransitions(samples, isChange: call.function == .changes) : []
    }

    var windows: WindowGrid { call.windows }

    /// Evaluates it at all steps. `column` holds what the function gives of the numbers alone.
    /// - Returns: the histograms, and how many samples the windows held together.
    func evaluate(_ column: Column) -> (histograms: HistogramColumn, seen: Int) {
        var result: HistogramColumn = []
        var low = 0
        var high = 0
        var seen = 0
        let reach = windows.rangeMs &+ windows.beforeMs
        for step in 0..<windows.steps.count {
            let end = windows.end(step)
            while high < samples.count, samples.timestamps[high] <= end &+ windows.afterMs { high += 1 }
            while low < high, samples.timestamps[low] <= end &- reach { low += 1 }
            seen += samples.held(low, high)
            let histogramCount = samples.histogramCount(low, high)
            guard histogramCount > 0 else { continue }
            switch value(low, high, histogramCount, end: end, number: column[step]) {
            case .float(let number)?: column[step] = number
            case .histogram(let histogram)?:
                column[step] = absentValue
                result.append(StepHistogram(step: step, histogram: histogram))
            case nil: column[step] = absentValue
            }
        }
        return (result, seen)
    }

    /// The value of a window with at least one histogram.
    /// - Parameter number: what the function gives of its numbers.
    private func value(_ low: Int, _ high: Int, _ histogramCount: Int, end: Int64, number: Double) -> SampleValue? {
        let isMixed = histogramCount < high - low
        switch call.function {
        case .rate, .increase, .delta:
            if call.rangeExtension != nil { return extendedIncrease(low, high, end: end) }
            return isMixed ? refuseMix() : increase(low, high, end: end).map { .histogram($0) }
        case .irate, .idelta: return lastIncrease(low, high, number: number)
        case .sum, .average: return isMixed ? refuseMix() : sum(low, high).map { .histogram($0) }
        case .count: return .float(Double(high - low))
        case .present: return .float(1)
        case .first: return sample(low)
        case .last: return sample(high - 1)
        case .timeOfFirst: return .float(Double(samples.timestamps[low]) / 1000)
        case .timeOfLast: return .float(Double(samples.timestamps[high - 1]) / 1000)
        case .changes, .resets: return transitionCount(low, high, end: end)
        case .deriv, .predictLinear, .smoothing, .min, .max, .quantile, .deviation, .variance, .medianDeviation,
            .timeOfMin, .timeOfMax:
            if isMixed { remarks.ignoredHistograms(metricName) }
            return isPresent(number) ? .float(number) : nil
        }
    }

    private func sample(_ index: Int) -> SampleValue {
        samples.histogram(index).map { .histogram($0) } ?? .float(samples.values[index])
    }

    func refuseMix() -> SampleValue? {
        remarks.mixedWithFloats(metricName)
        return nil
    }

    private func transitionCount(_ low: Int, _ high: Int, end: Int64) -> SampleValue? {
        var first = low
        if call.rangeExtension != nil {
            let start = end &- windows.rangeMs
            guard samples.timestamps[high - 1] > start else { return nil }
            while first + 1 < high, samples.timestamps[first + 1] <= start { first += 1 }
        }
        return .float(Double(transitions[high - 1] - transitions[first]))
    }

    /// The sum or the average of the window's histograms.
    private func sum(_ low: Int, _ high: Int) -> Histogram? {
        var total = HistogramTotal(isAverage: call.function == .average)
        for index in low..<high {
            guard let histogram = samples.histogram(index) else { continue }
            total.add(histogram)
        }
        if total.isIncompatible {
            remarks.mixedSchemas(metricName)
            return nil
        }
        if total.isReconciled { remarks.reconciled("aggregation") }
        if total.hasResetConflict { remarks.conflictingResets() }
        return total.value
    }
}

/// At each index, how many changes or resets there are up to it.
private func countTransitions(_ samples: MixedSamples, isChange: Bool) -> [Int] {
    var result = [Int](repeating: 0, count: samples.count)
    for index in stride(from: 1, to: samples.count, by: 1) {
        let isTransition: Bool
        switch (samples.histogram(index - 1), samples.histogram(index)) {
        case (nil, nil):
            let (previous, value) = (samples.values[index - 1], samples.values[index])
            isTransition =
                isChange
                ? value != previous && !(value.isNaN && previous.isNaN)
                : value < previous || samples.hasNewStart(index)
        case (let previous?, let histogram?):
            isTransition = isChange ? !histogram.isEqual(previous) : samples.isReset(index)
        default: isTransition = true
        }
        result[index] = result[index - 1] + (isTransition ? 1 : 0)
    }
    return result
}
