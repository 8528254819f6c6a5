/// What is remembered of one GPU between readings: the windows that statistics and event counts look back over.
///
/// 1. Every reading enters the ring of statistics, and its clock event mask the window of events.
/// 2. What is older than a window leaves at its end when the next reading enters.
/// 3. A page reads off counts that are kept as entries come and go; only least and greatest values are searched for.
struct EntityHistory: Sendable {
    /// Windows, in nanoseconds; zero statistics are off.
    struct Windows: Equatable, Sendable {
        var statisticsNs: UInt64 = 0
        var xidNs: UInt64 = 300_000_000_000
        var clockEventsNs: UInt64 = 300_000_000_000
    }

    /// Entries of one window: an hour at one reading a second. Past it the oldest go early.
    static let entriesMax = 3600

    private let windows: Windows
    private var samples: [(atNs: UInt64, values: [Double?])] = []
    private var xids: [(atNs: UInt64, code: Int64)] = []
    private var clockEvents: [(atNs: UInt64, mask: Int64)] = []
    private var clockEventsInWindow = [Int](repeating: 0, count: clockEventNames.count)
    private var lastMask: Int64?
    /// Since the exporter's start.
    private(set) var xidTotals: [Int64: Int] = [:]
    private(set) var clockEventTotals = [Int](repeating: 0, count: clockEventNames.count)

    init(_ windows: Windows) {
        self.windows = windows
    }

    mutating func add(_ reading: GPUReading, atNs: UInt64) {
        if windows.statisticsNs > 0 {
            samples.append((atNs, Self.statisticMetrics.map { reading[$0]?.double }))
            samples.removeFirst(samples.expired(atNs, windows.statisticsNs, \.atNs))
        }
        for code in reading.xidEvents.prefix(Self.entriesMax) {
            xids.append((atNs, code))
            xidTotals[code, default: 0] += 1
        }
        xids.removeFirst(xids.expired(atNs, windows.xidNs, \.atNs))
        if case .whole(let mask)? = reading[.clockEventReasons] { addClockEvents(mask, atNs) }
    }

    /// Nil where the metric had no value in the window.
    func statistic(_ metric: Metric, _ statistic: CounterList.Statistic) -> Double? {
        guard let place = Self.statisticMetrics.firstIndex(of: metric) else { return nil }
        let values = samples.lazy.compactMap { $0.values[place] }
        switch statistic {
        case .min: return values.min()
        case .max: return values.max()
        case .avg:
            let (sum, count) = values.reduce((0.0, 0)) { ($0.0 + $1, $0.1 + 1) }
            return count > 0 ? sum / Double(count) : nil
        }
    }

    /// XID codes of the window and how often each came, by code.
    func xidCounts(nowNs: UInt64) -> [(code: Int64, count: Int)] {
        var counts: [Int64: Int] = [:]
        for event in xids where nowNs &- event.atNs <= windows.xidNs { counts[event.code, default: 0] += 1 }
        return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    /// How many readings of the window had each clock event, in the order of `clockEventNames`.
    var clockEventCounts: [Int] { clockEventsInWindow }

    private mutating func addClockEvents(_ mask: Int64, _ atNs: UInt64) {
        clockEvents.append((atNs, mask))
        for (bit, _) in clockEventNames.enumerated() where mask & (1 << bit) != 0 {
            clockEventsInWindow[bit] += 1
            // Counted where it begins. What holds when the exporter starts has begun before.
            if let lastMask, lastMask & (1 << bit) == 0 { clockEventTotals[bit] += 1 }
        }
        lastMask = mask
        let gone = clockEvents.expired(atNs, windows.clockEventsNs, \.atNs)
        for event in clockEvents.prefix(gone) {
            for bit in clockEventNames.indices where event.mask & (1 << bit) != 0 { clockEventsInWindow[bit] -= 1 }
        }
        clockEvents.removeFirst(gone)
    }

    private static let statisticMetrics = Metric.allCases.filter(CounterList.withStatistics.contains)
}

/// The bits of NVML's clock event mask, lowest first, by the names of dcgm-exporter's `clock_event` label.
let clockEventNames = [
    "gpu_idle", "clocks_setting", "power_cap", "hw_slowdown", "sync_boost", "sw_thermal", "hw_thermal",
    "hw_power_brake",
    "display_clocks",
]

extension Array {
    /// How many at the beginning are older than a window that ends now, or too many.
    fileprivate func expired(_ nowNs: UInt64, _ windowNs: UInt64, _ time: KeyPath<Element, UInt64>) -> Int {
        let old = firstIndex { nowNs &- $0[keyPath: time] <= windowNs } ?? count
        return Swift.max(old, count - EntityHistory.entriesMax)
    }
}
