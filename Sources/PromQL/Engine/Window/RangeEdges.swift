import Model

/// Makes the samples of a range that is `anchored` or `smoothed` those at its two ends and those between.
///
/// 1. At the start of an anchored range is the newest sample up to it; where there is none, the first one. At its end is
///    the last one.
/// 2. At each end of a smoothed range is the point on the line between the samples around it; where one of them is
///    missing, the other.
/// 3. Where all samples are at the start or before, there are none.
///
/// - Source: Prometheus 3.14 `promql/engine.go`, extendFloats: behaviour.
func addEdges(_ buffer: SampleBuffer, start: Int64, end: Int64, isSmoothed: Bool) {
    let samples = Samples(buffer)
    let count = samples.count
    guard count > 0 else { return }
    let times = samples.timestamps
    let first = max(0, firstIndex(samples, 0, count - 1) { $0 > start } - 1)
    let last = isSmoothed ? firstIndex(samples, 0, count - 1) { $0 >= end } : count - 1
    guard times[last] > start else {
        buffer.count = 0
        return
    }
    let isLeftBetween = isSmoothed && times[first] < start
    let isRightBetween = isSmoothed && last > 0 && times[last] > end
    var points = [
        (start, isLeftBetween ? interpolate(samples, first, at: start, isCounter: false) : samples.values[first])
    ]
    for index in first...last where times[index] > start && times[index] < end {
        points.append((times[index], samples.values[index]))
    }
    points.append(
        (end, isRightBetween ? interpolate(samples, last - 1, at: end, isCounter: false) : samples.values[last]))
    buffer.count = 0
    for (time, value) in points { buffer.append(time, value) }
}
