import Model
import YAML

extension YAMLWriter {
    mutating func remoteWrite(_ remote: RemoteWriteConfiguration) {
        value("url", withoutPassword(remote.url))
        if !remote.name.isEmpty { value("name", remote.name) }
        value("protobuf_message", remote.message.rawValue)
        value("remote_timeout", PrometheusDuration.format(remote.timeoutMs))
        remoteHeaders(remote.headers)
        list("write_relabel_configs", remote.relabelRules) { $0.rule($1) }
        value("send_exemplars", remote.sendsExemplars)
        value("send_native_histograms", remote.sendsHistograms)
        http(remote.http)
        mapping("queue_config") { writer in
            let queue = remote.queue
            writer.value("capacity", queue.capacity)
            writer.value("max_shards", queue.shardsMax)
            writer.value("min_shards", queue.shardsMin)
            writer.value("max_samples_per_send", queue.samplesPerSendMax)
            writer.value("batch_send_deadline", PrometheusDuration.format(queue.batchSendDeadlineMs))
            writer.value("min_backoff", PrometheusDuration.format(queue.backoffMinMs))
            writer.value("max_backoff", PrometheusDuration.format(queue.backoffMaxMs))
            writer.value("retry_on_http_429", queue.retriesOn429)
            writer.value("sample_age_limit", PrometheusDuration.format(queue.sampleAgeLimitMs))
        }
        mapping("metadata_config") { writer in
            writer.value("send", remote.metadata.isSent)
            writer.value("send_interval", PrometheusDuration.format(remote.metadata.intervalMs))
            writer.value("max_samples_per_send", remote.metadata.samplesPerSendMax)
        }
    }

    mutating func remoteRead(_ remote: RemoteReadConfiguration) {
        value("url", withoutPassword(remote.url))
        if !remote.name.isEmpty { value("name", remote.name) }
        value("remote_timeout", PrometheusDuration.format(remote.timeoutMs))
        remoteHeaders(remote.headers)
        value("read_recent", remote.readsRecent)
        labels("required_matchers", remote.requiredMatchers)
        value("filter_external_labels", remote.filtersExternalLabels)
        http(remote.http)
    }

    private mutating func remoteHeaders(_ headers: [HTTPClientConfiguration.Header]) {
        guard !headers.isEmpty else { return }
        mapping("headers") { writer in
            for header in headers { writer.value(header.name, header.values.joined(separator: ", ")) }
        }
    }
}
