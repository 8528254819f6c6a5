import Model

/// The series that a vector selector selects, each with its newest sample at every step.
final class InstantSelector: VectorOperator {
    enum Output {
        case value
        /// Seconds since the Unix epoch of the sample.
        case timestamp
        /// What a straight line between the samples around the step gives.
        case interpolation
    }

    private let selected: any SeriesSet
    /// The times whose newest samples are wanted: the steps shifted by the selector's offset.
    private let times: StepGrid
    private let lookbackMs: Int64
    private let output: Output
    private let isCounted: Bool

    init(_ set: any SeriesSet, times: StepGrid, lookbackMs: Int64, output: Output, isCounted: Bool) {
        selected = set
        self.times = times
        self.lookbackMs = lookbackMs
        self.output = output
        self.isCounted = isCounted
    }

    var count: Int { selected.count }
    var cost: Int { times.count + estimatedSamples(times.end &- times.start &+ lookbackMs) }
    func labels(_ index: Int) -> Labels { selected.labels(index) }
    func dropsName(_ index: Int) -> Bool { output == .timestamp }

    func fill(_ index: Int, _ column: Column, _ worker: Worker) throws(QueryError) {
        let buffer = worker.takeBuffer()
        defer { worker.giveBack(buffer) }
        try worker.read(selected, index, into: buffer)
        let samples = Samples(buffer)
        let present =
            switch output {
            case .value: pickNewest(samples, times, lookbackMs, column)
            case .timestamp: pickNewestTimestamps(samples, times, lookbackMs, column)
            case .interpolation:
                interpolateSteps(Samples(buffer, droppingStale: ()), times, lookbackMs, column)
            }
        if isCounted { worker.samplesRead += present }
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

/// As ``pickNewest``, with the sample's time in seconds in place of its value.
private func pickNewestTimestamps(_ samples: Samples, _ times: StepGrid, _ lookbackMs: Int64, _ column: Column) -> Int {
    let present = pickNewest(samples, times, lookbackMs, column)
    var next = 0
    for k in 0..<times.count where isPresent(column[k]) {
        while next < samples.count, samples.timestamps[next] <= times.time(k) { next &+= 1 }
        column[k] = Double(samples.timestamps[next &- 1]) / 1000
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
            column[k] = interpolate(samples, next - 1, at: time, isCounter: false, isLeftEdge: false)
        } else if hasPrevious {
            column[k] = samples.values[next - 1]
        }
        present += isPresent(column[k]) ? 1 : 0
    }
    return present
}
