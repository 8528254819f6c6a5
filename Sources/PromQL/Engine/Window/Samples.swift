import Model

/// A run of decoded samples of one series, in time order. Valid as long as the buffer that it was made from is left
/// alone.
struct Samples {
    let timestamps: UnsafePointer<Int64>
    let values: UnsafePointer<Double>
    let count: Int

    init(_ buffer: SampleBuffer) {
        timestamps = UnsafePointer(buffer.timestamps)
        values = UnsafePointer(buffer.values)
        count = buffer.count
    }

    /// The samples of `buffer` without staleness markers, which it loses.
    init(_ buffer: SampleBuffer, droppingStale: Void) {
        dropStaleMarkers(buffer)
        self.init(buffer)
    }
}

/// Moves the samples that are no staleness markers together.
private func dropStaleMarkers(_ buffer: SampleBuffer) {
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

/// The value at `time` on the line through the samples `left` and `left + 1`. Where a counter was reset between them,
/// its left value counts as 0 at a range's left edge, and its right value as added to the left elsewhere.
func interpolate(_ samples: Samples, _ left: Int, at time: Int64, isCounter: Bool, isLeftEdge: Bool) -> Double {
    var y1 = samples.values[left]
    var y2 = samples.values[left + 1]
    if isCounter, y2 < y1 {
        if isLeftEdge { y1 = 0 } else { y2 += y1 }
    }
    let elapsed = Double(time &- samples.timestamps[left])
    return y1 + (y2 - y1) * elapsed / Double(samples.timestamps[left + 1] &- samples.timestamps[left])
}
