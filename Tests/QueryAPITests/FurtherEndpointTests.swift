import Model
import Synchronization
import TestSupport
import Testing

@testable import QueryAPI

@Suite struct SearchTests {
    private func search(_ port: Int, _ endpoint: String, _ parameters: [(String, String)]) async throws -> HTTPAnswer {
        try await get(
            port, "/api/v1/search/" + endpoint, parameters + [("start", "1699999000"), ("end", "1700009000")])
    }

    @Test func namesAreFoundInBatchesOfLines() async throws {
        try await withServer { port in
            let all = try await search(port, "metric_names", [("batch_size", "3")])
            #expect(all.header("Content-Type") == "application/x-ndjson; charset=utf-8")
            #expect(
                all.text == """
                    {"results":[{"name":"http_requests_total"},{"name":"my.metric"},{"name":"temp"}]}
                    {"results":[{"name":"vals"},{"name":"weird"}]}
                    {"status":"success","has_more":false}

                    """)
            let some = try await search(port, "metric_names", [("search[]", "tem"), ("include_score", "true")])
            #expect(
                some.text
                    == "{\"results\":[{\"name\":\"temp\",\"score\":1}]}\n{\"status\":\"success\",\"has_more\":false}\n")
            let first = try await search(
                port, "label_names", [("limit", "1"), ("sort_by", "alpha"), ("sort_dir", "dsc")])
            #expect(first.text == "{\"results\":[{\"name\":\"path\"}]}\n{\"status\":\"success\",\"has_more\":true}\n")
            let none = try await search(port, "label_values", [("label", "gpu"), ("search[]", "zz")])
            #expect(none.text == "{\"results\":[]}\n{\"status\":\"success\",\"has_more\":false}\n")
        }
    }

    static let refusals = [
        ("label_values", "", "missing required parameter \\\"label\\\""),
        ("metric_names", "fuzz_threshold=101", "invalid fuzz_threshold \\\"101\\\": must be 0-100"),
        ("metric_names", "fuzz_alg=x", "unsupported fuzz_alg \\\"x\\\": must be one of [subsequence jarowinkler]"),
        ("metric_names", "sort_by=score", "sort_by=score requires search[] to be set"),
        ("metric_names", "sort_dir=asc", "sort_dir is only valid when sort_by is set"),
        ("label_names", "case_sensitive=x", "invalid case_sensitive \\\"x\\\": must be boolean"),
        (
            "metric_names", Array(repeating: "search[]=a", count: 33).joined(separator: "&"),
            "search[] may be given 32 times, each of 1024 bytes"
        ),
        (
            "label_names", "search[]=" + String(repeating: "a", count: 1025),
            "search[] may be given 32 times, each of 1024 bytes"
        ),
        ("label_names", "limit=-1", "invalid limit \\\"-1\\\": must be non-negative integer"),
    ]

    @Test(arguments: refusals) func wrongParametersAreRefused(_ endpoint: String, _ query: String, _ message: String)
        async throws
    {
        try await withServer { port in
            let answer = try await get(port, "/api/v1/search/\(endpoint)?\(query)")
            #expect(answer.status == 400)
            #expect(answer.text == #"{"status":"error","errorType":"bad_data","error":"\#(message)"}"#)
        }
    }

    @Test func scoresOrderNames() {
        let loose = SearchTerms(terms: ["gputemp"])
        #expect(loose.score("gputemperature") == 1)
        let near = loose.score("gpu_temp") ?? 0
        let far = loose.score("g_p_u_other_t_e_m_p") ?? 0
        #expect(1 > near && near > far && far > 0)
        #expect(loose.score("tempgpu") == nil)
        var alike = SearchTerms(terms: ["temprature"])
        alike.algorithm = .jarowinkler
        alike.threshold = 0.9
        #expect(alike.score("temperature") ?? 0 > 0.9)
        #expect(alike.score("power") == nil)
        #expect(SearchTerms(terms: ["GPU"], isCaseSensitive: false).score("gpu_temp") == 1)
    }
}

@Suite struct FurtherEndpointTests {
    private struct Pools: TargetProvider {
        func activeTargets() -> [TargetStatus] { [] }
        func droppedTargets() -> [DroppedTarget] {
            [DroppedTarget(discoveredLabels: ["__address__": "a:1"], scrapePool: "gpu")]
        }
        func scrapePools() -> [String] { ["gpu", "node"] }
        func configuration(ofPool pool: String) -> String? { pool == "gpu" ? "job_name: gpu\n" : nil }
        func relabelSteps(ofPool pool: String, _ labels: Labels) -> [RelabelStep]? {
            pool == "gpu"
                ? [RelabelStep(rule: [("sourceLabels", ["a"]), ("action", ["drop"])], output: labels, isKept: false)]
                : nil
        }
        func targetMetadata(metric: String?) -> [(target: Labels, metadata: [MetricMetadata])] {
            [(["job": "gpu"], [MetricMetadata(metric: metric ?? "up", type: .gauge, help: "h")])]
        }
    }

