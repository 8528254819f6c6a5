/// The value that ends a series: a NaN with a payload of its own, so that an ordinary NaN stays a sample.
///
/// - Source: Prometheus `model/value`, StaleNaN.
public enum StaleMarker {
    public static let bitPattern: UInt64 = 0x7ff0_0000_0000_0002
    public static let value = Double(bitPattern: bitPattern)

    @inlinable
    public static func isStale(_ value: Double) -> Bool { value.bitPattern == bitPattern }
}

extension Double {
    /// The NaN that stands for "not a number" in samples, as opposed to the staleness marker.
    public static let ordinaryNaN = Double(bitPattern: 0x7ff8_0000_0000_0001)
}

/// Columns of decoded samples of one series, in time order, reused from series to series.
///
/// Not thread-safe: each worker has its own.
public final class SampleBuffer {
    // SAFETY: both columns hold `capacity` elements, of which the first `count` are initialised; they are owned by this
    // object, replaced only by `reserve`, and freed in `deinit`.

    /// Milliseconds since the Unix epoch, strictly ascending.
    public private(set) var timestamps: UnsafeMutablePointer<Int64>
    public private(set) var values: UnsafeMutablePointer<Double>
    /// How many samples there are. A writer that has filled `n` more elements adds `n`.
    public var count = 0
    public private(set) var capacity: Int
    /// What was decoded since the buffer was emptied.
    public var stored = Stored()
    /// Which of the samples are native histograms, ascending by index; their `values` mean nothing.
    public var histograms: [IndexedHistogram] = []
    /// Where the time from which on the samples count changes, ascending by index; what lies before the first element has
    /// no known start.
    public var startTimes: [IndexedStartTime] = []

    public struct IndexedHistogram: Sendable, Equatable {
        public var index: Int
        public var histogram: Histogram

        public init(index: Int, histogram: Histogram) {
            self.index = index
            self.histogram = histogram
        }
    }

    /// Runs of samples that were decoded, such as rows of blocks and chunks in memory, and how many bytes they are.
    public struct Stored: Sendable, Equatable {
        public var runs = 0
        public var bytes = 0

        public mutating func add(bytes: Int) {
            runs &+= 1
            self.bytes &+= bytes
        }
    }

    /// The samples from `index` on, to that of the next element, count from `startTime` on; 0 where it is not known.
    public struct IndexedStartTime: Sendable, Equatable {
        public var index: Int
        /// Milliseconds since the Unix epoch.
        public var startTime: Int64

        public init(index: Int, startTime: Int64) {
            self.index = index
            self.startTime = startTime
        }
    }

    public init(capacity: Int = 512) {
        self.capacity = Swift.max(capacity, 16)
        timestamps = .allocate(capacity: self.capacity)
        values = .allocate(capacity: self.capacity)
    }

    deinit {
        timestamps.deallocate()
        values.deallocate()
    }

    public func removeAll() {
        count = 0
        stored = Stored()
        // Emptied only where there is something, because this runs once per series.
        if !histograms.isEmpty { histograms.removeAll() }
        if !startTimes.isEmpty { startTimes.removeAll() }
    }

    /// Makes room for `more` further samples. Pointers taken before are no longer valid.
    public func reserve(_ more: Int) {
        guard count + more > capacity else { return }
        let grown = Swift.max(count + more, 2 * capacity)
        let newTimestamps = UnsafeMutablePointer<Int64>.allocate(capacity: grown)
        let newValues = UnsafeMutablePointer<Double>.allocate(capacity: grown)
        newTimestamps.update(from: timestamps, count: count)
        newValues.update(from: values, count: count)
        timestamps.deallocate()
        values.deallocate()
        (timestamps, values, capacity) = (newTimestamps, newValues, grown)
    }

    @inlinable
    public func append(_ timestamp: Int64, _ value: Double) {
        if count == capacity { reserve(1) }
        timestamps[count] = timestamp
        values[count] = value
        count += 1
    }

    /// Appends a native histogram.
    public func append(_ timestamp: Int64, _ histogram: Histogram) {
        histograms.append(IndexedHistogram(index: count, histogram: histogram))
        append(timestamp, histogram.sum)
    }

    /// Says that the samples appended from now on count from `startTime` on; 0 where it is not known.
    public func setStartTime(_ startTime: Int64) {
        guard startTimes.last?.startTime ?? 0 != startTime else { return }
        if startTimes.last?.index == count { startTimes.removeLast() }
        startTimes.append(IndexedStartTime(index: count, startTime: startTime))
    }

    /// Keeps only the samples from `minTime` to `maxTime`, both included, of those from index `start` on.
    public func trim(from start: Int = 0, minTime: Int64, maxTime: Int64) {
        var first = start
        while first < count, timestamps[first] < minTime { first += 1 }
        var end = count
        while end > first, timestamps[end - 1] > maxTime { end -= 1 }
        if first > start {
            // Regions overlap: `update` is memmove.
            (timestamps + start).update(from: timestamps + first, count: end - first)
            (values + start).update(from: values + first, count: end - first)
        }
        count = start + end - first
        if !histograms.isEmpty || !startTimes.isEmpty { trimSparse(from: start, first, end) }
    }

    /// Moves what is told by index as `trim` has moved the samples `first ..< end` to `start`.
    private func trimSparse(from start: Int, _ first: Int, _ end: Int) {
        let cut = first - start
        histograms.removeAll { $0.index >= start && !(first..<end).contains($0.index) }
        for index in histograms.indices where histograms[index].index >= start { histograms[index].index -= cut }
        // What holds for the first sample kept may have been said further ahead.
        let atFirst = startTimes.last { $0.index <= first }
        var kept = startTimes.filter { $0.index < start || $0.index > first && $0.index < end }
        for index in kept.indices where kept[index].index >= start { kept[index].index -= cut }
        if let atFirst, first < end, atFirst.index >= start {
            let place = kept.firstIndex { $0.index >= start } ?? kept.endIndex
            kept.insert(IndexedStartTime(index: start, startTime: atFirst.startTime), at: place)
        }
        startTimes = kept
    }
}
