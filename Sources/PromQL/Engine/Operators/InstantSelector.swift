import Model

/// The series that a vector selector selects, each with its newest sample at every step.
final class InstantSelector: VectorOperator {
    enum Output {
        case value
        /// Seconds since the Unix epoch of the sample.
        case timestamp
        /// Seconds since the Unix epoch of the time from which on the sample counts, 0 where it is not known.
        case startTimestamp
        /// The same, and an error where a sample is a histogram, as no info metric has any.
        case infoTimestamp
        /// What a straight line between the samples around the step gives.
        case interpolation
    }

    private let selected: any SeriesSet
    /// The times whose newest samples are wanted: the steps shifted by the selector's offset.
    private let times: StepGrid
    private let lookbackMs: Int64
    private let output: Output
    private let isCounted: Bool
    /// Whether of histograms only the totals are wanted.
    private let onlyTotals: Bool
    private let remarks: RangeRemarks

    init(
        _ set: any SeriesSet, times: StepGrid, lookbackMs: Int64, output: Output, isCounted: Bool,
        onlyTotals: Bool = false, _ remarks: RangeRemarks
    ) {
        self.remarks = remarks
        self.onlyTotals = onlyTotals
        selected = set
        self.times = times
        self.lookbackMs = lookbackMs
        self.output = output
        self.isCounted = isCounted
    }

    var count: Int { selected.count }
    var cost: Int { times.count + estimatedSamples(times.end &- times.start &+ lookbackMs) }
    func labels(_ index: Int) -> Labels { selected.labels(index) }
    func dropsName(_ index: Int) -> Bool { output != .value && output != .interpolation }

    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) -> HistogramColumn {
        let buffer = worker.takeBuffer()
        defer { worker.giveBack(buffer) }
        try worker.read(selected, index, into: buffer)
        let samples = Samples(buffer)
        var present: Int
        var histograms: HistogramColumn = []
        switch output {
        case .value:
            present = pickNewest(samples, times, lookbackMs, column)
            if !buffer.histograms.isEmpty { histograms = takeHistograms(buffer, column) }
            present -= histograms.count
        case .timestamp:
            present = replaceNewest(samples, times, lookbackMs, column) { Double(samples.timestamps[$0]) / 1000 }
        case .infoTimestamp:
            guard buffer.histograms.isEmpty else {
                throw .execution("this should be an info metric, with float samples: \(bracedText(labels(index)))")
            }
            present = replaceNewest(samples, times, lookbackMs, column) { Double(samples.timestamps[$0]) / 1000 }
        case .startTimestamp:
            let starts = buffer.expandedStartTimes()
            present = replaceNewest(samples, times, lookbackMs, column) { Double(starts[$0]) / 1000 }
        case .interpolation:
            present = interpolateSteps(Samples(buffer, droppingStale: ()), times, lookbackMs, column)
            if !buffer.histograms.isEmpty {
                let smoothing = HistogramSmoothing(
                    samples: MixedSamples(buffer), times: times, lookbackMs: lookbackMs,
                    metricName: labels(index).metricName ?? "", remarks: remarks)
                histograms = smoothing.evaluate(column)
                present = presentCount(column, times.count)
            }
        }
        for one in histograms { present += one.histogram.heldSamples }
        if isCounted {
            worker.count(present) { atStep in
                for k in 0..<times.count where isPresent(column[k]) { atStep[k] += 1 }
                for one in histograms { atStep[one.step] += one.histogram.heldSamples }
            }
        }
        return histograms
    }

    /// Takes the steps whose newest sample is a histogram out of `column`.
    private func takeHistograms(_ buffer: SampleBuffer, _ column: Column) -> HistogramColumn {
        if onlyTotals { buffer.reduceToTotals(from: times.start &- lookbackMs &+ 1) }
        var result: HistogramColumn = []
        var next = 0
        var histogram = 0
        for k in 0..<times.count where isPresent(column[k]) {
            while next < buffer.count, buffer.timestamps[next] <= times.time(k) { next += 1 }
            while histogram < buffer.histograms.count, buffer.histograms[histogram].index < next - 1 { histogram += 1 }
            guard histogram < buffer.histograms.count, buffer.histograms[histogram].index == next - 1 else { continue }
            column[k] = absentValue
            result.append(StepHistogram(step: k, histogram: buffer.histograms[histogram].histogram))
        }
        return result
    }
}

/// About how many samples lie in so many milliseconds, for deciding about threads only: one in 15 seconds.
func estimatedSamples(_ milliseconds: Int64) -> Int { Int(truncatingIfNeeded: max(milliseconds, 0) / 15_000) }

/// Writes each step's newest sample that is younger than `lookbackMs` and no staleness marker; returns how many.
private func pickNewest(_ samples: Samples, _ times: StepGrid, _ lookbackMs: Int64, _ column: Column) -> Int {
    var next = 0
    var present = 0
    for k in 0..<times.count {
        let time = times.time(k)
        while next < samples.count, samples.timestamps[next] <= time { next &+= 1 }
        guard next > 0, samples.timestamps[next &- 1] > time &- lookbackMs else {
            column[k] = absentValue
            continue
        }
        // A staleness marker has the bits of an absent value already.
        let value = samples.values[next &- 1]
        column[k] = value
        present &+= isPresent(value) ? 1 : 0
    }
    return present
}

/// As ``pickNewest``, with what `value` gives for the sample's index in place of its value.
private func replaceNewest(
    _ samples: Samples, _ times: StepGrid, _ lookbackMs: Int64, _ column: Column, _ value: (Int) -> Double
) -> Int {
    let present = pickNewest(samples, times, lookbackMs, column)
    var next = 0
    for k in 0..<times.count where isPresent(column[k]) {
        while next < samples.count, samples.timestamps[next] <= times.time(k) { next &+= 1 }
        column[k] = value(next &- 1)
    }
    return present
}

/// Writes each step's sample, or the point on the line between its neighbours within `lookbackMs`, or the sample before
/// where there is none after.
private func interpolateSteps(_ samples: Samples, _ times: StepGrid, _ lookbackMs: Int64, _ column: Column) -> Int {
    var next = 0
    var present = 0
    for k in 0..<times.count {
        let time = times.time(k)
        while next < samples.count, samples.timestamps[next] < time { next &+= 1 }
        column[k] = absentValue
        let hasNext = next < samples.count && samples.timestamps[next] <= time &+ lookbackMs
        let hasPrevious = next > 0 && samples.timestamps[next - 1] > time &- lookbackMs
        if hasNext, samples.timestamps[next] == time {
            column[k] = samples.values[next]
        } else if hasNext, hasPrevious {
            column[k] = interpolate(samples, next - 1, at: time, isCounter: false)
        } else if hasPrevious {
            column[k] = samples.values[next - 1]
        }
        present += isPresent(column[k]) ? 1 : 0
    }
    return present
}
