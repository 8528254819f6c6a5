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
struct TimeOfExtremeKernel: WindowKernel {
    let isMax: Bool
    /// The best sample's index, kept while it stays in the window.
    private var best = -1
    private var looked = 0

    init(isMax: Bool) { self.isMax = isMax }

    mutating func value(_ samples: Samples, _ low: Int, _ high: Int, end: Int64, step: Int) -> Double {
        if best < low {
            best = low
            looked = low + 1
        }
        while looked < high {
            let value = samples.values[looked]
            let current = samples.values[best]
            if current.isNaN || (isMax ? value >= current : value <= current) { best = looked }
            looked += 1
        }
        return Double(samples.timestamps[best]) / 1000
    }
}
