/// Range functions that only look at which samples there are, or at the first or last of them.
struct PositionKernel: WindowKernel {
    enum Kind {
        case first
        case last
        case count
        case present
        case timeOfFirst
        case timeOfLast
    }

    let kind: Kind

    @inline(__always)
    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        switch kind {
        case .first: samples.values[low]
        case .last: samples.values[high &- 1]
        case .count: Double(high &- low)
        case .present: 1
        case .timeOfFirst: Double(samples.timestamps[low]) / 1000
        case .timeOfLast: Double(samples.timestamps[high &- 1]) / 1000
        }
    }
}

/// `ts_of_min_over_time` and `ts_of_max_over_time`: when the last of the smallest or largest samples was.
///
/// Of the window's samples those are kept that are or will be the best: each better than all that came later.
struct TimeOfExtremeKernel: WindowKernel, ~Copyable {
    private let isMax: Bool
    /// The indices of the samples kept, ascending, from `first` up to `end`. Each sample is put there once at most.
    private let kept: UnsafeMutablePointer<Int>
    private var first = 0
    private var end = 0
    private var looked = 0

    init(_ samples: Samples, isMax: Bool) {
        self.isMax = isMax
        kept = .allocate(capacity: max(samples.count, 1))
    }

    deinit { kept.deallocate() }

    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end endTime: Int64, step: Int) -> Double {
        while looked < high {
            let value = samples.values[looked]
            while end > first, isReplaced(samples.values[kept[end - 1]], by: value) { end -= 1 }
            kept[end] = looked
            end += 1
            looked += 1
        }
        while kept[first] < low { first += 1 }
        return Double(samples.timestamps[kept[first]]) / 1000
    }

    private func isReplaced(_ value: Double, by later: Double) -> Bool {
        value.isNaN || (isMax ? later >= value : later <= value)
    }
}
