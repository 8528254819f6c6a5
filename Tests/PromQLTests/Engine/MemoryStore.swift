import Model

@testable import PromQL

/// A store of samples in memory, for tests.
final class MemoryStore: Queryable, Querier, @unchecked Sendable {
    // SAFETY: tests load everything before they query.
    struct Sample {
        var time: Int64
        var value: SampleValue
        /// Since when it counts; 0 where it is not known.
        var start: Int64 = 0
    }

    struct Series {
        var labels: Labels
        var samples: [Sample] = []
    }

    private(set) var series: [Series] = []
    private var indices: [Labels: Int] = [:]

    /// Adds numbers to a series; of two samples at one time the later added wins.
    func add(_ labels: Labels, _ samples: [(time: Int64, value: Double)]) {
        add(labels, samples.map { Sample(time: $0.time, value: .float($0.value)) })
    }

    /// Adds samples to a series; of two at one time the later added wins.
    func add(_ labels: Labels, _ samples: [Sample]) {
        let index = indices[labels] ?? series.count
        if index == series.count {
            series.append(Series(labels: labels))
            indices[labels] = index
        }
        defer { settleResets(index) }
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

    /// Says of histograms that they are not reset where Prometheus's store knows it: where they go on as the histogram
    /// right before them, which then lies in the same chunk.
    private func settleResets(_ index: Int) {
        var previous: Histogram?
        for place in series[index].samples.indices {
            guard case .histogram(var histogram) = series[index].samples[place].value else {
                previous = nil
                continue
            }
            if histogram.counterReset != .gauge {
                histogram.counterReset = .unknown
                if let before = previous, before.counterReset != .gauge, before.schema == histogram.schema,
                    before.zeroThreshold == histogram.zeroThreshold, before.customValues == histogram.customValues,
                    !histogram.isReset(after: before)
                {
                    histogram.counterReset = .notReset
                }
            }
            series[index].samples[place].value = .histogram(histogram)
            previous = histogram
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
                buffer.setStartTime(sample.start)
                switch sample.value {
                case .float(let value): buffer.append(sample.time, value)
                case .histogram(let histogram): buffer.append(sample.time, histogram)
                }
            }
        }
    }
}
