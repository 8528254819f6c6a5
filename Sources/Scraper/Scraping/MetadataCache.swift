import Exposition
import Model
import Synchronization

/// What is known of metrics: of one target's from its pages, or what all targets have told the store.
final class MetadataCache: Sendable {
    /// How many metrics are remembered, and how many bytes of texts; those of further names go to the store whenever
    /// their lines change.
    static let metricsMax = 100_000
    static let bytesMax = 16 << 20

    private struct State {
        var known: [String: MetricMetadata] = [:]
        /// The bytes of these.
        var bytes = 0
        /// The metrics that the last page did not tell of, and the first scrape of which that is so.
        var gone: [String: Int] = [:]
        var scrapeCount = 0

        mutating func remember(_ metadata: MetricMetadata) {
            forget(metadata.metric)
            guard known.count < metricsMax, bytes + metadata.bytes <= bytesMax else { return }
            known[metadata.metric] = metadata
            bytes += metadata.bytes
        }

        mutating func forget(_ metric: String) {
            guard let metadata = known.removeValue(forKey: metric) else { return }
            bytes -= metadata.bytes
        }
    }

    /// For how many scrapes more what is known of a metric stays when pages do not tell of it.
    /// - Source: Prometheus 3.5, `scrapeCache.iterDone`.
    static let scrapesKept = 10

    private let state = Mutex(State())

    /// Takes all lines of a page, of which the later hold, and returns the metadata that they change, sorted by metric.
    /// - Parameter isOfFailure: whether the page could not be read to its end: what it told first is not kept for long.
    func update(_ lines: [MetadataLine], isOfFailure: Bool = false) -> [MetricMetadata] {
        if lines.isEmpty { return [] }
        return state.withLock { state in
            var told: [String: MetricMetadata] = [:]
            for line in lines {
                told[line.metric] = line.applied(to: told[line.metric] ?? state.known[line.metric])
            }
            let changed = told.values.filter { $0 != state.known[$0.metric] }
            for metadata in changed {
                if isOfFailure, state.known[metadata.metric] == nil { state.gone[metadata.metric] = state.scrapeCount }
                state.remember(metadata)
            }
            return changed.sorted { byteOrder($0.metric, $1.metric) }
        }
    }

    /// Takes what a target tells, and returns what is news.
    func note(_ metadata: [MetricMetadata]) -> [MetricMetadata] {
        state.withLock { state in
            let news = metadata.filter { $0 != state.known[$0.metric] }
            for one in news { state.remember(one) }
            return news
        }
    }

    /// Takes what `other` knows just so from there: a thousand targets of one kind have their texts once.
    func share(_ metadata: [MetricMetadata], with other: MetadataCache) {
        for one in metadata {
            guard let shared = other.all(metric: one.metric).first, shared == one else { continue }
            state.withLock { state in
                if state.known[one.metric] == shared { state.known[one.metric] = shared }
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

    /// Adds what is known of `metric`, or of all, to what others know, where they do not know just that.
    func add(to told: inout [String: [MetricMetadata]], metric: String?) {
        state.withLock { state in
            if let metric {
                if let metadata = state.known[metric] { told.add(metadata) }
            } else {
                for metadata in state.known.values { told.add(metadata) }
            }
        }
    }

    /// How many metrics are known.
    var count: Int { state.withLock { $0.known.count } }

    /// Forgets metadata that the store could not take.
    func forget(_ metadata: [MetricMetadata]) {
        state.withLock { state in
            for entry in metadata { state.forget(entry.metric) }
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
                state.forget(metric)
                state.gone[metric] = nil
            }
        }
    }
}

extension PageLayout {
    /// What comments of the page say of metrics.
    var metadata: [MetadataLine] {
        var said: [MetadataLine] = []
        for line in 0..<count where !kind(line).isSample {
            withHead(line) { head in
                // Lines of protobuf pages are written as those of OpenMetrics, which has all types.
                var parser = TextParser(head, format: format == .text ? .text : .openMetrics)
                if let metadata = try? parser.metadata(of: head) { said.append(metadata) }
            }
        }
        return said
    }
}

extension [String: [MetricMetadata]] {
    fileprivate mutating func add(_ metadata: MetricMetadata) {
        if self[metadata.metric]?.contains(metadata) ?? false { return }
        self[metadata.metric, default: []].append(metadata)
    }
}

extension MetricMetadata {
    /// How many bytes its texts have.
    fileprivate var bytes: Int { metric.utf8.count + help.utf8.count + unit.utf8.count }
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
