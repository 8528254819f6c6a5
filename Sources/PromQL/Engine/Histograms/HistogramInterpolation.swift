import Model

/// The histogram so far, from 0 to 1, on the way from `left` to `right`; nil where one has exponential and the other
/// custom buckets.
///
/// Where a counter was reset between them, it counts as having begun at nothing.
///
/// - Source: Prometheus 3.14 `promql/functions.go`, interpolateHistograms: behaviour.
func interpolate(
    _ left: Histogram, _ right: Histogram, part: Double, isReset: Bool, _ remarks: RangeRemarks
) -> Histogram? {
    if isReset { return right.multiplied(by: part) }
    var result = HistogramSum(left)
    result.multiply(by: 1 - part)
    switch result.add(right, factor: part) {
    case .added: break
    case .incompatible: return nil
    case .reconciled:
        // Prometheus adds the difference's part to the left one.
        remarks.reconciled("subtraction")
        if result.customValues != left.customValues { remarks.reconciled("addition") }
    }
    return result.histogram()
}

/// What a smoothed selector gives where some samples are histograms: as for numbers, each step's histogram, or the point
/// between its neighbours, or the sample before where there is none after. Steps that see both numbers and histograms,
/// or must find a point between exponential and custom buckets, have none. Histograms that are not both gauges count as a
/// counter's.
///
/// Takes the steps at which it gives a histogram or nothing out of `column`, in which all samples were taken for numbers.
///
/// - Source: Prometheus 3.14 `promql/engine.go`, smoothSeries: behaviour.
struct HistogramSmoothing {
    let samples: MixedSamples
    let times: StepGrid
    let lookbackMs: Int64
    let metricName: String
    let remarks: RangeRemarks

    func evaluate(_ column: Column) -> HistogramColumn {
        var result: HistogramColumn = []
        var (low, next, high) = (0, 0, 0)
        for k in 0..<times.count {
            let time = times.time(k)
            while low < samples.count, samples.timestamps[low] <= time &- lookbackMs { low += 1 }
            while next < samples.count, samples.timestamps[next] < time { next += 1 }
            while high < samples.count, samples.timestamps[high] <= time &+ lookbackMs { high += 1 }
            let histogramCount = samples.histogramCount(low, high)
            guard histogramCount > 0 else { continue }
            column[k] = absentValue
            if histogramCount < high - low {
                remarks.mixedWithFloats(metricName)
            } else if let histogram = histogram(low, next, high, at: time) {
                result.append(StepHistogram(step: k, histogram: histogram))
            }
        }
        return result
    }

    /// What the histograms `low..<high` give at `time`.
    /// - Parameter next: the first that is not before `time`.
    private func histogram(_ low: Int, _ next: Int, _ high: Int, at time: Int64) -> Histogram? {
        if next < high, samples.timestamps[next] == time { return samples.histogram(next) }
        guard next > low, let left = samples.histogram(next - 1) else { return nil }
        guard next < high, let right = samples.histogram(next) else { return left }
        let (from, to) = (samples.timestamps[next - 1], samples.timestamps[next])
        let part = Double(time &- from) / Double(to &- from)
        let isCounter = left.counterReset != .gauge || right.counterReset != .gauge
        let isReset = isCounter && left.hasCustomBuckets == right.hasCustomBuckets && right.isReset(after: left)
        guard let result = interpolate(left, right, part: part, isReset: isReset, remarks) else {
            remarks.mixedSchemas(metricName)
            return nil
        }
        return result
    }
}
