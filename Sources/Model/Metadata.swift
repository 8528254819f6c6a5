/// What a metric's exposition says about it.
public struct MetricMetadata: Sendable, Hashable {
    public enum MetricType: String, Sendable, CaseIterable {
        case counter, gauge, histogram, gaugehistogram, summary, info, stateset, unknown
    }

    /// The metric family's name.
    public let metric: String
    public let type: MetricType
    public let help: String
    public let unit: String

    public init(metric: String, type: MetricType, help: String, unit: String = "") {
        self.metric = metric
        self.type = type
        self.help = help
        self.unit = unit
    }
}

/// Gives the metadata of metrics.
public protocol MetadataProvider: Sendable {
    /// Metadata by metric name; of the metric `metric` alone where it is given.
    func metadata(metric: String?) -> [String: [MetricMetadata]]
}
