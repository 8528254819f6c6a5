/// `rate`, `increase` and `delta` of a range that is `anchored` or `smoothed`: nothing is extrapolated.
///
/// An anchored range begins with the newest sample at or before its start. A smoothed range begins and ends with points
/// on the lines between the samples around its ends.
///
/// - Source: Prometheus 3.14 `promql/functions.go`, extendedRate: behaviour.
struct ExtendedRateKernel: WindowKernel, ~Copyable {
    private let isSmoothed: Bool
    private let isCounter: Bool
    private let isRate: Bool
    private let rangeMs: Int64
    private var resets: ResetList

    init(_ samples: Samples, _ windows: WindowGrid, isSmoothed: Bool, isCounter: Bool, isRate: Bool) {
        self.isSmoothed = isSmoothed
        self.isCounter = isCounter
        self.isRate = isRate
        rangeMs = windows.rangeMs
        // Only values tell of resets here.
        var values = samples
        values.starts = nil
        resets = ResetList(values, isWanted: isCounter, isSliding: windows.isSliding)
    }

    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        let start = end &- rangeMs
        var first = firstIndex(samples, low, high - 1) { $0 > start }
        first = max(low, first - 1)
        var last = isSmoothed ? firstIndex(samples, low, high - 1) { $0 >= end } : high - 1
        guard samples.timestamps[last] > start, samples.timestamps[first] <= end else { return absentValue }

        var left = samples.values[first]
        if isSmoothed, samples.timestamps[first] < start {
            left = interpolate(samples, first, at: start, isCounter: isCounter)
        }
        var right = samples.values[last]
        if isSmoothed, last > low, samples.timestamps[last] > end {
            right = interpolate(samples, last - 1, at: end, isCounter: isCounter)
        }
        var result = right - left
        if isCounter {
            if samples.timestamps[first] <= start { first += 1 }
            if samples.timestamps[last] >= end { last -= 1 }
            var previous = left
            if first <= last {
                if samples.values[first] < previous { result += previous }
                result = resets.corrected(result, first, last + 1)
                previous = samples.values[last]
            }
            if right < previous { result += previous }
        }
        return isRate ? result / (Double(rangeMs) / 1000) : result
    }
}

/// The first index of `low..<high` whose time satisfies `condition`, as all later ones do; `high` if none does.
@inline(__always)
func firstIndex(_ samples: Samples, _ low: Int, _ high: Int, _ condition: (Int64) -> Bool) -> Int {
    var low = low
    var high = high
    while low < high {
        let middle = low + (high - low) / 2
        if condition(samples.timestamps[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
}

/// `changes` and `resets`, with how often neighbouring samples differ counted as the window moves.
struct TransitionKernel: WindowKernel {
    enum Kind {
        case changes
        case resets
    }

    private let kind: Kind
    private let rangeMs: Int64
    private let isAnchored: Bool
    private var low = 0
    private var high = 0
    private var count = 0

    init(_ kind: Kind, _ windows: WindowGrid, isAnchored: Bool) {
        self.kind = kind
        self.isAnchored = isAnchored
        rangeMs = windows.rangeMs
    }

    @inline(__always)
    mutating func value(_ samples: Samples, _ first: Int, _ end: Int, end endTime: Int64, step: Int) -> Double {
        var first = first
        if isAnchored {
            let start = endTime &- rangeMs
            guard samples.timestamps[end &- 1] > start else { return absentValue }
            while first &+ 1 < end, samples.timestamps[first &+ 1] <= start { first &+= 1 }
        }
        // `count` is of the transitions into the samples after `low` up to `high`.
        while high < end {
            if high > 0, high > low { count &+= isTransition(samples, high) }
            high &+= 1
        }
        while low < first {
            low &+= 1
            if low < high { count &-= isTransition(samples, low) }
        }
        return Double(count)
    }

    @inline(__always)
    private func isTransition(_ samples: Samples, _ index: Int) -> Int {
        let value = samples.values[index]
        let previous = samples.values[index &- 1]
        switch kind {
        case .changes: return value != previous && !(value.isNaN && previous.isNaN) ? 1 : 0
        case .resets: return value < previous || samples.hasNewStart(index) ? 1 : 0
        }
    }
}
