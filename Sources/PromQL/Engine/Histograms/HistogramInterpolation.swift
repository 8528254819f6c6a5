import Model

/// The histogram so far, from 0 to 1, on the way from `left` to `right`; nil where they cannot be added.
///
/// Where a counter was reset between them, its left histogram counts as nothing at a range's left edge, and its right one
/// as added to the left elsewhere.
func interpolate(
    _ left: Histogram, _ right: Histogram, part: Double, isReset: Bool = false, isLeftEdge: Bool = false
) -> HistogramSum? {
    var result: HistogramSum
    if isReset, isLeftEdge {
        result = HistogramSum(right)
        result.multiply(by: part)
    } else {
        result = HistogramSum(left)
        if !isReset { result.multiply(by: 1 - part) }
        if result.add(right, factor: part) == .incompatible { return nil }
    }
    return result
}

/// What a smoothed selector gives where some samples are histograms: as for numbers, each step's histogram, or the point
/// between its neighbours, or the sample before where there is none after or it is of another kind.
///
/// Takes the steps at which it gives a histogram out of `column`, in which all samples were taken for numbers.
func interpolateHistograms(
    _ buffer: SampleBuffer, _ times: StepGrid, _ lookbackMs: Int64, _ column: Column
) -> HistogramColumn {
    let samples = MixedSamples(buffer)
    var result: HistogramColumn = []
    var next = 0
    for k in 0..<times.count {
        let time = times.time(k)
        while next < samples.count, buffer.timestamps[next] < time { next += 1 }
        let hasNext = next < samples.count && buffer.timestamps[next] <= time &+ lookbackMs
        let hasPrevious = next > 0 && buffer.timestamps[next - 1] > time &- lookbackMs
        if hasNext, buffer.timestamps[next] == time {
            guard let histogram = samples.histogram(next) else { continue }
            column[k] = absentValue
            result.append(StepHistogram(step: k, histogram: histogram))
        } else if hasPrevious {
            let left = samples.histogram(next - 1)
            let right = hasNext ? samples.histogram(next) : nil
            if hasNext, left == nil, right == nil { continue }
            guard let left else {
                column[k] = buffer.values[next - 1]
                continue
            }
            column[k] = absentValue
            var histogram = left
            if let right {
                let length = Double(buffer.timestamps[next] &- buffer.timestamps[next - 1])
                let part = Double(time &- buffer.timestamps[next - 1]) / length
                if let between = interpolate(left, right, part: part) { histogram = between.histogram() }
            }
            result.append(StepHistogram(step: k, histogram: histogram))
        }
    }
    return result
}
