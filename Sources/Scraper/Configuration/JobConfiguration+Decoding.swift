import Exposition
import Model
import YAML

extension JobConfiguration {
    /// One entry of `scrape_configs`, and where its name is written; nil where it is no mapping.
    static func decode(
        _ node: YAMLNode, _ global: GlobalConfiguration, folder: String, _ diagnostics: Diagnostics
    ) -> (job: JobConfiguration, namePlace: YAMLMark)? {
        guard var section = MappingDecoder(node, "scrape_configs entry", diagnostics) else { return nil }
        var job = JobConfiguration()
        job.name = section.string("job_name") ?? ""
        if job.name.isEmpty { diagnostics.report(section.place("job_name"), "job_name is empty") }
        job.decodeTimes(&section, global)
        job.metricsPath = section.string("metrics_path") ?? job.metricsPath
        job.decodeScheme(&section)
        job.decodeParameters(&section)
        job.honorLabels = section.bool("honor_labels") ?? job.honorLabels
        job.honorTimestamps = section.bool("honor_timestamps") ?? job.honorTimestamps
        job.trackTimestampsStaleness = section.bool("track_timestamps_staleness") ?? job.trackTimestampsStaleness
        job.enableCompression = section.bool("enable_compression") ?? job.enableCompression
        job.histograms = section.histograms(global.histograms)
        section.bounds(of: &job.histograms)
        job.names = section.names(global.names)
        job.scrapeProtocols =
            section.scrapeProtocols() ?? global.scrapeProtocols
            ?? ScrapeProtocol.defaults(native: job.histograms.choice.takesNative)
        job.fallbackProtocol = section.word("fallback_scrape_protocol")
        job.limits = section.limits(global.limits)
        job.http = .decode(&section, folder: folder)
        job.discoveries = DiscoveryConfiguration.decode(&section, folder: folder)
        job.relabelRules = section.relabelRules("relabel_configs")
        // Rules may make an address of whatever is written as one, such as a URL to be probed.
        job.targetGroups = section.targetGroups(areAddresses: job.relabelRules.isEmpty)
        job.metricRelabelRules = section.relabelRules("metric_relabel_configs")
        job.hasExtraMetrics = section.bool("extra_scrape_metrics") ?? global.hasExtraMetrics
        section.finish()
        return (job, section.place("job_name"))
    }

    private mutating func decodeTimes(_ section: inout MappingDecoder, _ global: GlobalConfiguration) {
        scrapeIntervalMs = section.interval("scrape_interval") ?? global.scrapeIntervalMs
        guard let timeout = section.interval("scrape_timeout") else {
            scrapeTimeoutMs = min(global.scrapeTimeoutMs, scrapeIntervalMs)
            return
        }
        scrapeTimeoutMs = timeout
        if timeout > scrapeIntervalMs {
            section.diagnostics.report(
                section.place("scrape_timeout"),
                "scrape timeout (\(PrometheusDuration.format(timeout))) greater than scrape interval "
                    + "(\(PrometheusDuration.format(scrapeIntervalMs))) for scrape config with job name \(quoted(name))"
            )
        }
    }

    private mutating func decodeScheme(_ section: inout MappingDecoder) {
        guard let text = section.string("scheme") else { return }
        scheme = text
        if text != "http" && text != "https" {
            section.diagnostics.report(
                section.place("scheme"), "expected http or https for scheme, found \(quoted(text))")
        }
    }

    private mutating func decodeParameters(_ section: inout MappingDecoder) {
        for entry in section.pairs("params") ?? [] where !entry.value.isNull {
            guard case .sequence(let nodes) = entry.value.content else {
                section.diagnostics.report(
                    entry.value.mark,
                    "expected a list of values for parameter \(entry.key), found \(entry.value.kindName)")
                continue
            }
            let values = nodes.compactMap { section.scalar($0, "parameter \(entry.key)", "text") }
            parameters.append(Parameter(name: entry.key, values: values))
        }
        parameters.sort { byteOrder($0.name, $1.name) }
    }
}

extension MappingDecoder {
    /// The groups of `static_configs`.
    mutating func targetGroups(areAddresses: Bool) -> [JobConfiguration.TargetGroup] {
        (list("static_configs") ?? []).compactMap { node in
            if node.isNull {
                diagnostics.report(node.mark, "expected a group of targets in static_configs, found nothing")
            }
            return .decode(node, "static_configs entry", checksAddresses: areAddresses, diagnostics)
        }
    }
}

extension JobConfiguration.TargetGroup {
    /// - Parameters:
    ///   - name: what the group is, for messages.
    ///   - checksAddresses: whether one that cannot be an address is reported; otherwise its target alone is left out.
    static func decode(
        _ node: YAMLNode, _ name: String, checksAddresses: Bool = true,
        _ diagnostics: Diagnostics
    ) -> Self? {
        guard var section = MappingDecoder(node, name, diagnostics) else { return nil }
        var targets: [String] = []
        for node in section.list("targets") ?? [] {
            guard let address = section.scalar(node, "targets", "an address") else { continue }
            if checksAddresses, address.isEmpty || address.contains("/") {
                diagnostics.report(
                    node.mark,
                    "expected an address such as localhost:9400 in targets, found \(quoted(address))"
                        + (address.contains("://") ? "; scheme and metrics_path are settings of their own" : ""))
            }
            targets.append(address)
        }
        if targets.isEmpty { diagnostics.warn(section.mark, "a \(name) lists no targets") }
        let labels = section.labels("labels")
        section.finish()
        return Self(targets: targets, labels: labels)
    }
}
