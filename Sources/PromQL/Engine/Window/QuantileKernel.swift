import Model

/// `quantile_over_time`.
///
/// The window's values are kept sorted where few of them change from step to step, and are selected from anew where
/// many do; both work on integers that sort as the values do.
struct QuantileKernel: WindowKernel, ~Copyable {
    private let quantile: UnsafePointer<Double>
    private let overlap: Int
    private let keys: UnsafeMutablePointer<Int64>
    /// The keys of the samples `low..<high` are sorted; nothing is where the window was last selected from.
    private var low = 0
    private var high = 0

    init(_ samples: Samples, _ windows: WindowGrid, quantile: UnsafePointer<Double>) {
        self.quantile = quantile
        overlap = windows.overlap
        keys = .allocate(capacity: max(samples.count, 1))
    }

    deinit { keys.deallocate() }

    mutating func value(_ samples: Samples, _ first: Int, _ end: Int, end endTime: Int64, step: Int) -> Double {
        let q = quantile[step]
        if !(q >= 0 && q <= 1) { return q.isNaN ? .ordinaryNaN : q < 0 ? -.infinity : .infinity }
        let size = end - first
        // From window to window 2 × size / overlap keys come and go. Each shifts half the window, eight keys in a
        // nanosecond; selecting anew looks at each key about three times, a nanosecond each.
        guard 20 + size / 8 < 2 * overlap else {
            for index in 0..<size { keys[index] = sortKey(samples.values[first + index]) }
            (low, high) = (0, 0)
            return selectQuantile(q, keys, size)
        }
        if first < high {
            slide(samples, first, end)
        } else {
            for index in 0..<size { keys[index] = sortKey(samples.values[first + index]) }
            var window = UnsafeMutableBufferPointer(start: keys, count: size)
            window.sort()
            (low, high) = (first, end)
        }
        let place = QuantilePlace(q, count: size)
        return place.between(keyValue(keys[place.lower]), keyValue(keys[place.upper]))
    }

    /// Brings the sorted keys from the previous window to the samples `first..<end`.
    private mutating func slide(_ samples: Samples, _ first: Int, _ end: Int) {
        var count = high - low
        while low < first {
            let index = position(sortKey(samples.values[low]), count)
            (keys + index).update(from: keys + index + 1, count: count - index - 1)
            count -= 1
            low += 1
        }
        while high < end {
            let key = sortKey(samples.values[high])
            let index = position(key, count)
            (keys + index + 1).update(from: keys + index, count: count - index)
            keys[index] = key
            count += 1
            high += 1
        }
    }

    /// The index of the first of `count` keys that is not smaller than `key`.
    private func position(_ key: Int64, _ count: Int) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

/// `mad_over_time`: the median distance from the median.
struct MedianDeviationKernel: WindowKernel, ~Copyable {
    private let keys: UnsafeMutablePointer<Int64>

    init(_ samples: Samples) { keys = .allocate(capacity: max(samples.count, 1)) }

    deinit { keys.deallocate() }

    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        let count = high - low
        for index in 0..<count { keys[index] = sortKey(samples.values[low + index]) }
        let median = selectQuantile(0.5, keys, count)
        for index in 0..<count { keys[index] = sortKey((samples.values[low + index] - median).magnitude) }
        return selectQuantile(0.5, keys, count)
    }
}
