import Model
import YAML

extension RemoteWriteConfiguration {
    /// One entry of `remote_write`; nil where it is no mapping.
    static func decode(_ node: YAMLNode, folder: String, _ diagnostics: Diagnostics) -> Self? {
        guard var section = MappingDecoder(node, "remote_write entry", diagnostics) else { return nil }
        var remote = Self()
        remote.url = section.remoteURL("remote_write")
        remote.name = section.string("name") ?? ""
        remote.timeoutMs = section.interval("remote_timeout") ?? remote.timeoutMs
        if let name = section.string("protobuf_message") {
            if let message = Message(rawValue: name) {
                remote.message = message
            } else {
                let known = Message.allCases.map(\.rawValue).joined(separator: ", ")
                diagnostics.report(
                    section.place("protobuf_message"),
                    "unknown remote write protobuf message \(quoted(name)), supported: \(known)")
            }
        }
        remote.relabelRules = section.relabelRules("write_relabel_configs")
        remote.sendsExemplars = section.bool("send_exemplars") ?? false
        remote.sendsHistograms = section.bool("send_native_histograms") ?? false
        if let node = section.node("queue_config") { remote.queue.decode(node, diagnostics) }
        if let node = section.node("metadata_config") { remote.metadata.decode(node, diagnostics) }
        remote.headers = section.headers("headers", "headers")
        remote.http = .decode(&section, folder: folder)
        for key in ["sigv4", "azuread", "google_iam"] where section.node(key) != nil {
            diagnostics.report(
                section.keyPlace(key), "\(key) is not supported; use basic_auth, authorization or tls_config")
        }
        if section.bool("round_robin_dns") == true {
            diagnostics.warn(section.keyPlace("round_robin_dns"), "round_robin_dns is ignored: it has no effect")
        }
        section.finish()
        return remote
    }
}

extension RemoteWriteConfiguration.Queue {
    /// The most shards and samples that can be asked for.
    private static let shardsLimit = 1000
    private static let samplesLimit = 100_000
    private static let capacityLimit = 1_000_000

    fileprivate mutating func decode(_ node: YAMLNode, _ diagnostics: Diagnostics) {
        guard var section = MappingDecoder(node, "queue_config", diagnostics) else { return }
        capacity = section.positive("capacity", max: Self.capacityLimit) ?? capacity
        shardsMax = section.positive("max_shards", max: Self.shardsLimit) ?? shardsMax
        shardsMin = section.positive("min_shards", max: Self.shardsLimit) ?? min(shardsMin, shardsMax)
        samplesPerSendMax = section.positive("max_samples_per_send", max: Self.samplesLimit) ?? samplesPerSendMax
        batchSendDeadlineMs = section.interval("batch_send_deadline") ?? batchSendDeadlineMs
        backoffMinMs = section.interval("min_backoff") ?? backoffMinMs
        backoffMaxMs = section.interval("max_backoff") ?? max(backoffMaxMs, backoffMinMs)
        retriesOn429 = section.bool("retry_on_http_429") ?? false
        sampleAgeLimitMs = section.duration("sample_age_limit") ?? 0
        if shardsMin > shardsMax {
            diagnostics.report(
                section.place("min_shards"),
                "expected min_shards of at most max_shards (\(shardsMax)), found \(shardsMin)")
        }
        if backoffMinMs > backoffMaxMs {
            diagnostics.report(section.place("min_backoff"), "expected min_backoff of at most max_backoff")
        }
        section.finish()
    }
}

extension RemoteWriteConfiguration.Metadata {
    fileprivate mutating func decode(_ node: YAMLNode, _ diagnostics: Diagnostics) {
        guard var section = MappingDecoder(node, "metadata_config", diagnostics) else { return }
        isSent = section.bool("send") ?? true
        intervalMs = section.interval("send_interval") ?? intervalMs
        samplesPerSendMax = section.positive("max_samples_per_send", max: 100_000) ?? samplesPerSendMax
        section.finish()
    }
}

extension RemoteReadConfiguration {
    /// One entry of `remote_read`; nil where it is no mapping.
    static func decode(_ node: YAMLNode, folder: String, _ diagnostics: Diagnostics) -> Self? {
        guard var section = MappingDecoder(node, "remote_read entry", diagnostics) else { return nil }
        var remote = Self()
        remote.url = section.remoteURL("remote_read")
        remote.name = section.string("name") ?? ""
        remote.timeoutMs = section.interval("remote_timeout") ?? remote.timeoutMs
        remote.readsRecent = section.bool("read_recent") ?? false
        remote.requiredMatchers = section.labels("required_matchers")
        remote.filtersExternalLabels = section.bool("filter_external_labels") ?? true
        _ = section.count("chunked_read_limit")
        remote.headers = section.headers("headers", "headers")
        remote.http = .decode(&section, folder: folder)
        section.finish()
        return remote
    }
}

extension MappingDecoder {
    fileprivate mutating func remoteURL(_ name: String) -> String {
        let text = string("url") ?? ""
        if let url = WebURL.checked(text) { return url }
        diagnostics.report(
            place("url"),
            text.isEmpty
                ? "url for \(name) is empty"
                : "expected a URL that begins with http:// or https:// and a host, found \(WebURL.shown(text))")
        return text
    }

    /// A whole number of at least 1.
    fileprivate mutating func positive(_ key: String, max: Int) -> Int? {
        guard let number = count(key) else { return nil }
        if (1...max).contains(number) { return number }
        diagnostics.report(place(key), "expected a whole number from 1 to \(max) for \(key), found \(number)")
        return nil
    }
}
