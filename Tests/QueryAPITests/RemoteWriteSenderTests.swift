import Glibc
import Model
import Synchronization
import TestSupport
import Testing

private let prometheus: String? = findProgram("prometheus").flatMap { path in
    guard let version = try? runToEnd(path, ["--version"]).printed, version.contains("version 3.") else { return nil }
    return path
}

/// What a real Prometheus 3 scrapes and sends on.
@Suite(.enabled(if: prometheus != nil, "no Prometheus 3 on the PATH")) struct RemoteWriteSenderTests {
    /// A page in OpenMetrics' format, with exemplars, whose counter grows.
    private static func page(_ count: Int) -> String {
        """
        # HELP requests Requests served.
        # TYPE requests counter
        requests_total{code="200"} \(count) # {trace_id="t\(count)"} 0.25
        # HELP delay_seconds How long they took.
        # TYPE delay_seconds histogram
        # UNIT delay_seconds seconds
        delay_seconds_bucket{le="0.5"} \(count)
        delay_seconds_bucket{le="1.0"} \(2 * count)
        delay_seconds_bucket{le="+Inf"} \(3 * count)
        delay_seconds_sum \(4 * count)
        delay_seconds_count \(3 * count)
        # EOF

        """
    }

    /// Starts a Prometheus that scrapes itself and `target`, and sends all to `port`.
    ///
    /// By version 1.0 Prometheus 3.5 sends histograms of custom buckets without their bounds, which no receiver can store;
    /// only with 2.0 it is told to make some.
    private func start(_ directory: String, target: Int, sendingTo port: Int, _ message: String) throws -> ChildProcess
    {
        let own = try freePort()
        try writeFile(
            directory + "/prometheus.yml",
            """
            global: {scrape_interval: 1s, scrape_timeout: 1s}
            scrape_configs:
              - job_name: page
                convert_classic_histograms_to_nhcb: \(message.contains("v2"))
                static_configs: [{targets: ["127.0.0.1:\(target)"]}]
              - job_name: self
                static_configs: [{targets: ["127.0.0.1:\(own)"]}]
            remote_write:
              - url: http://127.0.0.1:\(port)/api/v1/write
                protobuf_message: \(message)
                send_exemplars: true
                send_native_histograms: true
                metadata_config: {send_interval: 1s}
                queue_config: {batch_send_deadline: 500ms, max_shards: 1}

            """)
        return try ChildProcess(
            prometheus ?? "",
            [
                "--config.file=\(directory)/prometheus.yml", "--storage.tsdb.path=\(directory)/data",
                "--web.listen-address=127.0.0.1:\(own)",
                "--enable-feature=native-histograms,exemplar-storage,metadata-wal-records",
            ])
    }

    @Test(arguments: ["prometheus.WriteRequest", "io.prometheus.write.v2.Request"])
    func whatItSendsIsStored(_ message: String) async throws {
        let target = try ScriptedServer { _, scrapes in
            ScriptedServer.page(
                Self.page(scrapes + 1), contentType: "application/openmetrics-text; version=1.0.0; charset=utf-8")
        }
        defer { target.close() }
        let isVersion2 = message.contains("v2")
        let store = MemoryStore()
        let directory = TemporaryDirectory(.disk)
        let printed = try await withServer(store) { port in
            try await onSocketThread {
                let process = try start(directory.path, target: target.port, sendingTo: port, message)
                defer { process.finish(SIGTERM) }
                try eventually("all kinds arrived: \(process.printed)", within: 40) {
                    let names = Set(store.histograms.keys)
                    let isExponential = names.contains { $0.hasPrefix("prometheus_http_request_duration_seconds{") }
                    let isCustom = names.contains { $0.hasPrefix("delay_seconds{") } || !isVersion2
                    let exemplars = store.state.withLock { $0.exemplars.map(\.count).max() ?? 0 }
                    let samples = store.contents.first { $0.key.hasPrefix("requests_total{") }?.value.count ?? 0
                    let isTold = store.metadata(metric: isVersion2 ? "requests_total" : "requests").count > 0
                    return isExponential && isCustom && isTold && exemplars >= 2 && samples >= 3 ? () : nil
                }
                return process.printed
            }
        }
        #expect(!printed.contains("non-recoverable error"), "\(printed)")
        let counts = try #require(store.contents.first { $0.key.hasPrefix("requests_total{") }?.value.map(\.value))
        #expect(counts == (0..<counts.count).map { counts[0] + Double($0) })
        let exemplars = store.state.withLock { $0.exemplars.flatMap(\.self) }
        #expect(exemplars.contains { $0.labels["trace_id"]?.hasPrefix("t") ?? false && $0.value == 0.25 })
        let custom = store.histograms.first { $0.key.hasPrefix("delay_seconds{") }?.value.map(\.histogram)
        if isVersion2 {
            let first = try #require(custom?.first)
            #expect(first.customValues == [0.5, 1] && first.hasCustomBuckets)
            #expect(first.positiveBuckets.count == 3 && Set(first.positiveBuckets).count == 1)
        }
        for sample in store.histograms.values.flatMap(\.self) { try sample.histogram.validate() }
    }
}
