import Exposition
import Glibc
import Model

/// What a job makes of the histograms of its targets.
public struct HistogramSettings: Sendable, Equatable {
    public var choice = HistogramChoice()
    /// The most buckets of a native histogram, which is given wider ones until it has no more; 0 for any number.
    public var bucketLimit = 0
    /// Buckets of native histograms grow at least by this factor; 0 for as they come.
    public var minBucketFactor = 0.0

    public init() {}

    /// The finest schema whose buckets grow by ``minBucketFactor``.
    /// - Source: Prometheus 3.5, `scrape.pickSchema`.
    var schemaMax: Int8 {
        let (coarsest, finest) = (Histogram.exponentialSchemas.lowerBound, Histogram.exponentialSchemas.upperBound)
        guard minBucketFactor > 1 else { return finest }
        let schema = floor(-log2(log2(minBucketFactor)))
        return schema <= Double(coarsest) ? coarsest : schema >= Double(finest) ? finest : Int8(schema)
    }
}
