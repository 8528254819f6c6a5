import Model

/// A run of decoded samples of one series, in time order. Valid as long as the buffer that it was made from is left
/// alone.
struct Samples {
    let timestamps: UnsafePointer<Int64>
    let values: UnsafePointer<Double>
    let count: Int
    /// Since when each sample counts, in milliseconds; 0 where that is not known. nil where it is of none.
    var starts: UnsafePointer<Int64>?

    init(_ buffer: SampleBuffer) {
        timestamps = UnsafePointer(buffer.timestamps)
        values = UnsafePointer(buffer.values)
        count = buffer.count
    }

    /// Whether a counter that both samples are of began anew between `index` and the sample before it, judged by its
    /// start time. A start that the sample before may have had too, being known of neither, is none.
    @inline(__always)
    func hasNewStart(_ index: Int) -> Bool {
        guard let starts else { return false }
        return isNewStart(
            starts[index], at: timestamps[index], previous: starts[index &- 1], at: timestamps[index &- 1])
    }

    /// The samples of `buffer` without staleness markers, which it loses.
    init(_ buffer: SampleBuffer, droppingStale: Void) {
        dropStaleMarkers(buffer)
        self.init(buffer)
    }
}

/// Moves the samples that are no staleness markers together.
private func dropStaleMarkers(_ buffer: SampleBuffer) {
    if !buffer.histograms.isEmpty || !buffer.startTimes.isEmpty { return dropStaleSamples(buffer) }
    let count = buffer.count
    let values = buffer.values
    let timestamps = buffer.timestamps
    var live = 0
    while live < count, isPresent(values[live]) { live &+= 1 }
    for index in live..<max(count, live) where isPresent(values[index]) {
        values[live] = values[index]
        timestamps[live] = timestamps[index]
        live &+= 1
    }
    buffer.count = live
}

/// The value at `time` on the line through the samples `left` and `left + 1`. Where a counter was reset between them, it
/// counts as having begun at 0.
func interpolate(_ samples: Samples, _ left: Int, at time: Int64, isCounter: Bool) -> Double {
    var y1 = samples.values[left]
    let y2 = samples.values[left + 1]
    if isCounter, y2 < y1 { y1 = 0 }
    let elapsed = Double(time &- samples.timestamps[left])
    return y1 + (y2 - y1) * elapsed / Double(samples.timestamps[left + 1] &- samples.timestamps[left])
}

/// As ``dropStaleMarkers``, where some samples are told of by index.
private func dropStaleSamples(_ buffer: SampleBuffer) {
    var newIndices: [Int] = []
    newIndices.reserveCapacity(buffer.count + 1)
    var live = 0
    for index in 0..<buffer.count {
        newIndices.append(live)
        guard isPresent(buffer.values[index]) else { continue }
        buffer.values[live] = buffer.values[index]
        buffer.timestamps[live] = buffer.timestamps[index]
        live += 1
    }
    newIndices.append(live)
    buffer.histograms.removeAll { $0.histogram.isStale }
    for index in buffer.histograms.indices {
        buffer.histograms[index].index = newIndices[buffer.histograms[index].index]
    }
    var starts: [SampleBuffer.IndexedStartTime] = []
    for one in buffer.startTimes {
        let index = newIndices[min(one.index, newIndices.count - 1)]
        if starts.last?.index == index { starts.removeLast() }
        starts.append(SampleBuffer.IndexedStartTime(index: index, startTime: one.startTime))
    }
    buffer.startTimes = starts
    buffer.count = live
}

extension SampleBuffer {
    /// Since when each sample counts; 0 where that is not known.
    func expandedStartTimes() -> [Int64] {
        var result = [Int64](repeating: 0, count: count)
        for (place, one) in startTimes.enumerated() where one.index < count {
            let end = place + 1 < startTimes.count ? min(startTimes[place + 1].index, count) : count
            for index in one.index..<max(end, one.index) { result[index] = one.startTime }
        }
        return result
    }
}

/// Whether a counter began anew, at the time `start`, between a sample at `previousTime` that counts since
/// `previousStart` and one at `time`; 0 stands for a start that is not known.
///
/// A start right at the sample before says so only where that sample is known to count since earlier: a first sample of
/// unknown start is often given as its own start.
func isNewStart(_ start: Int64, at time: Int64, previous previousStart: Int64, at previousTime: Int64) -> Bool {
    if start == 0 || start >= time { return false }
    if start == previousTime { return previousStart != 0 && previousStart < previousTime }
    return start > previousTime
}
