import Model
import TestSupport

@testable import TSDB

/// A sample of either kind, as the tests compare it.
enum PlainValue: Equatable {
    case float(UInt64)
    case histogram(Histogram)
}

typealias PlainSamples = [Labels: [Int64: PlainValue]]

/// What a store must hold, as a plain dictionary.
struct PlainStore {
    private(set) var samples: PlainSamples = [:]
    /// Other values that a sample older than the retention may have: it may have been deleted and stored anew.
    private(set) var others: [Labels: [Int64: [PlainValue]]] = [:]
    /// The newest time that was ever stored, of all series and of each.
    private(set) var newest = Int64.min
    private(set) var newestOf: [Labels: Int64] = [:]
    let retentionMs: Int64

    init(retentionMs: Int64) { self.retentionMs = retentionMs }

    /// What is as new as this is there.
    var sureFrom: Int64 { retentionMs == 0 || newest == .min ? .min : newest - retentionMs }

    /// Stores a sample; of two of one time the first stays.
    /// - Returns: whether it was stored.
    @discardableResult
    mutating func add(_ labels: Labels, _ time: Int64, _ value: PlainValue) -> Bool {
        newest = max(newest, time)
        newestOf[labels] = max(newestOf[labels] ?? .min, time)
        if samples[labels]?[time] != nil {
            if time < sureFrom { others[labels, default: [:]][time, default: []].append(value) }
            return false
        }
        samples[labels, default: [:]][time] = value
        return true
    }

    /// Deletes samples, and gives how many there were.
    mutating func remove(_ selected: (Labels) -> Bool, _ range: ClosedRange<Int64>) -> Int {
        var removed = 0
        for (labels, list) in samples where selected(labels) {
            let kept = list.filter { !range.contains($0.key) }
            removed += list.count - kept.count
            samples[labels] = kept
            others[labels] = nil
        }
        return removed
    }

    func range(_ low: Int64, _ high: Int64) -> PlainSamples {
        samples.mapValues { $0.filter { $0.key >= low && $0.key <= high } }.filter { !$0.value.isEmpty }
    }

    /// What is wrong with what a store holds from `low` to `high`, or nil.
    func fault(in found: PlainSamples, _ low: Int64, _ high: Int64) -> String? {
        let sure = max(low, sureFrom)
        for (labels, list) in range(sure, high) {
            for (time, value) in list.sorted(by: { $0.key < $1.key }) where found[labels]?[time] != value {
                return "\(labels) at \(time) is \(String(describing: found[labels]?[time])), not \(value)"
            }
        }
        for (labels, list) in found {
            for (time, value) in list.sorted(by: { $0.key < $1.key }) where samples[labels]?[time] != value {
                if time < sure, others[labels]?[time]?.contains(value) ?? false { continue }
                return "\(labels) at \(time) is \(value), not \(String(describing: samples[labels]?[time]))"
            }
        }
        return nil
    }
}

extension SampleBuffer {
    /// Its samples by time, or nil where their times do not ascend.
    var byTime: [Int64: PlainValue]? {
        let histograms = Dictionary(uniqueKeysWithValues: histograms.map { ($0.index, $0.histogram) })
        var found: [Int64: PlainValue] = [:]
        for index in 0..<count {
            if index > 0, timestamps[index] <= timestamps[index - 1] { return nil }
            found[timestamps[index]] = histograms[index].map { .histogram($0) } ?? .float(values[index].bitPattern)
        }
        return found
    }

    /// The start time that each of its samples has, by the sample's time.
    var startTimesByTime: [Int64: Int64] {
        Dictionary(uniqueKeysWithValues: (0..<count).map { (timestamps[$0], startTime(at: $0)) })
    }
}

extension Querier {
    /// All samples of either kind by labels.
    func allSamples(from minTime: Int64 = .min, to maxTime: Int64 = .max) throws -> PlainSamples {
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

extension Database {
    func allSamples(from minTime: Int64 = .min, to maxTime: Int64 = .max) throws -> PlainSamples {
        let view = try querier(minTime: minTime, maxTime: maxTime)
        defer { view.close() }
        return try view.allSamples(from: minTime, to: maxTime)
    }
}