    static let answers = [
        ("scrape_pools/config?scrapePool=gpu", 200, #"{"yaml":"job_name: gpu\n"}"#),
        ("scrape_pools/config?scrapePool=x", 400, #"error retrieving scrape config: scrape pool \"x\" not found"#),
        (
            "targets?state=dropped", 200,
            #"{"activeTargets":[],"droppedTargets":[{"discoveredLabels":{"__address__":"a:1"},"scrapePool":"gpu"}],"droppedTargetCounts":{"gpu":1,"node":0}}"#
        ),
        ("targets?state=active", 200, #"{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":null}"#),
        ("targets/metadata", 200, #"[{"target":{"job":"gpu"},"metric":"up","type":"gauge","help":"h","unit":""}]"#),
        ("targets/metadata?metric=x", 200, #"[{"target":{"job":"gpu"},"type":"gauge","help":"h","unit":""}]"#),
        ("targets/metadata?match_target=%7Bjob=%22x%22%7D", 200, "[]"), ("targets/metadata?limit=0", 200, "[]"),
        (
            "targets/relabel_steps?scrapePool=gpu&labels=%7B%22a%22:%22%5Cu00e9%22%7D", 200,
            #"{"steps":[{"rule":{"sourceLabels":["a"],"action":"drop"},"output":{"a":"é"},"keep":false}]}"#
        ),
        ("targets/relabel_steps?labels=%7B%7D", 400, "no scrapePool parameter provided"),
        (
            "targets/relabel_steps?scrapePool=x&labels=%7B%7D", 400,
            #"error retrieving scrape config: scrape pool \"x\" not found"#
        ),
        (
            "status/tsdb/blocks", 200,
            #"{"blocks":[{"ulid":"7","minTime":1,"maxTime":6,"stats":{"numSamples":9,"numSeries":2},"version":1}]}"#
        ),
        (
            "status/self_metrics?metric_name_pattern=prometheus_ready", 200,
            #"[{"name":"prometheus_ready","help":"Whether startup is complete and queries are answered.","type":"GAUGE","metric":[{"label":[],"gauge":{"value":1}}]}]"#
        ),
    ]

    @Test(arguments: answers) func answerIsAsExpected(_ target: String, _ status: Int, _ content: String) async throws {
        try await withServer { setup in
            setup.dependencies.targets = Pools()
            setup.dependencies.blocks = {
                [StoredBlock(id: "7", minTimeMs: 1, maxTimeMs: 5, seriesCount: 2, sampleCount: 9)]
            }
        } _: { port in
            let answer = try await get(port, "/api/v1/" + target)
            #expect(answer.status == status)
            let expected =
                status == 200
                ? #"{"status":"success","data":\#(content)}"#
                : #"{"status":"error","errorType":"bad_data","error":"\#(content)"}"#
            #expect(answer.text == expected)
        }
    }

    @Test func notificationsComeLive() async throws {
        let notifications = Notifications()
        notifications.add("first")
        try await withServer { setup in
            setup.dependencies.notifications = notifications
            setup.options.notificationSubscribersMax = 1
        } _: { port in
            let reader = try HTTPClient(port: port)
            try await reader.send("GET /api/v1/notifications/live HTTP/1.1\r\nHost: x\r\n\r\n")
            var seen = try await reader.received(until: "\"first\"")
            #expect(seen.contains("text/event-stream") && seen.contains("data: {\"text\":\"first\""))
            #expect(try await get(port, "/api/v1/notifications/live").status == 204)
            notifications.add("second")
            notifications.remove("first")
            seen = try await reader.received(until: "\"active\":false")
            #expect(seen.contains("\"second\""))
            #expect(try await get(port, "/api/v1/notifications").text.contains("\"second\""))
            reader.close()
            var page = ""
            for _ in 0..<10_000 {
                page = try await get(port, "/metrics").text
                if page.contains("active_subscribers 0") { break }
            }
            #expect(page.contains("active_subscribers 0"))
        }
    }

    @Test func everyRouteIsDescribed() throws {
        let text = String(decoding: openAPIDocument(RouteTable.all.routes, version: "1"), as: UTF8.self)
        for route in RouteTable.all.routes {
            #expect(openAPIDescriptions[route.path] != nil, "\(route.path) has no entry in openAPIDescriptions")
            #expect(text.contains("\n  \"\(route.path.replacing(":name", with: "{name}"))\":\n"), "\(route.path)")
        }
        for path in openAPIDescriptions.keys {
            #expect(RouteTable.all.routes.contains { $0.path == path }, "\(path) is described and not routed")
        }
    }

    @Test(arguments: [61, 62] as [UInt64]) func objectsOfStringsNeverTrap(_ seed: UInt64) {
        #expect(parseStringObject(#" {"a" : "b","\u00e9\n":"\ud83d\ude00"} "#)?.map(\.value) == ["b", "😀"])
        var random = SeededGenerator(seed: seed)
        let text = Array(#"{"a":"b","c\u00e9\\":"\ud83d\ude00","":""}"#.utf8)
        for _ in 0..<20_000 {
            var bytes = text
            for _ in 0...random.below(3) { bytes[random.below(bytes.count)] = UInt8(truncatingIfNeeded: random.next()) }
            _ = parseStringObject(String(decoding: bytes.prefix(random.below(bytes.count + 1)), as: UTF8.self))
        }
    }
}
