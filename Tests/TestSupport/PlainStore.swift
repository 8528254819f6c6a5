import Model

/// A sample of either kind, as the tests compare it.
public enum PlainValue: Equatable, Sendable {
    case float(UInt64)
    case histogram(Histogram)
}

public typealias PlainSamples = [Labels: [Int64: PlainValue]]

/// What a store must hold, as a plain dictionary.
public struct PlainStore: Sendable {
    public private(set) var samples: PlainSamples = [:]
    /// What a sample older than the retention may be besides. When it is deleted as too old, one that came second may
    /// still wait to be put in its place; and after a restart it may be back for a while.
    private var others: [Labels: [Int64: [PlainValue]]] = [:]
    /// The newest time that was ever stored, of all series and of each.
    public private(set) var newest = Int64.min
    public private(set) var newestOf: [Labels: Int64] = [:]
    private let retentionMs: Int64

    public init(retentionMs: Int64) { self.retentionMs = retentionMs }

    /// What is as new as this is there.
    public var sureFrom: Int64 { sureFrom(newest) }

    private func sureFrom(_ newest: Int64) -> Int64 {
        retentionMs == 0 || newest == .min ? .min : newest - retentionMs
    }

    /// Stores a sample; of two of one time the first stays.
    /// - Returns: whether it was stored.
    @discardableResult
    public mutating func add(_ labels: Labels, _ time: Int64, _ value: PlainValue) -> Bool {
        newest = max(newest, time)
        newestOf[labels] = max(newestOf[labels] ?? .min, time)
        if samples[labels]?[time] != nil {
            others[labels, default: [:]][time, default: []].append(value)
            return false
        }
        samples[labels, default: [:]][time] = value
        return true
    }

    /// Deletes samples, and gives how many there were.
    @discardableResult
    public mutating func remove(_ selected: (Labels) -> Bool, _ range: ClosedRange<Int64>) -> Int {
        var removed = 0
        for (labels, list) in samples where selected(labels) {
            let kept = list.filter { !range.contains($0.key) }
            removed += list.count - kept.count
            samples[labels] = kept
            others[labels] = nil
        }
        return removed
    }

    /// Goes on from what was found in a store that holds what it must.
    public mutating func settle(_ found: PlainSamples, unsure: Unsure = Unsure()) {
        for (labels, list) in samples {
            for (time, value) in list where found[labels]?[time] != value {
                others[labels, default: [:]][time, default: []].append(value)
            }
        }
        samples = found
        newest = max(newest, unsure.newest)
        newestOf = found.compactMapValues { $0.keys.max() }
        for (labels, list) in unsure.samples {
            for (time, values) in list { others[labels, default: [:]][time, default: []] += values }
        }
        // What is older still has surely gone.
        let oldest = newest == .min ? .min : newest - 3 * retentionMs
        others = others.mapValues { list in list.filter { $0.key >= oldest } }
    }

    public func range(_ low: Int64, _ high: Int64) -> PlainSamples {
        samples.mapValues { $0.filter { $0.key >= low && $0.key <= high } }.filter { !$0.value.isEmpty }
    }

    /// What was sent and not answered: the store may have any part of it.
    public struct Unsure {
        public var samples: [Labels: [Int64: [PlainValue]]] = [:]
        public var deleted: [(labels: Labels, range: ClosedRange<Int64>)] = []
        public private(set) var newest = Int64.min

        public init() {}

        public mutating func add(_ labels: Labels, _ time: Int64, _ value: PlainValue) {
            samples[labels, default: [:]][time, default: []].append(value)
            newest = max(newest, time)
        }

        fileprivate func isDeleted(_ labels: Labels, _ time: Int64) -> Bool {
            deleted.contains { $0.labels == labels && $0.range.contains(time) }
        }
    }

    /// What is wrong with what a store holds from `low` to `high`, or nil.
    public func fault(
        in found: PlainSamples, _ low: Int64 = .min, _ high: Int64 = .max, unsure: Unsure = Unsure()
    ) -> String? {
        let sure = max(low, sureFrom(max(newest, unsure.newest)))
        for (labels, list) in range(sure, high) {
            for (time, value) in list.sorted(by: { $0.key < $1.key }) where found[labels]?[time] != value {
                if unsure.isDeleted(labels, time) { continue }
                return "\(labels) at \(time) is \(String(describing: found[labels]?[time])), not \(value)"
            }
        }
        for (labels, list) in found {
            for (time, value) in list.sorted(by: { $0.key < $1.key }) where samples[labels]?[time] != value {
                let mayHaveGone = time < sure || samples[labels]?[time] == nil || unsure.isDeleted(labels, time)
                if mayHaveGone, unsure.samples[labels]?[time]?.contains(value) ?? false { continue }
                if time < sure, others[labels]?[time]?.contains(value) ?? false { continue }
                return "\(labels) at \(time) is \(value), not \(String(describing: samples[labels]?[time]))"
            }
        }
        return nil
    }
}

extension SampleBuffer {
    /// Its samples by time, or nil where their times do not ascend.
    public var byTime: [Int64: PlainValue]? {
        let histograms = Dictionary(uniqueKeysWithValues: histograms.map { ($0.index, $0.histogram) })
        var found: [Int64: PlainValue] = [:]
        for index in 0..<count {
            if index > 0, timestamps[index] <= timestamps[index - 1] { return nil }
            found[timestamps[index]] = histograms[index].map { .histogram($0) } ?? .float(values[index].bitPattern)
        }
        return found
    }
}

extension Querier {
    /// All samples of either kind by labels.
    public func allSamples(from minTime: Int64 = .min, to maxTime: Int64 = .max) throws -> PlainSamples {
        let set = try select([], hints: SelectHints(minTime: minTime, maxTime: maxTime))
        var found: PlainSamples = [:]
        for index in 0..<set.count {
            let buffer = SampleBuffer()
            try set.read(index, into: buffer)
            guard let samples = buffer.byTime else { throw TestFailure("\(set.labels(index)): times do not ascend") }
            if !samples.isEmpty { found[set.labels(index)] = samples }
        }
        return found
    }
}

extension Queryable {
    /// All samples of either kind by labels that a view of now has.
    public func allSamples(from minTime: Int64 = .min, to maxTime: Int64 = .max) throws -> PlainSamples {
        let view = try querier(minTime: minTime, maxTime: maxTime)
        defer { view.close() }
        return try view.allSamples(from: minTime, to: maxTime)
    }
}
