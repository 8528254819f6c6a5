import Model
import Synchronization

/// A store in memory that keeps what it is given, refuses what a real one refuses, and can be told to fail.
final class MemoryStore: Appendable, Sendable {
    struct Sample: Equatable {
        var timestampMs: Int64
        var value: Double
        var isStale: Bool { StaleMarker.isStale(value) }
    }

    struct State {
        var labels: [Labels] = []
        var refs: [Labels: SeriesRef] = [:]
        var samples: [Labels: [Sample]] = [:]
        var batches: [SampleBatch] = []
        var metadata: [String: MetricMetadata] = [:]
        var metadataCalls = 0
        /// Series that are forgotten at the next append.
        var forgetting: Set<Labels> = []
        var failure: StorageError?
    }

    let state = Mutex(State())

    func resolve(_ labels: [Labels]) throws(StorageError) -> [SeriesRef] {
        state.withLock { state in
            labels.map { labels in
                if let ref = state.refs[labels] { return ref }
                let ref = SeriesRef(id: UInt32(state.labels.count))
                state.labels.append(labels)
                state.refs[labels] = ref
                return ref
            }
        }
    }

    func append(_ batch: SampleBatch) async throws(StorageError) -> AppendResult {
        let result = state.withLock { state -> Result<AppendResult, StorageError> in
            if let failure = state.failure { return .failure(failure) }
            state.batches.append(batch)
            for labels in state.forgetting { state.refs[labels] = nil }
            state.forgetting = []
            var result = AppendResult()
            for index in batch.refs.indices {
                let labels = state.labels[Int(batch.refs[index].id)]
                let sample = Sample(timestampMs: batch.timestamp(index), value: batch.values[index])
                let last = state.samples[labels]?.last
                if state.refs[labels] != batch.refs[index] {
                    result.rejected.append(.init(index: index, reason: .unknownSeries))
                } else if let last, last.timestampMs > sample.timestampMs {
                    result.rejected.append(.init(index: index, reason: .outOfOrder))
                } else if let last, last.timestampMs == sample.timestampMs {
                    if last.value.bitPattern == sample.value.bitPattern {
                        result.appended += 1
                    } else {
                        result.rejected.append(.init(index: index, reason: .duplicate))
                    }
                } else {
                    state.samples[labels, default: []].append(sample)
                    result.appended += 1
                }
            }
            return .success(result)
        }
        return try result.get()
    }

    func setMetadata(_ metadata: [MetricMetadata]) async throws(StorageError) {
        state.withLock { state in
            state.metadataCalls += 1
            for entry in metadata { state.metadata[entry.metric] = entry }
        }
    }

    /// The samples of the series with these labels in selector notation.
    func samples(_ description: String) -> [Sample] {
        state.withLock { $0.samples.first { "\($0.key)" == description }?.value ?? [] }
    }

    /// All series in selector notation, sorted, the reports about scrapes left out.
    var seriesWithoutReports: [String] {
        state.withLock { $0.samples.keys }
            .filter { ($0.metricName ?? "") != "up" && !($0.metricName ?? "").hasPrefix("scrape_") }
            .sorted().map(\.description)
    }
}
