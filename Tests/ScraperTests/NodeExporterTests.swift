import Glibc
import Model
import Synchronization
import TestSupport
import Testing

@testable import Scraper

/// Scrapes of Debian's node exporter, and of the same page by Prometheus.
@Suite(.serialized) struct NodeExporterTests {
    private static let exporter = findProgram("prometheus-node-exporter") ?? findProgram("node_exporter")

    @Test(.enabled(if: exporter != nil, "needs Debian's prometheus-node-exporter on the PATH"))
    func aRealPageIsStoredWhole() async throws {
        let port = try freePort()
        let child = try ChildProcess(#require(Self.exporter), ["--web.listen-address=127.0.0.1:\(port)"])
        defer { child.finish(SIGKILL) }
        let harness = Harness()
        try harness.scrape(port: port, interval: "500ms", timeout: "500ms")
        try await harness.wait("good scrapes") { harness.report("up", port).filter { $0.value == 1 }.count >= 2 }
        await harness.manager.stop()
        let series = harness.store.seriesWithoutReports
        #expect(series.count > 300)
        #expect(harness.report("scrape_samples_scraped", port).last { $0.value > 0 }?.value ?? 0 > 300)
        #expect(series.contains("node_memory_MemTotal_bytes{instance=\"127.0.0.1:\(port)\", job=\"test\"}"))
        #expect(harness.metric("prometheus_target_scrapes_sample_out_of_order_total") == 0)
        #expect(harness.metric("prometheus_target_scrapes_sample_duplicate_timestamp_total") == 0)
        let isTyped = harness.store.state.withLock { $0.metadata["node_cpu_seconds_total"]?.type == .counter }
        #expect(isTyped)
    }

    private static let prometheus = findProgram("prometheus")

    @Test(.enabled(if: exporter != nil && prometheus != nil, "compares with Prometheus where one is on the PATH"))
    func prometheusStoresTheSameSeries() async throws {
        let (page, port) = (try freePort(), try freePort())
        let child = try ChildProcess(
            #require(Self.exporter),
            [
                "--web.listen-address=127.0.0.1:\(page)",
                // Other tests mount file systems meanwhile, which would be on one page and not on the next.
                "--collector.filesystem.mount-points-exclude=^/(dev|proc|run|sys)($|/)|/tsdb-test-",
            ])
        defer { child.finish(SIGKILL) }
        let directory = TemporaryDirectory(.disk)
        let path = directory.path
        let text = """
            global: {scrape_interval: 500ms}
            scrape_configs:
            - job_name: test
              scrape_timeout: 500ms
              static_configs: [{targets: ['127.0.0.1:\(page)'], labels: {gpu: "none", mode: target}}]
              relabel_configs:
              - {source_labels: [__address__], regex: '(.*):.*', target_label: host}
              metric_relabel_configs:
              - {source_labels: [__name__], regex: 'go_gc_.*', action: drop}
              - {source_labels: [device], regex: '(.+)', target_label: dev, replacement: 'x-$1'}

            """
        try writeFile(path + "/prometheus.yml", text)
        let peer = try ChildProcess(
            #require(Self.prometheus),
            [
                "--config.file=\(path)/prometheus.yml", "--storage.tsdb.path=\(path)/data",
                "--web.listen-address=127.0.0.1:\(port)",
            ])
        defer { peer.finish(SIGKILL) }
        let harness = Harness()
        harness.manager.apply(try Configuration.load(path: path + "/prometheus.yml"))
        try await harness.wait("good scrapes") {
            harness.target?.health == .up && harness.store.seriesWithoutReports.count > 100
        }
        // The peer's own series, as text from its federation endpoint, scraped with labels as they are.
        let federated = Harness()
        let reader = """
            scrape_configs:
            - job_name: peer
              scrape_interval: 1s
              honor_labels: true
              metrics_path: /federate
              params: {'match[]': ['{job="test"}']}
              static_configs: [{targets: ['127.0.0.1:\(port)']}]
            """
        federated.manager.apply(try Configuration.parse(text: reader, file: "reader.yml"))
        try await federated.wait("the peer") { federated.store.seriesWithoutReports.count > 100 }
        await harness.manager.stop()
        await federated.manager.stop()
        let ours = Set(harness.store.seriesWithoutReports)
        let theirs = Set(federated.store.seriesWithoutReports)
        // Not on every page: they come and go with the exporter's own requests.
        let isSteady: (String) -> Bool = { !$0.contains("promhttp_metric_handler") }
        #expect(ours.subtracting(theirs).filter(isSteady).sorted() == [])
        #expect(theirs.subtracting(ours).filter(isSteady).sorted() == [])
        #expect(ours.count > 300)
    }
}
