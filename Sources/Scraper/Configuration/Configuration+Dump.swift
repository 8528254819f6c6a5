import Exposition
import Model

extension Configuration {
    /// The configuration with every default filled in and secrets hidden, as `/api/v1/status/config` shows it.
    public var yamlText: String {
        var writer = YAMLWriter()
        writer.mapping("global") { writer in
            writer.value("scrape_interval", PrometheusDuration.format(global.scrapeIntervalMs))
            writer.value("scrape_timeout", PrometheusDuration.format(global.scrapeTimeoutMs))
            writer.value("evaluation_interval", PrometheusDuration.format(global.evaluationIntervalMs))
            writer.labels("external_labels", global.externalLabels)
            writer.limits(global.limits)
            writer.list("scrape_protocols", (global.scrapeProtocols ?? []).map(\.rawValue))
            if global.hasExtraMetrics { writer.value("extra_scrape_metrics", true) }
        }
        writer.list("scrape_configs", jobs) { $0.job($1) }
        if otlp != OTLPSettings() { writer.mapping("otlp") { $0.otlp(otlp) } }
        writer.list("remote_write", remoteWrite) { $0.remoteWrite($1) }
        writer.list("remote_read", remoteRead) { $0.remoteRead($1) }
        if storage.outOfOrderMs > 0 {
            writer.mapping("storage") { writer in
                writer.mapping("tsdb") { writer in
                    writer.value("out_of_order_time_window", PrometheusDuration.format(storage.outOfOrderMs))
                }
            }
        }
        return writer.text
    }
}

extension JobConfiguration {
    /// The job's configuration with every default filled in and secrets hidden.
    var yamlText: String {
        var writer = YAMLWriter()
        writer.job(self)
        return writer.text
    }
}

/// What stands in place of a secret.
let hidden = "<secret>"

extension YAMLWriter {
    mutating func labels(_ key: String, _ labels: Labels) {
        guard !labels.isEmpty else { return }
        mapping(key) { writer in
            for label in labels { writer.value(label.name, label.value) }
        }
    }

    fileprivate mutating func limits(_ limits: ScrapeLimits) {
        if limits.bodyBytes > 0 { value("body_size_limit", "\(limits.bodyBytes)B") }
        let counts = [
            ("sample_limit", limits.samples), ("label_limit", limits.labels),
            ("label_name_length_limit", limits.labelNameBytes), ("label_value_length_limit", limits.labelValueBytes),
            ("target_limit", limits.targets), ("keep_dropped_targets", limits.droppedTargets),
        ]
        for (key, count) in counts where count > 0 { value(key, count) }
    }

    fileprivate mutating func histograms(_ histograms: HistogramSettings) {
        value("scrape_native_histograms", histograms.choice.takesNative)
        value("always_scrape_classic_histograms", histograms.choice.takesClassicToo)
        value("convert_classic_histograms_to_nhcb", histograms.choice.convertsClassic)
        if histograms.bucketLimit > 0 { value("native_histogram_bucket_limit", histograms.bucketLimit) }
        if histograms.minBucketFactor > 0 {
            value("native_histogram_min_bucket_factor", histograms.minBucketFactor)
        }
    }

    fileprivate mutating func otlp(_ otlp: OTLPSettings) {
        list("promote_resource_attributes", otlp.promotedAttributes)
        value("promote_all_resource_attributes", otlp.promotesAllAttributes)
        list("ignore_resource_attributes", otlp.ignoredAttributes)
        value("translation_strategy", otlp.translation.rawValue)
        value("keep_identifying_resource_attributes", otlp.keepsIdentifyingAttributes)
        value("convert_histograms_to_nhcb", otlp.convertsHistograms)
        value("promote_scope_metadata", otlp.promotesScope)
        value("label_name_underscore_sanitization", otlp.sanitizesLeadingUnderscores)
        value("label_name_preserve_multiple_underscores", otlp.keepsMultipleUnderscores)
    }

    fileprivate mutating func job(_ job: JobConfiguration) {
        value("job_name", job.name)
        value("honor_labels", job.honorLabels)
        value("honor_timestamps", job.honorTimestamps)
        value("track_timestamps_staleness", job.trackTimestampsStaleness)
        if !job.parameters.isEmpty {
            mapping("params") { writer in
                for parameter in job.parameters { writer.list(parameter.name, parameter.values) }
            }
        }
        value("scrape_interval", PrometheusDuration.format(job.scrapeIntervalMs))
        value("scrape_timeout", PrometheusDuration.format(job.scrapeTimeoutMs))
        list("scrape_protocols", job.scrapeProtocols.map(\.rawValue))
        if let fallback = job.fallbackProtocol { value("fallback_scrape_protocol", fallback.rawValue) }
        histograms(job.histograms)
        value("metric_name_validation_scheme", job.names.isLegacy ? "legacy" : "utf8")
        value("metric_name_escaping_scheme", job.names.escaping.rawValue)
        if job.hasExtraMetrics { value("extra_scrape_metrics", true) }
        value("metrics_path", job.metricsPath)
        value("scheme", job.scheme)
        value("enable_compression", job.enableCompression)
        limits(job.limits)
        http(job.http)
        list("relabel_configs", job.relabelRules) { $0.rule($1) }
        list("metric_relabel_configs", job.metricRelabelRules) { $0.rule($1) }
        list("static_configs", job.targetGroups) { writer, group in
            writer.list("targets", group.targets)
            writer.labels("labels", group.labels)
        }
        discoveries(job.discoveries)
    }

    mutating func rule(_ rule: RelabelRule) {
        list("source_labels", rule.sourceLabels)
        value("separator", rule.separator)
        if !rule.targetLabel.isEmpty { value("target_label", rule.targetLabel) }
        if rule.modulus > 0 { value("modulus", Int(clamping: rule.modulus)) }
        // Nothing may be said of it where it is not looked at.
        if rule.action != .keepequal, rule.action != .dropequal { value("regex", rule.regex.pattern) }
        value("replacement", rule.replacement)
        value("action", rule.action.rawValue)
    }
}
