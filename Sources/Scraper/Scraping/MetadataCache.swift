import Exposition
import Model
import Synchronization

/// What is known of metrics from all targets' pages, so that only what is new goes to the store.
final class MetadataCache: Sendable {
    /// How many metrics are remembered; those of further names go to the store whenever their lines change.
    static let metricsMax = 100_000

    private struct State {
        var known: [String: MetricMetadata] = [:]
        /// The metrics that the last page did not tell of, and the first scrape of which that is so.
        var gone: [String: Int] = [:]
        var scrapeCount = 0
    }

    /// For how many scrapes more what is known of a metric stays when pages do not tell of it.
    /// - Source: Prometheus 3.5, `scrapeCache.iterDone`.
    static let scrapesKept = 10

    private let state = Mutex(State())

    /// Takes lines of a page, and returns the metadata that they change.
    func update(_ lines: [MetadataLine]) -> [MetricMetadata] {
        if lines.isEmpty { return [] }
        return state.withLock { state in
            var changed: [String: MetricMetadata] = [:]
            for line in lines {
                let before = changed[line.metric] ?? state.known[line.metric]
                let after = line.applied(to: before)
                if after != before { changed[line.metric] = after }
            }
            for (metric, metadata) in changed
            where state.known[metric] != nil || state.known.count < MetadataCache.metricsMax {
                state.known[metric] = metadata
            }
            return changed.values.sorted { byteOrder($0.metric, $1.metric) }
        }
    }

    /// Takes lines of a page. What `other` knows just so is shared with it: a thousand targets of one kind have their texts
    /// once.
    func update(_ lines: [MetadataLine], sharing other: MetadataCache) {
        for metadata in update(lines) {
            guard let shared = other.all(metric: metadata.metric).first, shared == metadata else { continue }
            state.withLock { state in
                if state.known[metadata.metric] != nil { state.known[metadata.metric] = shared }
            }
        }
    }

    /// What is known of `metric`, or of all, sorted by name.
    func all(metric: String?) -> [MetricMetadata] {
        state.withLock { state in
            if let metric { return state.known[metric].map { [$0] } ?? [] }
            return state.known.values.sorted { byteOrder($0.metric, $1.metric) }
        }
    }

    /// How many metrics are known.
    var count: Int { state.withLock { $0.known.count } }

    /// Forgets metadata that the store could not take.
    func forget(_ metadata: [MetricMetadata]) {
        state.withLock { state in
            for entry in metadata { state.known[entry.metric] = nil }
        }
    }

    /// Counts a scrape, and forgets the metrics that pages have not told of for some time.
    /// - Parameter metrics: those that its page tells of; nil where they are those of the page before.
    func endScrape(tellingOf metrics: Set<String>?) {
        state.withLock { state in
            state.scrapeCount += 1
            if let metrics {
                let gone = state.gone
                state.gone = [:]
                for metric in state.known.keys where !metrics.contains(metric) {
                    state.gone[metric] = gone[metric] ?? state.scrapeCount
                }
            }
            guard !state.gone.isEmpty else { return }
            for (metric, first) in state.gone where state.scrapeCount - first >= MetadataCache.scrapesKept {
                state.known[metric] = nil
                state.gone[metric] = nil
            }
        }
    }
}

extension PageLayout {
    /// The metrics that comments of the page tell of.
    var describedMetrics: Set<String> {
        var metrics: Set<String> = []
        for line in 0..<count where !kind(line).isSample {
            withHead(line) { head in
                // Each format has types that the other does not know.
                for format in [ExpositionFormat.text, .openMetrics] {
                    var parser = TextParser(head, format: format)
                    if let said = try? parser.metadata(of: head) { metrics.insert(said.metric) }
                }
            }
        }
        return metrics
    }
}

extension MetadataLine {
    fileprivate func applied(to before: MetricMetadata?) -> MetricMetadata {
        var type = before?.type ?? .unknown
        var help = before?.help ?? ""
        var unit = before?.unit ?? ""
        switch self {
        case .help(_, let text): help = text
        case .type(_, let named): type = named
        case .unit(_, let text): unit = text
        }
        return MetricMetadata(metric: metric, type: type, help: help, unit: unit)
    }
}
