import Glibc
import Model
import PromQL
import TestSupport
import Testing

/// Real clients use tsdb as they use Prometheus: Python's, from the Python Package Index, vmalert, and a Prometheus that
/// federates.
@Suite struct ClientTests {
    static let python = findProgram("tsdb-test-python")
    static let vmalert = findProgram("vmalert")
    static let vmagent = findProgram("vmagent")

    private func run(_ script: String, _ arguments: [String]) throws {
        let result = try runToEnd(try #require(Self.python), ["-c", script] + arguments)
        #expect(result.status == 0, "\(result.printed)")
        #expect(result.output.hasSuffix("ok\n"), "\(result.printed)")
    }

    @Test(.enabled(if: python != nil, "no tsdb-test-python on the PATH: make test-tools"))
    func prometheusAPIClientReads() throws {
        let server = try TestServer(config: "", flags: ["--web.enable-remote-write-receiver"])
        defer { server.process.finish(SIGTERM) }
        let now = SystemClock().nowMs() / 1000 * 1000
        let samples = (0..<60).map { (time: now - 60_000 + $0 * 1000, sample: WrittenSample.float(Double($0))) }
        try remoteWrite([WrittenSeries(["__name__": "power", "gpu": "0"], samples)], toPort: server.port)
        try run(
            """
            import sys
            from datetime import datetime, timezone
            from prometheus_api_client import PrometheusConnect
            url, end = sys.argv[1], int(sys.argv[2])
            p = PrometheusConnect(url=url)
            assert p.check_prometheus_connection()
            assert p.all_metrics() == ["power"], p.all_metrics()
            assert p.get_label_values("gpu") == ["0"]
            now = p.get_current_metric_value("power", {"gpu": "0"}, {"time": end - 1})
            assert now[0]["value"][1] == "59", now
            at = lambda s: datetime.fromtimestamp(s, timezone.utc)
            got = p.get_metric_range_data("power", start_time=at(end - 60), end_time=at(end))
            # The start of a range is not in it.
            assert sum(len(one["values"]) for one in got) == 59, got
            got = p.custom_query_range("rate(power[10s])", at(end - 40), at(end - 1), "5")
            assert all(v == "1" for _, v in got[0]["values"]), got
            print("ok")
            """, [server.url, "\(now / 1000)"])
    }

    @Test(.enabled(if: python != nil, "no tsdb-test-python on the PATH: make test-tools"))
    func openTelemetryExporterWrites() throws {
        let server = try TestServer(
            config: "otlp: {promote_resource_attributes: [deployment.environment]}",
            flags: ["--web.enable-otlp-receiver"])
        defer { server.process.finish(SIGTERM) }
        try run(
            """
            import sys
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
            from opentelemetry.exporter.otlp.proto.http import Compression
            from opentelemetry.sdk.metrics import MeterProvider, Histogram
            from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
            from opentelemetry.sdk.metrics.view import View, ExponentialBucketHistogramAggregation
            from opentelemetry.sdk.resources import Resource
            exporter = OTLPMetricExporter(endpoint=sys.argv[1] + "/api/v1/otlp/v1/metrics", compression=Compression.Gzip)
            reader = PeriodicExportingMetricReader(exporter, export_interval_millis=1e9)
            resource = Resource.create({"service.name": "shop", "service.instance.id": "i-1", "deployment.environment": "test"})
            view = View(instrument_name="native.wait", aggregation=ExponentialBucketHistogramAggregation())
            provider = MeterProvider(resource=resource, metric_readers=[reader], views=[view])
            meter = provider.get_meter("test")
            meter.create_counter("sold.items", unit="1").add(7, {"kind": "tea"})
            meter.create_up_down_counter("in.shop").add(3)
            for name in ("wait", "native.wait"):
                histogram = meter.create_histogram(name, unit="s")
                for value in (0.5, 3, 40): histogram.record(value)
            assert provider.force_flush()
            provider.shutdown()
            print("ok")
            """, [server.url])
        func value(_ expression: String) throws -> Double? {
            guard case .vector(let found) = try instantQuery(server.url, expression) else { return nil }
            return found.count == 1 ? found[0].value : nil
        }
        let target = #"job="shop", instance="i-1", deployment_environment="test""#
        #expect(try value("sold_items_total{\(target), kind=\"tea\"}") == 7)
        #expect(try value("in_shop{\(target)}") == 3)
        #expect(try value("wait_seconds_bucket{\(target), le=\"5\"}") == 2)
        #expect(try value("wait_seconds_sum{\(target)}") == 43.5)
        #expect(try value("histogram_count(native_wait_seconds{\(target)})") == 3)
        #expect(try value("histogram_sum(native_wait_seconds{\(target)})") == 43.5)
        #expect(try value(#"target_info{job="shop", telemetry_sdk_language="python"}"#) == 1)
    }

    @Test(.enabled(if: python != nil, "no tsdb-test-python on the PATH: make test-tools"))
    func openAPIDocumentIsValid() throws {
        let server = try TestServer(config: "")
        defer { server.process.finish(SIGTERM) }
        try run(
            """
            import sys, urllib.request, yaml
            from openapi_spec_validator import validate
            with urllib.request.urlopen(sys.argv[1] + "/api/v1/openapi.yaml") as answer:
                document = yaml.safe_load(answer)
            validate(document)
            assert document["paths"]["/api/v1/label/{name}/values"]["get"], document
            print("ok")
            """, [server.url])
    }

    @Test(.enabled(if: vmalert != nil, "no vmalert on the PATH: make test-tools"))
    func vmalertEvaluatesRulesOfOurData() throws {
        let server = try TestServer(config: "", flags: ["--web.enable-remote-write-receiver"])
        defer { server.process.finish(SIGTERM) }
        let now = SystemClock().nowMs()
        let samples = [(time: now - 2000, sample: WrittenSample.float(21))]
        try remoteWrite([WrittenSeries(["__name__": "temp", "gpu": "0"], samples)], toPort: server.port)
        let directory = TemporaryDirectory(.disk)
        try writeFile(
            directory.path + "/rules.yml",
            """
            groups:
              - name: test
                interval: 1s
                rules:
                  - {record: "temp:double", expr: "2 * temp"}
                  - {alert: Hot, expr: "temp > 20", labels: {severity: page}}
            """)
        let process = try ChildProcess(
            try #require(Self.vmalert),
            [
                "-rule=\(directory.path)/rules.yml", "-datasource.url=\(server.url)", "-remoteWrite.url=\(server.url)",
                "-remoteWrite.flushInterval=1s", "-notifier.blackhole",
                "-evaluationInterval=1s",
                "-httpListenAddr=127.0.0.1:\(try freePort())",
            ])
        defer { process.finish(SIGTERM) }
        try eventually("vmalert has written what it computed", within: 60) { () -> Void? in
            guard process.isRunning else { throw TestFailure("vmalert ended: \(process.printed)") }
            guard case .vector(let doubled) = try instantQuery(server.url, "temp:double"), doubled.first?.value == 42,
                case .vector(let alerts) = try instantQuery(server.url, "ALERTS{alertname=\"Hot\", severity=\"page\"}"),
                !alerts.isEmpty
            else { return nil }
            return ()
        }
    }

    /// It tries VictoriaMetrics' own protocol first, and takes Prometheus's when that is refused.
    @Test(.enabled(if: vmagent != nil, "no vmagent on the PATH: make test-tools"))
    func vmagentSendsWhatItScrapes() throws {
        let server = try TestServer(config: "", flags: ["--web.enable-remote-write-receiver"])
        defer { server.process.finish(SIGTERM) }
        let directory = TemporaryDirectory(.disk)
        try writeFile(
            directory.path + "/scrape.yml",
            """
            global: {scrape_interval: 1s}
            scrape_configs:
              - job_name: self
                static_configs: [{targets: ['127.0.0.1:\(server.port)']}]
            """)
        let process = try ChildProcess(
            try #require(Self.vmagent),
            [
                "-promscrape.config=\(directory.path)/scrape.yml", "-remoteWrite.url=\(server.url)/api/v1/write",
                "-remoteWrite.tmpDataPath=\(directory.path)/queue", "-remoteWrite.flushInterval=1s",
                "-httpListenAddr=127.0.0.1:\(try freePort())",
            ])
        defer { process.finish(SIGTERM) }
        let wanted = [
            "up{job=\"self\"} == 1", "prometheus_build_info{job=\"self\"}",
            "count_over_time(prometheus_tsdb_head_series{job=\"self\"}[1m]) >= 3",
        ]
        for expression in wanted {
            try eventually("\(expression) is there", within: 60) { () -> Void? in
                guard process.isRunning else { throw TestFailure("vmagent ended: \(process.printed)") }
                guard case .vector(let found) = try instantQuery(server.url, expression), found.count == 1 else {
                    return nil
                }
                return ()
            }
        }
    }

    @Test(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH"))
    func realPrometheusFederates() throws {
        let server = try TestServer(
            config: "global: {external_labels: {site: pod}}", flags: ["--web.enable-remote-write-receiver"])
        defer { server.process.finish(SIGTERM) }
        let now = SystemClock().nowMs()
        let histogram = Histogram(
            schema: 1, isFloat: false, zeroThreshold: 0.001, zeroCount: 2, count: 10, sum: 12.5,
            positiveSpans: [.init(offset: -1, length: 2), .init(offset: 3, length: 1)],
            negativeSpans: [.init(offset: 0, length: 1)], positiveBuckets: [1, 2, 4], negativeBuckets: [1])
        let series = [
            WrittenSeries(["__name__": "temp", "gpu": "0", "job": "gpus"], [(time: now - 2000, sample: .float(21.5))]),
            WrittenSeries(["__name__": "my.metric", "my.label": "x"], [(time: now - 2000, sample: .float(-1))]),
            WrittenSeries(["__name__": "wait", "job": "gpus"], [(time: now - 2000, sample: .histogram(histogram))]),
        ]
        try remoteWrite(series, toPort: server.port)
        let data = TemporaryDirectory(.disk)
        let theirs = try RealPrometheus(
            data: data.path,
            config: """
                scrape_configs:
                  - job_name: federate
                    scrape_interval: 1s
                    honor_labels: true
                    metrics_path: /federate
                    params: {'match[]': ['{__name__=~".+"}']}
                    static_configs: [{targets: ['127.0.0.1:\(server.port)']}]
                """)
        defer { theirs.process.finish(SIGKILL) }
        // A Prometheus that takes histograms asks for protobuf, and not for names that need quotes.
        for (selector, theirSelector) in [("temp", "temp"), ("{\"my.metric\"}", "my_metric"), ("wait", "wait")] {
            func path(_ selector: String) -> String {
                "/api/v1/query?query=\(percentEncoded("\(selector)[5m]"))&time=\(now / 1000 + 1)"
            }
            let answer = try HTTPConnection(port: server.port).request("GET", path(selector))
            let ours = try JSONValue(parsing: answer.body)
            try eventually("\(selector) is federated", within: 60) { () -> Void? in
                let answer = try theirs.get(path(theirSelector))
                guard answer.text.contains("values") || answer.text.contains("histograms") else { return nil }
                let found = try JSONValue(parsing: answer.body)
                #expect(withoutMetric(found) == withoutMetric(ours), "\(answer.text)")
                #expect(answer.text.contains("\"site\":\"pod\""), "\(answer.text)")
                return ()
            }
        }
    }

    private func withoutMetric(_ value: JSONValue) -> JSONValue {
        value.mapMembers { $0 == "metric" ? .null : $1 }
    }
}
