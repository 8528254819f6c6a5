import Model
import Synchronization

/// What targets' pages say of metrics, and of other metrics what is known otherwise: from pages before, or because it was
/// written here.
public struct ScrapedMetadata: MetadataProvider {
    private let manager: ScrapeManager
    private let others: any MetadataProvider

    public init(_ manager: ScrapeManager, others: any MetadataProvider) {
        self.manager = manager
        self.others = others
    }

    /// - Returns: of a metric of which targets say different things, all of these.
    public func metadata(metric: String?) -> [String: [MetricMetadata]] {
        var told: [String: [MetricMetadata]] = [:]
        for target in manager.state.withLock({ $0.targets }) { target.metadata.add(to: &told, metric: metric) }
        return others.metadata(metric: metric).merging(told) { _, told in told }
    }
}
