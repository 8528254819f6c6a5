import Model

/// What of a series is not in its chunks in memory: samples that came late, native histograms, and start times. Most
/// series have none of it.
struct SideSeries: Sendable, Equatable {
    struct Float: Sendable, Equatable {
        let time: Int64
        let bits: UInt64
    }

    struct TimedHistogram: Sendable, Equatable {
        let time: Int64
        let histogram: Histogram
    }

    /// The samples from `time` on count from `startTime` on.
    struct StartTime: Sendable, Equatable {
        let time: Int64
        let startTime: Int64
    }

    /// Each ascending by time.
    var floats: [Float] = []
    var histograms: [TimedHistogram] = []
    var startTimes: [StartTime] = []

    var isEmpty: Bool { floats.isEmpty && histograms.isEmpty && startTimes.isEmpty }
}

/// Something to add to a series' side.
enum SideSample: Sendable, Equatable {
    case float(UInt64)
    case histogram(Histogram)
    case startTime(Int64)
}

/// A record of the journal beside floats in order.
struct SideEntry: Sendable, Equatable {
    let series: UInt32
    let time: Int64
    let sample: SideSample
    /// Whether a block could have been sealed without it.
    var isLate = false
}

/// The sides of all series that have one. A value: a view keeps a copy, which is made when the writer changes it next.
struct SideStore: Sendable {
    private(set) var series: [UInt32: SideSeries] = [:]
    /// How much memory sealing can free, in samples of a chunk. A series' start time, which stays, weighs nothing.
    private(set) var weight = 0

    private static let floatWeight = 8
    private static let histogramWeight = 256

    var isEmpty: Bool { series.isEmpty }
    var hasNoSamples: Bool { series.values.allSatisfy { $0.floats.isEmpty && $0.histograms.isEmpty } }

    /// Adds something. Of two samples of one time the one that was there stays.
    /// - Returns: false where there was one.
    @discardableResult
    mutating func add(_ entry: SideEntry) -> Bool {
        switch entry.sample {
        case .float(let bits):
            if series[entry.series]?.histograms.hasElement(entry.time, entry.time) ?? false { return false }
            let added = series[entry.series, default: SideSeries()].floats.insert(.init(time: entry.time, bits: bits))
            if added { weight += SideStore.floatWeight }
            return added
        case .histogram(let histogram):
            if series[entry.series]?.floats.hasElement(entry.time, entry.time) ?? false { return false }
            let element = SideSeries.TimedHistogram(time: entry.time, histogram: histogram)
            let added = series[entry.series, default: SideSeries()].histograms.insert(element)
            if added { weight += SideStore.histogramWeight }
            return added
        case .startTime(let startTime):
            let element = SideSeries.StartTime(time: entry.time, startTime: startTime)
            let added = series[entry.series, default: SideSeries()].startTimes.replace(element)
            if added, series[entry.series]?.startTimes.count ?? 0 > 1 { weight += SideStore.floatWeight }
            return true
        }
    }

    /// Takes out what a series had in `older`, an older state of this store, from `start` to before `end`. Of the start
    /// times before `end` the last stays, because it holds on.
    mutating func remove(_ id: UInt32, of older: SideStore, from start: Int64, to end: Int64) {
        guard var side = series[id], let old = older.series[id] else { return }
        let before = SideStore.weight(of: side)
        let range = start..<end
        side.floats.removeAll { range.contains($0.time) && old.floats.hasElement($0.time, $0.time) }
        side.histograms.removeAll { range.contains($0.time) && old.histograms.hasElement($0.time, $0.time) }
        let last = side.startTimes.last { $0.time < end }
        side.startTimes.removeAll { $0.time < end && $0 != last }
        weight -= before - SideStore.weight(of: side)
        series[id] = side.isEmpty ? nil : side
    }

    private static func weight(of side: SideSeries) -> Int {
        (side.floats.count + max(0, side.startTimes.count - 1)) * floatWeight
            + side.histograms.count * histogramWeight
    }

    /// Takes out all of a series.
    mutating func remove(_ id: UInt32) {
        if let side = series.removeValue(forKey: id) { weight -= SideStore.weight(of: side) }
    }

    /// Whether a series has a sample from `low` to `high`.
    func hasSamples(_ id: UInt32, _ low: Int64, _ high: Int64) -> Bool {
        guard let side = series[id] else { return false }
        return side.floats.hasElement(low, high) || side.histograms.hasElement(low, high)
    }
}

/// Something with a time, in arrays that ascend by it.
protocol Timed {
    var time: Int64 { get }
}

extension SideSeries.Float: Timed {}
extension SideSeries.TimedHistogram: Timed {}
extension SideSeries.StartTime: Timed {}

extension Array where Element: Timed {
    /// Index of the first element at `time` or later.
    func index(atLeast time: Int64) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if self[middle].time < time { low = middle + 1 } else { high = middle }
        }
        return low
    }

    func hasElement(_ low: Int64, _ high: Int64) -> Bool {
        let index = index(atLeast: low)
        return index < count && self[index].time <= high
    }

    /// Those from `low` to `high`.
    func range(_ low: Int64, _ high: Int64) -> ArraySlice<Element> {
        let start = index(atLeast: low)
        let end = high == .max ? count : index(atLeast: high + 1)
        return self[start..<Swift.max(start, end)]
    }

    /// Inserts an element unless there is one of its time.
    fileprivate mutating func insert(_ element: Element) -> Bool {
        let place = index(atLeast: element.time)
        if place < count, self[place].time == element.time { return false }
        insert(element, at: place)
        return true
    }

    /// Inserts an element, or puts it in the place of one of its time.
    /// - Returns: whether it was inserted.
    fileprivate mutating func replace(_ element: Element) -> Bool {
        if insert(element) { return true }
        self[index(atLeast: element.time)] = element
        return false
    }
}
