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

extension MetricMetadata {
    /// What the names of series add to that of their metric.
    package static let seriesSuffixes = ["_bucket", "_sum", "_count", "_total", "_created", "_info"]

    /// The names that the metric of a series may have: the series' own, or that without what it may have added.
    package static func names(ofSeries name: String) -> [String] {
        [name] + seriesSuffixes.filter(name.hasSuffix).map { String(name.dropLast($0.count)) }
    }
}

/// Gives the metadata of metrics.
public protocol MetadataProvider: Sendable {
    /// Metadata by metric name; of the metric `metric` alone where it is given.
    func metadata(metric: String?) -> [String: [MetricMetadata]]
}
