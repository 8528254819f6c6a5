/// `rate`, `increase` and `delta`: how much a series grew over the window, extrapolated to the window's ends.
///
/// 1. The difference of the last and the first sample, plus what a counter had reached before each reset.
/// 2. Extended to the window's ends where they are within 1.1 average sample distances, otherwise by half a distance; a
///    counter is not extended to before it was zero.
/// 3. `rate` divides by the window's length.
///
/// Where it is known that the first sample counts since a time within the window, the increase is all since then, and
/// nothing is extended to before it.
///
/// - Source: Prometheus 3 `promql/functions.go`, extrapolatedRate: behaviour.
struct RateKernel: WindowKernel, ~Copyable {
    private let isCounter: Bool
    private let isRate: Bool
    private let rangeMs: Int64
    private let rangeSeconds: Double
    private var resets: ResetList
    /// What the last window's increase was multiplied by, and the distances that it follows from: at regular intervals
    /// they are the same in nearly all windows.
    private var known = (sampledMs: Int64(-1), count: 0, toStartMs: Int64(0), factor: 0.0)

    init(_ samples: Samples, _ windows: WindowGrid, isCounter: Bool, isRate: Bool) {
        self.isCounter = isCounter
        self.isRate = isRate
        rangeMs = windows.rangeMs
        rangeSeconds = Double(windows.rangeMs) / 1000
        resets = ResetList(samples, isWanted: isCounter, isSliding: windows.isSliding)
    }

    @inline(__always)
    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        let last = high &- 1
        if isCounter, let starts = samples.starts {
            // 0 stands for a start that is not known, even where the window begins before it.
            let start = starts[low]
            if start != 0, start > end &- rangeMs, start < samples.timestamps[low] {
                return sinceStart(samples, low, high, end: end, start)
            }
        }
        guard last > low else { return absentValue }
        let firstValue = samples.values[low]
        let increase = resets.corrected(samples.values[last] - firstValue, low, high)
        let firstTime = samples.timestamps[low]
        let lastTime = samples.timestamps[last]
        let sampledMs = lastTime &- firstTime
        let toStartMs = firstTime &- (end &- rangeMs)
        let mayBeZero = isCounter && increase > 0 && firstValue >= 0
        // A counter that has grown by less than it had is not extended to before it was zero, as long as it is not extended
        // by more than was sampled.
        let isUnbounded = !mayBeZero || firstValue >= increase && toStartMs <= sampledMs
        if isUnbounded, known.sampledMs == sampledMs, known.count == high &- low, known.toStartMs == toStartMs {
            return increase * known.factor
        }
        var factor = extensionFactor(
            first: firstTime, last: lastTime, count: high &- low, start: end &- rangeMs, end: end,
            zeroShare: isUnbounded ? .infinity : firstValue / increase)
        if isRate { factor /= rangeSeconds }
        if isUnbounded { known = (sampledMs, high &- low, toStartMs, factor) }
        return increase * factor
    }

    /// The same where the first sample is known to count since `start`, which lies in the window.
    private mutating func sinceStart(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, _ start: Int64) -> Double
    {
        let last = high &- 1
        let increase = resets.corrected(samples.values[last], low, high)
        let factor = factorSinceStart(
            start: start, first: samples.timestamps[low], last: samples.timestamps[last], count: high &- low, end: end)
        return increase * (isRate ? factor / rangeSeconds : factor)
    }
}

/// By what the increase from the first to the last of `count` samples grows when it is extended to the window's ends.
///
/// - Parameter zeroShare: how many times the sampled time before the first sample a counter was zero; infinite where it
///   is none.
@inline(__always)
func extensionFactor(first: Int64, last: Int64, count: Int, start: Int64, end: Int64, zeroShare: Double) -> Double {
    let sampled = Double(last &- first) / 1000
    let average = sampled / Double(count &- 1)
    let threshold = average * 1.1
    var toStart = Double(first &- start) / 1000
    if toStart >= threshold { toStart = average / 2 }
    toStart = min(toStart, sampled * zeroShare)
    var toEnd = Double(end &- last) / 1000
    if toEnd >= threshold { toEnd = average / 2 }
    return (sampled + toStart + toEnd) / sampled
}

/// By what the increase from `start` to the last of `count` samples grows when it is extended to the window's end.
func factorSinceStart(start: Int64, first: Int64, last: Int64, count: Int, end: Int64) -> Double {
    let average = count > 1 ? Double(last &- first) / 1000 / Double(count &- 1) : 0
    var toEnd = Double(end &- last) / 1000
    if toEnd >= average * 1.1 { toEnd = average / 2 }
    let covered = Double(last &- start) / 1000
    return (covered + toEnd) / covered
}

/// Where a counter was reset, and what it had reached before.
struct ResetList: ~Copyable {
    private var indices: [Int] = []
    private var reached: UnsafeMutablePointer<Double>?
    private var count = 0
    private var low = 0
    private var high = 0
    private var sums: SlidingFold<SumFold>?

    /// Up to so many resets are added one by one in each window, as rounding then is what Prometheus's is.
    private static let countOneByOne = 32

    init(_ samples: Samples, isWanted: Bool, isSliding: Bool) {
        guard isWanted else { return }
        var found = 0
        for index in stride(from: 1, to: samples.count, by: 1) {
            found &+= samples.values[index] < samples.values[index &- 1] ? 1 : 0
        }
        if samples.starts != nil { found = samples.count }
        guard found > 0 else { return }
        let reached = UnsafeMutablePointer<Double>.allocate(capacity: found)
        indices.reserveCapacity(found)
        for index in 1..<samples.count
        where samples.values[index] < samples.values[index - 1] || samples.hasNewStart(index) {
            reached[indices.count] = samples.values[index - 1]
            indices.append(index)
        }
        self.reached = reached
        count = indices.count
        if isSliding, count > ResetList.countOneByOne { sums = SlidingFold(reached, count: count) }
    }

    deinit { reached?.deallocate() }

    /// `difference` plus what was reached before each reset among the samples `first..<end`.
    @inline(__always)
    mutating func corrected(_ difference: Double, _ first: Int, _ end: Int) -> Double {
        if count == 0 { return difference }
        return withResets(difference, first, end)
    }

    private mutating func withResets(_ difference: Double, _ first: Int, _ end: Int) -> Double {
        while high < count, indices[high] < end { high += 1 }
        while low < high, indices[low] <= first { low += 1 }
        guard low < high, let reached else { return difference }
        if sums != nil, high - low > ResetList.countOneByOne { return difference + sums!.value(low, high).total }
        var result = difference
        for index in low..<high { result += reached[index] }
        return result
    }
}

/// `irate` and `idelta`: the difference of the window's last two samples.
struct InstantRateKernel: WindowKernel {
    let isRate: Bool

    @inline(__always)
    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        guard high &- low >= 2 else { return absentValue }
        let last = samples.values[high &- 1]
        let previous = samples.values[high &- 2]
        guard isRate else { return last - previous }
        let elapsed = samples.timestamps[high &- 1] &- samples.timestamps[high &- 2]
        return (last < previous || samples.hasNewStart(high &- 1) ? last : last - previous) / (Double(elapsed) / 1000)
    }
}
