import Model
import QueryAPI
import Synchronization
import TestSupport
import Testing

@Suite struct EndpointTests {
    static let answers = [
        Recorded(
            "query_exemplars?query=test&start=1700000000000&end=1700000000001", #"{"status":"success","data":[]}"#),
        recordedError(
            "query_exemplars", 400, "bad_data", "unknown position: parse error: no expression found in input"),
        recordedError(
            "query_exemplars?query=test&start=2&end=1", 400, "bad_data",
            "end timestamp must not be before start timestamp"),
        Recorded("rules", #"{"status":"success","data":{"groups":[]}}"#),
        Recorded("rules?type=alert", #"{"status":"success","data":{"groups":[]}}"#),
        recordedError("rules?type=foo", 400, "bad_data", #"invalid parameter \"type\": not supported value \"foo\""#),
        Recorded("alerts", #"{"status":"success","data":{"alerts":[]}}"#),
        Recorded("alertmanagers", #"{"status":"success","data":{"activeAlertmanagers":[],"droppedAlertmanagers":[]}}"#),
        Recorded("notifications", #"{"status":"success","data":[]}"#),
        Recorded(
            "targets", #"{"status":"success","data":{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}}"#
        ),
        Recorded("scrape_pools", #"{"status":"success","data":{"scrapePools":[]}}"#),
        Recorded("metadata", #"{"status":"success","data":{}}"#),
        recordedError("metadata?limit=x", 400, "bad_data", "limit must be a number"),
        recordedError("metadata?limit_per_metric=x", 400, "bad_data", "limit_per_metric must be a number"),
        Recorded("status/walreplay", #"{"status":"success","data":{"min":0,"max":0,"current":0}}"#),
        Recorded("format_query?query=sum(up)by(job)", #"{"status":"success","data":"sum by (job) (up)"}"#),
        recordedError(
            "format_query?query={", 400, "bad_data",
            #"invalid parameter \"query\": 1:2: parse error: unexpected end of input inside braces"#),
        recordedError("status/tsdb?limit=0", 400, "bad_data", "limit must be a positive number"),
    ]

    @Test(arguments: answers) func answerIsPrometheus(_ recorded: Recorded) async throws {
        try await withServer { port in
            let answer = try await get(port, "/api/v1/" + recorded.target)
            #expect(answer.text == recorded.body)
            #expect(answer.status == recorded.status)
        }
    }

    /// Requests that are not the API's, as Prometheus 3.5.3 answers them.
    static let plain: [(method: String, path: String, status: Int, body: String, allow: String?)] = [
        ("GET", "/-/healthy", 200, "Prometheus Server is Healthy.\n", nil),
        ("GET", "/-/ready", 200, "Prometheus Server is Ready.\n", nil),
        ("HEAD", "/-/healthy", 200, "", nil), ("HEAD", "/-/ready", 200, "", nil),
        ("GET", "/-/reload", 405, "Only POST or PUT requests allowed", nil),
        ("GET", "/-/quit", 405, "Only POST or PUT requests allowed", nil),
        ("POST", "/-/reload", 403, "Lifecycle API is not enabled.", nil),
        ("PUT", "/-/quit", 403, "Lifecycle API is not enabled.", nil),
        ("GET", "/api/v1/nope", 404, "404 page not found\n", nil),
        ("GET", "/api/v1/", 404, "404 page not found\n", nil),
        ("GET", "/api/v1/rules/test/test", 404, "404 page not found\n", nil),
        ("GET", "/api/v1/label/a%2Fb/values", 404, "404 page not found\n", nil),
        ("GET", "/api/v1/label//values", 404, "404 page not found\n", nil),
        ("GET", "/nothing", 404, "404 page not found\n", nil),
        ("DELETE", "/api/v1/query", 405, "Method Not Allowed\n", "GET, OPTIONS, POST"),
        ("HEAD", "/api/v1/labels", 405, "", "GET, OPTIONS, POST"),
        ("POST", "/api/v1/label/gpu/values", 405, "Method Not Allowed\n", "GET, OPTIONS"),
        ("PUT", "/api/v1/series", 405, "Method Not Allowed\n", "DELETE, GET, OPTIONS, POST"),
        ("GET", "/api/v1/write", 405, "Method Not Allowed\n", "OPTIONS, POST"),
        ("POST", "/-/healthy", 405, "Method Not Allowed\n", "GET, HEAD, OPTIONS"),
        ("PATCH", "/-/reload", 405, "Method Not Allowed\n", "GET, OPTIONS, POST, PUT"),
        ("OPTIONS", "/api/v1/query", 204, "", nil), ("OPTIONS", "/api/v1/nope", 204, "", nil),
        ("OPTIONS", "/-/healthy", 200, "", "GET, HEAD, OPTIONS"),
        (
            "POST", "/api/v1/admin/tsdb/snapshot", 500,
            #"{"status":"error","errorType":"unavailable","error":"admin APIs disabled"}"#, nil
        ),
        ("DELETE", "/api/v1/series", 500, #"{"status":"error","errorType":"internal","error":"not implemented"}"#, nil),
    ]

    @Test func everyMethodAndPathIsAnsweredAsPrometheusDoes() async throws {
        try await withServer { port in
            for expected in EndpointTests.plain {
                let answer = try await ask(port, expected.method, expected.path)
                #expect(answer.status == expected.status, "\(expected.method) \(expected.path)")
                #expect(answer.text == expected.body, "\(expected.method) \(expected.path)")
                #expect(answer.header("Allow") == expected.allow, "\(expected.method) \(expected.path)")
            }
        }
    }

    @Test func buildInfoNamesTheVersion() async throws {
        try await withServer { port in
            let answer = try await get(port, "/api/v1/status/buildinfo")
            #expect(
                answer.text
                    == #"{"status":"success","data":{"version":"3.14.0","revision":"r","branch":"b","buildUser":"u","buildDate":"d","goVersion":"c"}}"#
            )
            #expect(try await get(port, "/version").text.hasPrefix(#"{"version":"3.14.0","#))
        }
    }

    @Test func runtimeInfoHasPrometheusFields() async throws {
        try await withServer { port in
            let text = try await get(port, "/api/v1/status/runtimeinfo").text
            #expect(text.hasPrefix(#"{"status":"success","data":{"startTime":"2023-11-14T22:13:20Z","CWD":"/"#))
            for field in ["hostname", "serverTime", "lastConfigTime", "goroutineCount", "GOMAXPROCS", "GOGC"] {
                #expect(text.contains("\"\(field)\":"))
            }
            #expect(text.contains(#""reloadConfigSuccess":true"#))
            #expect(text.hasSuffix(#""storageRetention":"7d"}}"#))
        }
    }

    @Test func configurationFlagsAndStatisticsAreShown() async throws {
        var statistics = StorageStatistics()
        statistics.seriesCount = 3
        statistics.minTimeMs = -5
        statistics.seriesCountByMetricName = [.init(name: "a<b", value: 2), .init(name: "c", value: 1)]
        let shown = statistics
        try await withServer { setup in
            setup.dependencies.flags = ["web.listen-address": ":9090", "a": "\"x\""]
            setup.dependencies.configuration = { ConfigurationStatus(yaml: "global:\n  x: 1\n") }
            setup.dependencies.storageStatistics = { _ in shown }
        } _: { port in
            let flags = try await get(port, "/api/v1/status/flags").text
            #expect(flags == #"{"status":"success","data":{"a":"\"x\"","web.listen-address":":9090"}}"#)
            let yaml = try await get(port, "/api/v1/status/config").text
            #expect(yaml == #"{"status":"success","data":{"yaml":"global:\n  x: 1\n"}}"#)
            let tsdb = try await get(port, "/api/v1/status/tsdb?limit=1").text
            #expect(
                tsdb
                    == #"{"status":"success","data":{"headStats":{"numSeries":3,"numLabelPairs":0,"chunkCount":0,"minTime":-5,"maxTime":0},"seriesCountByMetricName":[{"name":"a\u003cb","value":2}],"labelValueCountByLabelName":[],"memoryInBytesByLabelName":[],"seriesCountByLabelValuePair":[]}}"#
            )
        }
    }

    @Test func targetsAreShown() async throws {
        let target = TargetStatus(
            discoveredLabels: ["__address__": "a:9400"], labels: ["job": "gpu"], scrapePool: "gpu",
            scrapeURL: "http://a:9400/metrics", globalURL: "http://h:9400/metrics", lastError: "no \"route\"",
            lastScrape: 1_700_000_000_120, lastScrapeDurationSeconds: 0.25, health: .down, scrapeIntervalMs: 15_000,
            scrapeTimeoutMs: 1_500)
        let fresh = TargetStatus(
            discoveredLabels: .empty, labels: .empty, scrapePool: "b", scrapeURL: "", globalURL: "",
            scrapeIntervalMs: 60_000,
            scrapeTimeoutMs: 10_000)
        try await withServer { setup in
            setup.dependencies.targets = FixedTargets(targets: [target, fresh])
        } _: { port in
            let text = try await get(port, "/api/v1/targets?scrapePool=gpu").text
            #expect(
                text
                    == #"{"status":"success","data":{"activeTargets":[{"discoveredLabels":{"__address__":"a:9400"},"labels":{"job":"gpu"},"scrapePool":"gpu","scrapeUrl":"http://a:9400/metrics","globalUrl":"http://h:9400/metrics","lastError":"no \"route\"","lastScrape":"2023-11-14T22:13:20.12Z","lastScrapeDuration":0.25,"health":"down","scrapeInterval":"15s","scrapeTimeout":"1s500ms"}],"droppedTargets":[],"droppedTargetCounts":{"b":0,"gpu":0}}}"#
            )
            #expect(try await get(port, "/api/v1/targets").text.contains(#""lastScrape":"0001-01-01T00:00:00Z""#))
            #expect(try await get(port, "/api/v1/targets?state=dropped").text.contains(#""activeTargets":[]"#))
            let pools = try await get(port, "/api/v1/scrape_pools").text
            #expect(pools == #"{"status":"success","data":{"scrapePools":["b","gpu"]}}"#)
        }
    }

    @Test func metadataIsShown() async throws {
        let store = sampleStore()
        try await store.setMetadata([
            MetricMetadata(metric: "temp", type: .gauge, help: "heat", unit: "celsius"),
            MetricMetadata(metric: "http_requests_total", type: .counter, help: "a<b"),
            MetricMetadata(metric: "temp", type: .unknown, help: "other"),
        ])
        let requests = #""http_requests_total":[{"type":"counter","help":"a\u003cb","unit":""}]"#
        let temp =
            #""temp":[{"type":"gauge","help":"heat","unit":"celsius"},{"type":"unknown","help":"other","unit":""}]"#
        try await withServer(store) { port in
            #expect(
                try await get(port, "/api/v1/metadata").text == #"{"status":"success","data":{\#(requests),\#(temp)}}"#)
            #expect(
                try await get(port, "/api/v1/metadata?metric=temp").text == #"{"status":"success","data":{\#(temp)}}"#)
            #expect(
                try await get(port, "/api/v1/metadata?limit=1").text == #"{"status":"success","data":{\#(requests)}}"#)
            let one = try await get(port, "/api/v1/metadata?metric=temp&limit_per_metric=1").text
            #expect(one == #"{"status":"success","data":{"temp":[{"type":"gauge","help":"heat","unit":"celsius"}]}}"#)
        }
    }

    @Test func lifecycleCallsReachTheServer() async throws {
        struct Broken: Error, CustomStringConvertible { let description = "line 3 is wrong" }
        let calls = Mutex<[String]>([])
        try await withServer { setup in
            setup.options.enableLifecycle = true
            setup.dependencies.reload = {
                let count = calls.withLock {
                    $0.append("reload"); return $0.count
                }
                if count > 1 { throw Broken() }
            }
            setup.dependencies.quit = { calls.withLock { $0.append("quit") } }
            setup.dependencies.isReady = { false }
        } _: { port in
            #expect(try await ask(port, "POST", "/-/reload").status == 200)
            let failed = try await ask(port, "PUT", "/-/reload")
            #expect(failed.status == 500)
            #expect(failed.text == "failed to reload config: line 3 is wrong\n")
            #expect(try await ask(port, "POST", "/-/quit").text == "Requesting termination... Goodbye!")
            #expect(try await get(port, "/-/ready").status == 503)
            #expect(calls.withLock { $0 } == ["reload", "reload", "quit"])
        }
    }

    @Test func ownMetricsCountRequests() async throws {
        try await withServer { port in
            _ = try await get(port, "/api/v1/query?query=1")
            _ = try await get(port, "/api/v1/query?query={")
            _ = try await get(port, "/api/v1/label/gpu/values")
            let answer = try await get(port, "/metrics")
            #expect(answer.header("Content-Type") == "text/plain; version=0.0.4; charset=utf-8")
            for line in [
                #"prometheus_http_requests_total{code="200",handler="/api/v1/query"} 1"#,
                #"prometheus_http_requests_total{code="400",handler="/api/v1/query"} 1"#,
                #"prometheus_http_requests_total{code="200",handler="/api/v1/label/:name/values"} 1"#,
                #"prometheus_http_request_duration_seconds_count{handler="/api/v1/query"} 2"#,
                "prometheus_engine_queries 0", "prometheus_engine_queries_concurrent_max 20",
                "process_start_time_seconds 1.7e+09",
            ] {
                #expect(answer.text.contains(line + "\n"), "\(line)")
            }
            for name in ["process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"] {
                let line = answer.text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
                #expect(line.flatMap { Double($0.dropFirst(name.count + 1)) } ?? 0 > 0, "\(name)")
            }
            #expect(
                answer.text.contains(
                    #"prometheus_build_info{branch="b",goversion="c",revision="r",version="3.14.0"} 1"#))
        }
    }

    @Test func pageIsSelfContained() async throws {
        try await withServer { port in
            let page = try await get(port, "/")
            #expect(page.header("Content-Type") == "text/html; charset=utf-8")
            #expect(page.text.hasSuffix("</html>\n") || page.text.hasSuffix("</html>"))
            #expect(!page.text.contains("src=") && !page.text.contains("https://"))
        }
    }

    @Test func prefixComesBeforeEveryPath() async throws {
        try await withServer {
            $0.options.routePrefix = "/prom"
        } _: { port in
            #expect(try await get(port, "/prom/api/v1/query?query=1&time=1").status == 200)
            #expect(try await get(port, "/prom/-/healthy").status == 200)
            #expect(try await get(port, "/api/v1/query?query=1").status == 404)
            let bare = try await get(port, "/prom")
            #expect(bare.status == 302)
            #expect(bare.header("Location") == "/prom/")
        }
    }
}
