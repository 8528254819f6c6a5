import Exposition
import Model

/// How the pages of a job are read.
struct PageSettings {
    var honorTimestamps = true
    var histograms = HistogramChoice()
    /// The most buckets of a native histogram; 0 for any number.
    var bucketsMax = 0
    /// Native histograms with finer schemas are reduced to this one.
    var schemaMax = Histogram.exponentialSchemas.upperBound
    /// What is made of several lines of the page before.
    var links: PageLinks?
    /// When reading has to have ended, of the monotonic clock.
    var endNs = UInt64.max
    /// What else may say that it has.
    var threads: PageThreads?

    init() {}

    init(_ job: JobConfiguration) {
        honorTimestamps = job.honorTimestamps
        histograms = job.histograms.choice
        bucketsMax = job.histograms.bucketLimit
        schemaMax = job.histograms.schemaMax
    }

    /// A histogram as the job wants it stored; nil where it has too many buckets in the widest there are.
    func limited(_ histogram: Histogram) throws(HistogramError) -> Histogram? {
        var histogram = try histogram.reducingResolution(to: schemaMax)
        guard bucketsMax > 0 else { return histogram }
        while histogram.positiveBuckets.count + histogram.negativeBuckets.count > bucketsMax {
            guard !histogram.hasCustomBuckets, histogram.schema > Histogram.exponentialSchemas.lowerBound else {
                return nil
            }
            histogram = try histogram.reducingResolution(to: histogram.schema - 1)
        }
        return histogram
    }
}
