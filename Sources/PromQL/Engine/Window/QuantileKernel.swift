import Model

/// `quantile_over_time`.
///
/// The window's values are kept sorted where few of them change from step to step, and are selected from anew where
/// many do.
struct QuantileKernel: WindowKernel, ~Copyable {
    private let quantile: UnsafePointer<Double>
    private var window: SortedWindow

    init(_ samples: Samples, _ windows: WindowGrid, quantile: UnsafePointer<Double>) {
        self.quantile = quantile
        window = SortedWindow(samples, windows)
    }

    mutating func value(_ samples: Samples, _ first: Int, _ end: Int, end endTime: Int64, step: Int) -> Double {
        let q = quantile[step]
        if !(q >= 0 && q <= 1) { return q.isNaN ? .ordinaryNaN : q < 0 ? -.infinity : .infinity }
        let size = end - first
        guard window.isWorthSorting(size) else {
            window.copy(samples, first, end)
            return selectQuantile(q, window.keys, size)
        }
        window.sort(samples, first, end)
        let place = QuantilePlace(q, count: size)
        return place.between(keyValue(window.keys[place.lower]), keyValue(window.keys[place.upper]))
    }
}

/// `mad_over_time`: the median distance from the median.
///
/// 1. Where few values change from step to step, the window's values are kept sorted.
/// 2. Their distances from the median, downwards from it and upwards, are two sorted lists then, so that the median of
///    both together is found by halving.
/// 3. Where many values change, or some are not finite, both medians are selected anew.
/// 4. Where one value is NaN, so is the median distance.
///
/// - Source: Prometheus 3.14 `promql/functions.go`, funcMadOverTime: behaviour.
struct MedianDeviationKernel: WindowKernel, ~Copyable {
    private var window: SortedWindow
    /// Keys to select from, beside those that are kept sorted.
    private var scratch: [Int64] = []

    init(_ samples: Samples, _ windows: WindowGrid) { window = SortedWindow(samples, windows) }

    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        let count = high - low
        if window.isWorthSorting(count) {
            window.sort(samples, low, high)
            // Those that are not finite sort first or last, NaN before all.
            if window.keys[0] == .min { return .ordinaryNaN }
            if keyValue(window.keys[0]).isFinite, keyValue(window.keys[count - 1]).isFinite {
                return medianDeviation(sorted: window.keys, count)
            }
        }
        if scratch.count < count { scratch = Array(repeating: 0, count: 2 * count) }
        return scratch.withUnsafeMutableBufferPointer { scratch in
            guard let keys = scratch.baseAddress else { return absentValue }
            for index in 0..<count {
                keys[index] = sortKey(samples.values[low + index])
                if keys[index] == .min { return .ordinaryNaN }
            }
            let median = selectQuantile(0.5, keys, count)
            for index in 0..<count { keys[index] = sortKey((samples.values[low + index] - median).magnitude) }
            return selectQuantile(0.5, keys, count)
        }
    }
}

/// The median distance of `count` finite values, given as sorted keys, from their median.
private func medianDeviation(sorted keys: UnsafePointer<Int64>, _ count: Int) -> Double {
    let place = QuantilePlace(0.5, count: count)
    let median = place.between(keyValue(keys[place.lower]), keyValue(keys[place.upper]))
    var split = place.lower
    while split < count, keyValue(keys[split]) < median { split += 1 }
    let (below, above) = (split, count - split)
    /// The distance of the value so many below the median, and of the one so many above.
    func down(_ index: Int) -> Double { (keyValue(keys[split - 1 - index]) - median).magnitude }
    func up(_ index: Int) -> Double { (keyValue(keys[split + index]) - median).magnitude }

    // Of the smallest distances up to the lower place, so many lie below the median.
    let wanted = place.lower + 1
    var taken = max(0, wanted - above)
    var takenMax = min(wanted, below)
    while taken < takenMax {
        let middle = (taken + takenMax) / 2
        if down(middle) < up(wanted - middle - 1) { taken = middle + 1 } else { takenMax = middle }
    }
    let rest = wanted - taken
    let lower = max(taken > 0 ? down(taken - 1) : -.infinity, rest > 0 ? up(rest - 1) : -.infinity)
    guard place.upper > place.lower else { return place.between(lower, lower) }
    let upper = min(taken < below ? down(taken) : .infinity, rest < above ? up(rest) : .infinity)
    return place.between(lower, upper)
}
