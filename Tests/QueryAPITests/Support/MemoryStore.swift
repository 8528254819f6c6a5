import Model
import Synchronization

/// A store in memory, with the behaviour that the protocols promise.
final class MemoryStore: Queryable, Appendable, MetadataProvider {
    struct State {
        var refs: [Labels: SeriesRef] = [:]
        var labels: [Labels] = []
        var samples: [[(timestamp: Int64, value: Double)]] = []
        var metadata: [MetricMetadata] = []
        var resolveCalls = 0
        var appendedBatches = 0
        var failure: StorageError?
    }

    let state = Mutex(State())

    init(_ series: [(labels: Labels, samples: [(timestamp: Int64, value: Double)])] = []) {
        state.withLock { state in
            for one in series {
                state.refs[one.labels] = SeriesRef(id: UInt32(state.labels.count))
                state.labels.append(one.labels)
                state.samples.append(one.samples)
            }
        }
    }

    func fail(with error: StorageError?) { state.withLock { $0.failure = error } }

    /// Samples by series, in the notation of tests.
    var contents: [String: [(timestamp: Int64, value: Double)]] {
        state.withLock { state in
            Dictionary(uniqueKeysWithValues: zip(state.labels.map(\.description), state.samples))
        }
    }

    /// Forgets every series, so that references given before are unknown.
    func forgetAll() {
        state.withLock { state in
            state.refs = [:]
            state.samples = state.samples.map { _ in [] }
        }
    }

    func resolve(_ labels: [Labels]) throws(StorageError) -> [SeriesRef] {
        let result: Result<[SeriesRef], StorageError> = state.withLock { state in
            state.resolveCalls += 1
            if let failure = state.failure { return .failure(failure) }
            return .success(
                labels.map { labels in
                    if let ref = state.refs[labels] { return ref }
                    let ref = SeriesRef(id: UInt32(state.labels.count))
                    state.refs[labels] = ref
                    state.labels.append(labels)
                    state.samples.append([])
                    return ref
                })
        }
        return try result.get()
    }

    func append(_ batch: SampleBatch) async throws(StorageError) -> AppendResult {
        let result: Result<AppendResult, StorageError> = state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            state.appendedBatches += 1
            let known = Set(state.refs.values)
            var result = AppendResult()
            for index in batch.refs.indices {
                let series = Int(batch.refs[index].id)
                let timestamp = batch.timestamp(index)
                let value = batch.values[index]
                if !known.contains(batch.refs[index]) {
                    result.rejected.append(.init(index: index, reason: .unknownSeries))
                } else if let last = state.samples[series].last, timestamp < last.timestamp {
                    result.rejected.append(.init(index: index, reason: .outOfOrder))
                } else if let last = state.samples[series].last, timestamp == last.timestamp {
                    if last.value.bitPattern == value.bitPattern {
                        result.appended += 1
                    } else {
                        result.rejected.append(.init(index: index, reason: .duplicate))
                    }
                } else {
                    state.samples[series].append((timestamp, value))
                    result.appended += 1
                }
            }
            return .success(result)
        }
        return try result.get()
    }

    func setMetadata(_ metadata: [MetricMetadata]) async throws(StorageError) {
        state.withLock { $0.metadata += metadata }
    }

    func metadata(metric: String?) -> [String: [MetricMetadata]] {
        let all = state.withLock { $0.metadata }
        return Dictionary(grouping: all.filter { metric == nil || $0.metric == metric }, by: \.metric)
    }

    func querier(minTime: Int64, maxTime: Int64) throws(StorageError) -> any Querier {
        let (failure, series) = state.withLock { ($0.failure, Array(zip($0.labels, $0.samples))) }
        if let failure { throw failure }
        return MemoryQuerier(
            series: series.sorted { $0.0 < $1.0 }.map { MemorySeries(labels: $0.0, samples: $0.1) }, minTime: minTime,
            maxTime: maxTime)
    }
}

struct MemorySeries: Sendable {
    let labels: Labels
    let samples: [(timestamp: Int64, value: Double)]
}

final class MemoryQuerier: Querier {
    private let series: [MemorySeries]
    private let minTime: Int64
    private let maxTime: Int64

    init(series: [MemorySeries], minTime: Int64, maxTime: Int64) {
        self.series = series
        self.minTime = minTime
        self.maxTime = maxTime
    }

    func select(_ matchers: [Matcher], hints: SelectHints) -> any SeriesSet {
        MemorySeriesSet(series: series.filter { matches($0, matchers) }, hints: hints)
    }

    private func matches(_ series: MemorySeries, _ matchers: [Matcher]) -> Bool {
        matchers.allSatisfy { $0.matches(series.labels[$0.name] ?? "") }
    }

    private func selected(_ selectors: [[Matcher]]) -> [MemorySeries] {
        series.filter { one in
            (selectors.isEmpty || selectors.contains { matches(one, $0) })
                && one.samples.contains { $0.timestamp >= minTime && $0.timestamp <= maxTime }
        }
    }

    func labelNames(_ selectors: [[Matcher]], limit: Int) -> [String] {
        cut(Set(selected(selectors).flatMap { $0.labels.map(\.name) }).sorted(by: byteOrder), limit)
    }

    func labelValues(_ name: String, _ selectors: [[Matcher]], limit: Int) -> [String] {
        cut(Set(selected(selectors).compactMap { $0.labels[name] }).sorted(by: byteOrder), limit)
    }

    func series(_ selectors: [[Matcher]], limit: Int) -> [Labels] {
        cut(selected(selectors).map(\.labels), limit)
    }

    private func cut<Element>(_ list: [Element], _ limit: Int) -> [Element] {
        limit > 0 ? Array(list.prefix(limit)) : list
    }

    func close() {}
}

struct MemorySeriesSet: SeriesSet {
    let series: [MemorySeries]
    let hints: SelectHints

    var count: Int { series.count }

    func labels(_ index: Int) -> Labels { series[index].labels }

    func read(_ index: Int, into buffer: SampleBuffer) {
        for sample in series[index].samples where sample.timestamp >= hints.minTime && sample.timestamp <= hints.maxTime
        {
            buffer.append(sample.timestamp, sample.value)
        }
    }
}
