import Exposition
import Model
import Synchronization

/// What is known of metrics from all targets' pages, so that only what is new goes to the store.
final class MetadataCache: Sendable {
    /// How many metrics are remembered; those of further names go to the store whenever their lines change.
    static let metricsMax = 100_000

    private let known = Mutex<[String: MetricMetadata]>([:])

    /// Takes lines of a page, and returns the metadata that they change.
    func update(_ lines: [MetadataLine]) -> [MetricMetadata] {
        if lines.isEmpty { return [] }
        return known.withLock { known in
            var changed: [String: MetricMetadata] = [:]
            for line in lines {
                let before = changed[line.metric] ?? known[line.metric]
                let after = line.applied(to: before)
                if after != before { changed[line.metric] = after }
            }
            for (metric, metadata) in changed where known[metric] != nil || known.count < MetadataCache.metricsMax {
                known[metric] = metadata
            }
            return changed.values.sorted { byteOrder($0.metric, $1.metric) }
        }
    }

    /// Takes lines of a page. What `other` knows just so is shared with it: a thousand targets of one kind have their texts
    /// once.
    func update(_ lines: [MetadataLine], sharing other: MetadataCache) {
        for metadata in update(lines) {
            guard let shared = other.all(metric: metadata.metric).first, shared == metadata else { continue }
            known.withLock { known in
                if known[metadata.metric] != nil { known[metadata.metric] = shared }
            }
        }
    }

    /// What is known of `metric`, or of all, sorted by name.
    func all(metric: String?) -> [MetricMetadata] {
        known.withLock { known in
            if let metric { return known[metric].map { [$0] } ?? [] }
            return known.values.sorted { byteOrder($0.metric, $1.metric) }
        }
    }

    /// How many metrics are known.
    var count: Int { known.withLock { $0.count } }

    /// Forgets metadata that the store could not take.
    func forget(_ metadata: [MetricMetadata]) {
        known.withLock { known in
            for entry in metadata { known[entry.metric] = nil }
        }
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
