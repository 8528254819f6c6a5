import Glibc
import Model
import YAML

extension Configuration {
    mutating func decode(_ root: YAMLNode, folder: String, _ diagnostics: Diagnostics) {
        guard var section = MappingDecoder(root, "the configuration", diagnostics) else { return }
        if let node = section.node("global") { global.decode(node, diagnostics) }
        if let node = section.node("otlp") { otlp.decode(node, diagnostics) }
        if let node = section.node("storage") { storage.decode(node, diagnostics) }
        section.takeSectionsWithoutEffect(folder: folder)
        remoteWrite = (section.list("remote_write") ?? []).compactMap { .decode($0, folder: folder, diagnostics) }
        remoteRead = (section.list("remote_read") ?? []).compactMap { .decode($0, folder: folder, diagnostics) }
        checkNames(remoteWrite.map(\.identity), "remote_write", &section)
        checkNames(remoteRead.map(\.identity), "remote_read", &section)
        decodeJobs(section.list("scrape_configs") ?? [], folder: folder, diagnostics)
        decodeFurtherFiles(&section, folder: folder)
        section.finish()
    }

    private func checkNames(_ names: [String], _ key: String, _ section: inout MappingDecoder) {
        var seen: Set<String> = []
        for name in names where !seen.insert(name).inserted {
            section.diagnostics.report(
                section.keyPlace(key), "found multiple \(key) entries for \(quoted(name)); give each a name of its own")
        }
    }

    mutating func decodeJobs(_ nodes: [YAMLNode], folder: String, _ diagnostics: Diagnostics) {
        var names = Set(jobs.map(\.name))
        for node in nodes {
            guard let decoded = JobConfiguration.decode(node, global, folder: folder, diagnostics) else { continue }
            if !decoded.job.name.isEmpty, !names.insert(decoded.job.name).inserted {
                diagnostics.report(
                    decoded.namePlace, "found multiple scrape configs with job name \(quoted(decoded.job.name))")
            }
            jobs.append(decoded.job)
        }
    }
}

extension MappingDecoder {
    /// Takes a setting that may be in a file and changes nothing, with a warning where it is.
    mutating func takeSettingWithoutEffect(_ key: String) {
        guard node(key) != nil else { return }
        diagnostics.warn(keyPlace(key), "\(key) is ignored: it has no effect in this version")
    }

    /// A duration that a scrape loop can run at.
    mutating func interval(_ key: String) -> Int64? {
        guard let value = duration(key) else { return nil }
        // A year, far beyond any use, keeps sums of times away from overflow.
        guard value <= 365 * 86_400_000 else {
            diagnostics.report(place(key), "expected at most 1y for \(key), found \(PrometheusDuration.format(value))")
            return nil
        }
        return value == 0 ? nil : value
    }

    mutating func limits(_ defaults: ScrapeLimits) -> ScrapeLimits {
        var limits = defaults
        limits.bodyBytes = size("body_size_limit") ?? defaults.bodyBytes
        limits.samples = count("sample_limit") ?? defaults.samples
        limits.labels = count("label_limit") ?? defaults.labels
        limits.labelNameBytes = count("label_name_length_limit") ?? defaults.labelNameBytes
        limits.labelValueBytes = count("label_value_length_limit") ?? defaults.labelValueBytes
        limits.targets = count("target_limit") ?? defaults.targets
        limits.droppedTargets = count("keep_dropped_targets") ?? defaults.droppedTargets
        return limits
    }

    /// Labels from a mapping of names to values.
    /// - Parameter transform: applied to each value.
    mutating func labels(_ key: String, _ transform: (String) -> String = { $0 }) -> Labels {
        var builder = LabelsBuilder()
        for entry in pairs(key) ?? [] {
            guard let value = scalar(entry.value, "label \(entry.key)", "text") else { continue }
            if entry.key.isEmpty {
                diagnostics.report(entry.keyMark, "\(quoted(entry.key)) is not a valid label name")
            }
            builder.set(entry.key, transform(value))
        }
        return builder.labels()
    }
}

extension StorageConfiguration {
    mutating func decode(_ node: YAMLNode, _ diagnostics: Diagnostics) {
        guard var section = MappingDecoder(node, "storage", diagnostics) else { return }
        if let node = section.node("tsdb"), var tsdb = MappingDecoder(node, "tsdb", diagnostics) {
            outOfOrderMs = tsdb.duration("out_of_order_time_window") ?? 0
            for key in ["retention", "stale_series_compaction_threshold", "chunk_encoding"] where tsdb.node(key) != nil
            {
                diagnostics.warn(
                    tsdb.keyPlace(key), "\(key) is ignored: retention is set by command-line flags, the rest by itself")
            }
            tsdb.finish()
        }
        if let node = section.node("exemplars"), var exemplars = MappingDecoder(node, "exemplars", diagnostics) {
            diagnostics.warn(section.keyPlace("exemplars"), "exemplars is ignored: the newest 100000 are kept")
            _ = exemplars.integer("max_exemplars")
            exemplars.finish()
        }
        section.finish()
    }
}

extension GlobalConfiguration {
    mutating func decode(_ node: YAMLNode, _ diagnostics: Diagnostics) {
        guard var section = MappingDecoder(node, "global", diagnostics) else { return }
        scrapeIntervalMs = section.interval("scrape_interval") ?? scrapeIntervalMs
        if let timeout = section.interval("scrape_timeout") {
            if timeout > scrapeIntervalMs {
                diagnostics.report(
                    section.place("scrape_timeout"),
                    "global scrape timeout (\(PrometheusDuration.format(timeout))) greater than scrape interval "
                        + "(\(PrometheusDuration.format(scrapeIntervalMs)))")
            }
            scrapeTimeoutMs = timeout
        } else {
            scrapeTimeoutMs = min(scrapeTimeoutMs, scrapeIntervalMs)
        }
        evaluationIntervalMs = section.interval("evaluation_interval") ?? evaluationIntervalMs
        externalLabels = section.labels("external_labels", expandEnvironment)
        limits = section.limits(limits)
        scrapeProtocols = section.scrapeProtocols()
        histograms = section.histograms(histograms)
        names = section.names(nil)
        _ = section.duration("rule_query_offset")
        for key in ["query_log_file", "scrape_failure_log_file"] { _ = section.string(key) }
        for key in ["rule_query_offset", "query_log_file", "scrape_failure_log_file"] {
            section.takeSettingWithoutEffect(key)
        }
        hasExtraMetrics = section.bool("extra_scrape_metrics") ?? false
        section.finish()
    }
}

/// `text` with `$NAME` and `${NAME}` replaced by environment variables (unset ones by nothing) and `$$` by `$`.
private func expandEnvironment(_ text: String) -> String {
    var result = ""
    var rest = Substring(text)
    while let dollar = rest.firstIndex(of: "$") {
        result += rest[..<dollar]
        rest = rest[rest.index(after: dollar)...]
        if rest.first == "$" {
            result += "$"
            rest = rest.dropFirst()
            continue
        }
        let isBraced = rest.first == "{" && rest.contains("}")
        if isBraced { rest = rest.dropFirst() }
        let name =
            isBraced
            ? rest.prefix { $0 != "}" } : rest.prefix { $0 == "_" || $0.isASCII && ($0.isLetter || $0.isNumber) }
        rest = rest[name.endIndex...]
        if isBraced { rest = rest.dropFirst() }
        if let value = getenv(String(name)) { result += String(cString: value) }
    }
    return result + rest
}
