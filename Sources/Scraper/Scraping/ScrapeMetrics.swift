import Model

/// What the scraper counts about itself, under Prometheus's names where the meaning is the same.
struct ScrapeMetrics: Sendable {
    let outOfOrder: Counter
    let duplicates: Counter
    let outOfBounds: Counter
    let overSampleLimit: Counter
    let overBodyLimit: Counter
    let overBucketLimit: Counter
    let overTargetLimit: Counter
    let overLabelLimits: Counter
    let skipped: Counter
    let samples: Counter
    let failures: Counter

    init(_ registry: MetricRegistry) {
        func counter(_ name: String, _ help: String) -> Counter { registry.counter("prometheus_target_" + name, help) }
        outOfOrder = counter(
            "scrapes_sample_out_of_order_total", "Samples rejected because their series has a newer one.")
        duplicates = counter(
            "scrapes_sample_duplicate_timestamp_total",
            "Samples rejected because their series has another value at the same time, or the page has them twice.")
        outOfBounds = counter(
            "scrapes_sample_out_of_bounds_total", "Samples rejected because their time is too far in the past or ahead."
        )
        overSampleLimit = counter(
            "scrapes_exceeded_sample_limit_total", "Scrapes that failed at the job's sample_limit.")
        overBodyLimit = counter(
            "scrapes_exceeded_body_size_limit_total", "Scrapes that failed at the bound on a page's size.")
        overBucketLimit = counter(
            "scrapes_exceeded_native_histogram_bucket_limit_total",
            "Scrapes that failed at the job's native_histogram_bucket_limit.")
        overTargetLimit = counter(
            "scrape_pool_exceeded_target_limit_total", "Times that a job had more targets than its target_limit.")
        overLabelLimits = counter(
            "scrape_pool_exceeded_label_limits_total", "Scrapes that failed at one of the job's limits of labels.")
        skipped = registry.counter(
            "tsdb_scrapes_skipped_total",
            "Scrapes left out because the one before was still under way, or came too late.")
        samples = registry.counter("tsdb_scrape_samples_appended_total", "Samples of scrapes that were stored.")
        failures = registry.counter("tsdb_scrapes_failed_total", "Scrapes that failed for any reason.")
    }

    /// Counts the samples of a page that did not go to the store.
    func count(_ outcome: ScrapeSession.Outcome) {
        outOfBounds.add(outcome.tooFarAhead)
        duplicates.add(outcome.repeated)
    }

    /// Counts the samples that the store refused.
    func count(_ result: AppendResult) {
        samples.add(result.appended)
        for rejection in result.rejected + result.rejectedHistograms {
            switch rejection.reason {
            case .outOfOrder: outOfOrder.add()
            case .duplicate: duplicates.add()
            case .tooOld: outOfBounds.add()
            case .unknownSeries, .invalid: break
            }
        }
    }

    func count(_ failure: ScrapeFailure) {
        failures.add()
        switch failure.kind {
        case .sampleLimit: overSampleLimit.add()
        case .labelLimit: overLabelLimits.add()
        case .bodyLimit: overBodyLimit.add()
        case .bucketLimit: overBucketLimit.add()
        case .cancelled, .other: break
        }
    }
}
