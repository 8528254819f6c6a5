import Model

@testable import PromQL

/// A store of samples in memory, for tests.
final class MemoryStore: Queryable, Querier, @unchecked Sendable {
    // SAFETY: tests load everything before they query.
    struct Series {
        var labels: Labels
        var samples: [(time: Int64, value: Double)] = []
    }

    private(set) var series: [Series] = []
    private var indices: [Labels: Int] = [:]

    /// Adds samples to a series; of two at one time the later added wins.
    func add(_ labels: Labels, _ samples: [(time: Int64, value: Double)]) {
        let index = indices[labels] ?? series.count
        if index == series.count {
            series.append(Series(labels: labels))
            indices[labels] = index
        }
        let isAscending = zip(samples, samples.dropFirst()).allSatisfy { $0.time < $1.time }
        if isAscending, (series[index].samples.last?.time ?? .min) < (samples.first?.time ?? .max) {
            series[index].samples += samples
            return
        }
        for sample in samples {
            let place = series[index].samples.firstIndex { $0.time >= sample.time } ?? series[index].samples.count
            if place < series[index].samples.count, series[index].samples[place].time == sample.time {
                series[index].samples[place] = sample
            } else {
                series[index].samples.insert(sample, at: place)
            }
        }
    }

    func querier(minTime: Int64, maxTime: Int64) throws(StorageError) -> any Querier { self }

    func select(_ matchers: [Matcher], hints: SelectHints) throws(StorageError) -> any SeriesSet {
        let found = series.filter { one in matchers.allSatisfy { $0.matches(one.labels[$0.name] ?? "") } }
        return Selection(series: found.sorted { $0.labels < $1.labels }, hints: hints)
    }

    func labelNames(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String] { [] }
    func labelValues(_ name: String, _ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [String] { [] }
    func series(_ selectors: [[Matcher]], limit: Int) throws(StorageError) -> [Labels] { [] }
    func close() {}

    private struct Selection: SeriesSet {
        let series: [Series]
        let hints: SelectHints

        var count: Int { series.count }
        func labels(_ index: Int) -> Labels { series[index].labels }

        func read(_ index: Int, into buffer: SampleBuffer) throws(StorageError) {
            for sample in series[index].samples where sample.time >= hints.minTime && sample.time <= hints.maxTime {
                buffer.append(sample.time, sample.value)
            }
        }
    }
}
