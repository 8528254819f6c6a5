import Model
import Synchronization

/// A store in memory, with the behaviour that the protocols promise.
final class MemoryStore: Queryable, Appendable, MetadataProvider, ExemplarQueryable {
    struct State {
        var refs: [Labels: SeriesRef] = [:]
        var labels: [Labels] = []
        var samples: [[(timestamp: Int64, value: Double)]] = []
        /// Per series, as the samples.
        var histograms: [[HistogramSample]] = []
        var exemplars: [[Exemplar]] = []
        /// Start times that are known, by series and timestamp.
        var startTimes: [SeriesRef: [Int64: Int64]] = [:]
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
                state.histograms.append([])
                state.exemplars.append([])
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

    /// Native histograms by series.
    var histograms: [String: [HistogramSample]] {
        state.withLock { state in
            Dictionary(uniqueKeysWithValues: zip(state.labels.map(\.description), state.histograms)).filter {
                !$0.value.isEmpty
            }
        }
    }

    /// Known start times by series and timestamp.
    var startTimes: [String: [Int64: Int64]] {
        state.withLock { state in
            Dictionary(
                uniqueKeysWithValues: state.startTimes.map { (state.labels[Int($0.key.id)].description, $0.value) })
        }
    }

    /// Forgets every series, so that references given before are unknown.
    func forgetAll() {
        state.withLock { state in
            state.refs = [:]
            state.samples = state.samples.map { _ in [] }
            state.histograms = state.histograms.map { _ in [] }
            state.exemplars = state.exemplars.map { _ in [] }
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
                    state.histograms.append([])
                    state.exemplars.append([])
                    return ref
                })
        }
        return try result.get()
    }

    func append(_ batch: SampleBatch) async throws(StorageError) -> AppendResult {
        let result: Result<AppendResult, StorageError> = state.withLock { state in
            if let failure = state.failure { return .failure(failure) }
            state.appendedBatches += 1
            var result = AppendResult()
            state.append(samplesOf: batch, &result)
            state.append(histogramsOf: batch, &result)
            state.append(exemplarsOf: batch, &result)
            return .success(result)
        }
        return try result.get()
    }

    func exemplars(
        _ selectors: [[Matcher]], minTime: Int64, maxTime: Int64
    ) throws(StorageError) -> [(series: Labels, exemplars: [Exemplar])] {
        let (failure, all) = state.withLock { ($0.failure, Array(zip($0.labels, $0.exemplars))) }
        if let failure { throw failure }
        return all.filter { labels, _ in
            selectors.contains { $0.allSatisfy { $0.matches(labels[$0.name] ?? "") } }
        }
        .map { ($0, $1.filter { $0.timestamp >= minTime && $0.timestamp <= maxTime }) }
        .filter { !$1.isEmpty }.sorted { $0.0 < $1.0 }
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

extension MemoryStore.State {
    /// Why something at `timestamp` cannot follow the newest of its series; nil where it can.
    private func refusal(
        _ ref: SeriesRef, _ timestamp: Int64, newest: Int64?, repeats: Bool
    ) -> AppendResult.Reason? {
        if !refs.values.contains(ref) { return .unknownSeries }
        guard let newest else { return nil }
        if timestamp < newest { return .outOfOrder }
        return timestamp == newest && !repeats ? .duplicate : nil
    }

    mutating func append(samplesOf batch: SampleBatch, _ result: inout AppendResult) {
        for index in batch.refs.indices {
            let (ref, time, value) = (batch.refs[index], batch.timestamp(index), batch.values[index])
            let last = samples[Int(ref.id)].last
            let repeats = last.map { $0.timestamp == time && $0.value.bitPattern == value.bitPattern } ?? false
            if let reason = refusal(ref, time, newest: last?.timestamp, repeats: repeats) {
                result.rejected.append(.init(index: index, reason: reason))
                continue
            }
            result.appended += 1
            if !repeats { samples[Int(ref.id)].append((time, value)) }
            if !batch.startTimes.isEmpty, batch.startTimes[index] != 0 {
                startTimes[ref, default: [:]][time] = batch.startTimes[index]
            }
        }
    }

    mutating func append(histogramsOf batch: SampleBatch, _ result: inout AppendResult) {
        for (index, sample) in batch.histograms.enumerated() {
            let last = histograms[Int(sample.ref.id)].last
            let repeats = last.map { $0.timestamp == sample.timestamp && $0.histogram == sample.histogram } ?? false
            let newest = last?.timestamp
            if let reason = refusal(sample.ref, sample.timestamp, newest: newest, repeats: repeats) {
                result.rejectedHistograms.append(.init(index: index, reason: reason))
                continue
            }
            result.appended += 1
            if !repeats { histograms[Int(sample.ref.id)].append(sample) }
            if sample.startTime != 0 { startTimes[sample.ref, default: [:]][sample.timestamp] = sample.startTime }
        }
    }

    mutating func append(exemplarsOf batch: SampleBatch, _ result: inout AppendResult) {
        for (index, sample) in batch.exemplars.enumerated() {
            let last = exemplars[Int(sample.ref.id)].last
            let repeats = last == sample.exemplar
            let newest = last?.timestamp
            if let reason = refusal(sample.ref, sample.exemplar.timestamp, newest: newest, repeats: repeats) {
                result.rejectedExemplars.append(.init(index: index, reason: reason))
            } else if !repeats {
                exemplars[Int(sample.ref.id)].append(sample.exemplar)
            }
        }
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
