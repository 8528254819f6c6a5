import Exposition
import Model
import Synchronization
import TestSupport
import Testing

@testable import Scraper

/// Scrapes of a real server over loopback, one that misbehaves.
@Suite struct ScrapeServerTests {
    @Test func aScrapeStoresSamplesReportsAndMetadata() async throws {
        let server = try ScriptedServer { _, count in
            ScriptedServer.page("# HELP a_total The A.\n# TYPE a_total counter\na_total{x=\"1\"} \(count)\nb 2.5\n")
        }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port)
        try await harness.wait("three scrapes") { harness.report("up", server.port).count >= 3 }
        await harness.manager.stop()
        let labels = "instance=\"127.0.0.1:\(server.port)\", job=\"test\""
        let samples = harness.store.samples("a_total{\(labels), x=\"1\"}")
        #expect(samples.prefix(3).map(\.value) == [0, 1, 2])
        #expect(harness.report("up", server.port).allSatisfy { $0.value == 1 })
        #expect(harness.report("scrape_samples_scraped", server.port).allSatisfy { $0.value == 2 })
        #expect(harness.report("scrape_samples_post_metric_relabeling", server.port).first?.value == 2)
        #expect(harness.report("scrape_series_added", server.port).prefix(2).map(\.value) == [2, 0])
        #expect(harness.report("scrape_duration_seconds", server.port).allSatisfy { $0.value > 0 })
        harness.store.state.withLock { state in
            #expect(state.metadata["a_total"] == MetricMetadata(metric: "a_total", type: .counter, help: "The A."))
            #expect(state.metadataCalls == 1)
            #expect(state.batches.allSatisfy { $0.refs.count == 7 && $0.timestamps.count == 1 })
        }
        #expect(harness.target?.health == .up)
        #expect(harness.target?.scrapeURL == "http://127.0.0.1:\(server.port)/metrics")
        #expect(
            server.requests.allSatisfy { request in
                request.contains("User-Agent: tsdb/1.2.3\r\n")
                    && request.contains("X-Prometheus-Scrape-Timeout-Seconds: 0.4\r\n")
                    && request.contains(
                        "Accept: application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,")
                    && request.contains("Accept-Encoding: gzip\r\n")
            })
        #expect(harness.metric("tsdb_scrapes_failed_total") == 0)
    }

    @Test(arguments: [
        ("/500", "server returned HTTP status 500 Internal Server Error"),
        (
            "/notype",
            "non-compliant scrape target sending blank Content-Type and no fallback_scrape_protocol specified for target"
        ),
        (
            "/html",
            "received unsupported Content-Type \"text/html\" and no fallback_scrape_protocol specified for target"
        ),
        ("/half", "Get \"URL/half\": unexpected EOF: transfer closed with 4 bytes remaining to read"),
        ("/cut", "line 2, column 2: expected a value after the name and labels, found the end of the page"),
        ("/slow", "Get \"URL/slow\": context deadline exceeded"),
        ("/huge", "body size limit exceeded"),
        ("/garbage", "line 1, column 1: expected a metric name, found \"\\x00\\x01{{{\""),
        ("/empty", "Get \"URL/empty\": unexpected EOF: Empty reply from server"),
        ("/loop", "Get \"URL/loop\": stopped after 10 redirects"),
        ("/file", "Get \"file:///etc/passwd\": Protocol \"file\" not supported or disabled in libcurl"),
        ("/many", "sample limit exceeded"),
        ("/gzip-broken", "Get \"URL/gzip-broken\": Error while processing content unencoding: incorrect header check"),
    ])
    func badAnswersFailTheScrapeWithAReason(path: String, expected: String) async throws {
        let server = try ScriptedServer { request, _ in badAnswer(String(request.split(separator: " ")[1])) }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(
            port: server.port, path: path, interval: path == "/slow" ? "400ms" : "10s",
            timeout: path == "/slow" ? "300ms" : "10s",
            more: "  body_size_limit: 1MB\n  sample_limit: 2")
        try await harness.wait("a failed scrape") { harness.target?.health == .down }
        await harness.manager.stop()
        let url = "http://127.0.0.1:\(server.port)"
        #expect(harness.target?.lastError.replacing(url, with: "URL") == expected)
        #expect(harness.report("up", server.port).map(\.value).first == 0)
        #expect(harness.store.seriesWithoutReports == [])
        #expect(harness.log.lines.filter { $0.hasPrefix("warning target is down") }.count == 1)
    }

    @Test func aPageOfAHundredMegabytesIsGivenUpAtTheDefaultBound() async throws {
        let server = try ScriptedServer { _, _ in
            [
                .send(Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n".utf8)),
                .flood(ScrapeManager.bodyBytesMaxDefault + 1),
            ]
        }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port, interval: "1s", timeout: "1s")
        try await harness.wait("the bound") { harness.target?.lastError == "body size limit exceeded" }
        await harness.manager.stop()
        #expect((harness.metric("prometheus_target_scrapes_exceeded_body_size_limit_total") ?? 0) > 0)
    }

    @Test func aRefusedConnectionIsNamed() async throws {
        let server = try ScriptedServer { _, _ in [] }
        server.close()
        try await Task.sleep(for: .milliseconds(20))
        let harness = Harness()
        try harness.scrape(port: server.port)
        try await harness.wait("a failed scrape") { harness.target?.health == .down }
        await harness.manager.stop()
        let address = "127.0.0.1:\(server.port)"
        #expect(harness.target?.lastError == "Get \"http://\(address)/metrics\": connection to \(address) refused")
    }

    @Test func redirectsAndGzipAreFollowed() async throws {
        let packed: [UInt8] = [
            0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3, 0x4b, 0x54, 0x30, 0xe4, 2, 0, 0x36, 0xe7, 0x1b, 0xbc, 4, 0, 0, 0,
        ]
        let server = try ScriptedServer { request, _ in
            if request.hasPrefix("GET /old ") {
                return [.send(Array("HTTP/1.1 302 Found\r\nLocation: /new\r\nContent-Length: 0\r\n\r\n".utf8))]
            }
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Encoding: gzip\r\nContent-Length: \(packed.count)\r\n\r\n"
            return [.send(Array(head.utf8) + packed)]
        }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port, path: "/old")
        try await harness.wait("a scrape") { harness.target?.health != .unknown }
        await harness.manager.stop()
        #expect(harness.target?.lastError == "")
        #expect(harness.store.samples("a{instance=\"127.0.0.1:\(server.port)\", job=\"test\"}").first?.value == 1)
        #expect(server.requests.contains { $0.hasPrefix("GET /new ") })
    }

    @Test func metadataOfMetricsThatAreGoneStaysForTenScrapes() {
        let cache = MetadataCache()
        _ = cache.update([.help(metric: "a", text: "A."), .help(metric: "b", text: "B.")])
        cache.endScrape(tellingOf: ["a", "b"])
        cache.endScrape(tellingOf: ["a"])
        for _ in 0..<5 { cache.endScrape(tellingOf: nil) }
        cache.endScrape(tellingOf: ["a", "b"])
        cache.endScrape(tellingOf: ["a"])
        for _ in 0..<4 { cache.endScrape(tellingOf: nil) }
        for _ in 0..<5 { cache.endScrape(tellingOf: ["a"]) }
        #expect(cache.all(metric: nil).map(\.metric) == ["a", "b"])
        cache.endScrape(tellingOf: nil)
        #expect(cache.all(metric: nil).map(\.metric) == ["a"])
    }

    @Test func theLastLinesAboutAMetricHold() {
        let cache = MetadataCache()
        let lines: [MetadataLine] = [.help(metric: "a", text: "x"), .help(metric: "a", text: "y")]
        #expect(cache.update(lines).map(\.help) == ["y"])
        #expect(cache.update(lines) == [])
        #expect(cache.update(Array(lines.prefix(1))).map(\.help) == ["x"])
        #expect(cache.update([.type(metric: "a", .counter)]).map(\.help) == ["x"])
    }

    /// What only a page has told that could not be read to its end is kept for ten scrapes.
    @Test func pagesThatFailTellTooButNotForLong() {
        let cache = MetadataCache()
        _ = cache.update([.help(metric: "a", text: "A.")], isOfFailure: true)
        for _ in 0..<9 { cache.endScrape(tellingOf: nil) }
        #expect(cache.all(metric: nil).map(\.metric) == ["a"])
        cache.endScrape(tellingOf: nil)
        #expect(cache.all(metric: nil) == [])
    }

    @Test func metadataIsBoundedInBytes() {
        let cache = MetadataCache()
        let long = String(repeating: "x", count: 1 << 20)
        for round in 0..<2 {
            let lines = (0..<40).map { MetadataLine.help(metric: "m\($0)", text: long + "\(round)") }
            #expect(cache.update(lines).count >= 24)
            #expect(cache.count < 16 && cache.count > 12)
        }
        cache.forget(cache.all(metric: nil))
        #expect(cache.update([.help(metric: "a", text: long)]).count == 1)
        #expect(cache.count == 1)
    }

    /// What two targets say of a metric is both told, and what neither says is what is known otherwise.
    @Test func metadataIsThatOfAllTargets() async throws {
        struct Others: MetadataProvider {
            func metadata(metric: String?) -> [String: [MetricMetadata]] {
                let known = ["a", "z"].map { MetricMetadata(metric: $0, type: .gauge, help: "Other.") }
                let wanted = known.filter { metric == nil || $0.metric == metric }
                return Dictionary(grouping: wanted, by: \.metric)
            }
        }
        let server = try ScriptedServer { request, _ in
            let isFirst = request.hasPrefix("GET /one ")
            return ScriptedServer.page(
                "# HELP a \(isFirst ? "One." : "Two.")\n# HELP b B.\na 1\n" + (isFirst ? "" : "b{ 1\n"))
        }
        defer { server.close() }
        let harness = Harness()
        let other = "- job_name: two\n  scrape_interval: 400ms\n  metrics_path: /two\n  static_configs: "
        try harness.scrape(
            port: server.port, path: "/one", more: other + "[{targets: ['127.0.0.1:\(server.port)']}]")
        let metadata = ScrapedMetadata(harness.manager, others: Others())
        func told(_ metric: String?) -> [String] {
            metadata.metadata(metric: metric).values.joined().map { "\($0.metric) \($0.help)" }.sorted()
        }
        try await harness.wait("both") { told("a") == ["a One.", "a Two."] }
        await harness.manager.stop()
        #expect(told(nil) == ["a One.", "a Two.", "b B.", "z Other."])
        #expect(told("z") == ["z Other."] && told("c") == [])
    }

    @Test func linesThatStandTwiceCountOnceToTheSampleLimit() async throws {
        let server = try ScriptedServer { _, count in
            ScriptedServer.page(count < 2 ? "a 1\na 1\nb 1\n" : "a 1\na 1\nb 1\nc 1\n")
        }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port, interval: "100ms", timeout: "100ms", more: "  sample_limit: 2")
        try await harness.wait("a failed scrape") { harness.target?.health == .down }
        await harness.manager.stop()
        #expect(harness.report("up", server.port).prefix(2).map(\.value) == [1, 1])
        #expect(harness.target?.lastError == "sample limit exceeded")
        #expect(harness.report("scrape_series_added", server.port).prefix(2).map(\.value) == [2, 0])
        #expect(harness.metric("prometheus_target_scrapes_sample_duplicate_timestamp_total") == 2)
    }

    @Test func limitsOfLabelsAreCounted() async throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.page("a{x=\"1\"} 1\n") }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port, more: "  label_limit: 2")
        try await harness.wait("a failed scrape") { harness.target?.health == .down }
        await harness.manager.stop()
        #expect((harness.metric("prometheus_target_scrape_pool_exceeded_label_limits_total") ?? 0) > 0)
        #expect(harness.report("scrape_samples_scraped", server.port).first?.value == 1)
    }

    @Test func metadataFollowsThePages() async throws {
        let isSmall = Mutex(false)
        let server = try ScriptedServer { _, _ in
            ScriptedServer.page("# TYPE a gauge\na 1\n" + (isSmall.withLock { $0 } ? "" : "# TYPE b gauge\nb 1\n"))
        }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port, interval: "100ms", timeout: "100ms")
        func known() -> [String] { harness.manager.targetMetadata(metric: nil).flatMap(\.metadata).map(\.metric) }
        try await harness.wait("both") { known() == ["a", "b"] }
        isSmall.withLock { $0 = true }
        try await harness.wait("one") { known() == ["a"] }
        isSmall.withLock { $0 = false }
        try await harness.wait("both again") { known() == ["a", "b"] }
        await harness.manager.stop()
    }

    /// What is reported of a scrape follows the configuration: series that are no longer reported end.
    @Test func extraReportsComeAndGo() async throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.page("a 1\n") }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port, more: "  extra_scrape_metrics: true\n  sample_limit: 7")
        try await harness.wait("reports") { !harness.report("scrape_body_size_bytes", server.port).isEmpty }
        #expect(harness.report("scrape_body_size_bytes", server.port).first?.value == 4)
        #expect(harness.report("scrape_sample_limit", server.port).first?.value == 7)
        #expect(harness.report("scrape_timeout_seconds", server.port).first?.value == 0.4)
        try harness.scrape(port: server.port)
        try await harness.wait("the end") {
            harness.report("scrape_body_size_bytes", server.port).last.map { StaleMarker.isStale($0.value) } == true
        }
        #expect(harness.report("scrape_samples_scraped", server.port).allSatisfy { !StaleMarker.isStale($0.value) })
        try harness.scrape(port: server.port, more: "  extra_scrape_metrics: true")
        try await harness.wait("reports again") {
            harness.report("scrape_body_size_bytes", server.port).last?.value == 4
        }
        await harness.manager.stop()
    }

    @Test func aTargetThatComesAndGoesIsLoggedOncePerChange() async throws {
        let server = try ScriptedServer { _, count in
            (3..<6).contains(count)
                ? ScriptedServer.page("oops", status: "503 Service Unavailable") : ScriptedServer.page("a 1\n")
        }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port)
        try await harness.wait("eight scrapes") { harness.report("up", server.port).count >= 8 }
        await harness.manager.stop()
        #expect(harness.report("up", server.port).prefix(8).map(\.value) == [1, 1, 1, 0, 0, 0, 1, 1])
        let samples = harness.store.samples("a{instance=\"127.0.0.1:\(server.port)\", job=\"test\"}")
        #expect(samples.prefix(6).map(\.isStale) == [false, false, false, true, false, false])
        let lines = harness.log.lines
        #expect(lines.filter { $0.contains("target is down") }.count == 1, "\(lines)")
        #expect(lines.filter { $0.contains("target is up again") }.count == 1, "\(lines)")
    }

    @Test func aSlowTargetSkipsBeatsAndHoldsNobodyUp() async throws {
        let server = try ScriptedServer { request, _ in
            request.hasPrefix("GET /slow")
                ? [.sleep(milliseconds: 400)] + ScriptedServer.page("a 1\n") : ScriptedServer.page("b 1\n")
        }
        defer { server.close() }
        let harness = Harness()
        let text = ["slow", "fast"].map {
            "- {job_name: \($0), scrape_interval: 20ms, metrics_path: /\($0), static_configs: [{targets: ['127.0.0.1:\(server.port)']}]}"
        }
        // A timeout is at most the interval, so that only the store can make a scrape last longer: the slow one times out.
        harness.manager.apply(
            try Configuration.parse(text: "scrape_configs:\n" + text.joined(separator: "\n"), file: "t.yml"))
        let fast = "up{instance=\"127.0.0.1:\(server.port)\", job=\"fast\"}"
        try await harness.wait("ten fast scrapes") { harness.store.samples(fast).count >= 10 }
        await harness.manager.stop()
        let slow = harness.store.samples("up{instance=\"127.0.0.1:\(server.port)\", job=\"slow\"}")
        #expect(slow.allSatisfy { $0.value == 0 })
        #expect(harness.store.samples(fast).contains { $0.value == 1 })
    }

    @Test func reloadingKeepsChangesAndEndsTargets() async throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.page("a 1\nb 2\n") }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port)
        try await harness.wait("a scrape") { harness.report("up", server.port).count >= 2 }
        let before = harness.manager.state.withLock { $0.targets }
        try harness.scrape(port: server.port)
        let after = harness.manager.state.withLock { $0.targets }
        #expect(before.count == 1 && after.count == 1 && before[0] === after[0])
        // Other rules: the same series go on, what they drop ends.
        try harness.scrape(
            port: server.port, more: "  metric_relabel_configs: [{source_labels: [__name__], regex: b, action: drop}]")
        let b = "b{instance=\"127.0.0.1:\(server.port)\", job=\"test\"}"
        try await harness.wait("the end of b") { harness.store.samples(b).last?.isStale == true }
        let a = "a{instance=\"127.0.0.1:\(server.port)\", job=\"test\"}"
        #expect(!harness.store.samples(a).contains { $0.isStale })
        harness.manager.apply(Configuration())
        try await harness.wait("the end of a") { harness.store.samples(a).last?.isStale == true }
        try await harness.wait("the end of up") { harness.report("up", server.port).last?.isStale == true }
        #expect(harness.manager.activeTargets().isEmpty)
        await harness.manager.stop()
        #expect(harness.store.samples(b).count(where: \.isStale) == 1)
    }

    @Test func stoppingLeavesSeriesOpen() async throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.page("a 1\n") }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port)
        try await harness.wait("a scrape") { !harness.report("up", server.port).isEmpty }
        await harness.manager.stop()
        let count = harness.report("up", server.port).count
        try await Task.sleep(for: .milliseconds(900))
        #expect(harness.report("up", server.port).count == count)
        #expect(!harness.report("up", server.port).contains { $0.isStale })
    }

    @Test func forgottenSeriesAreResolvedAnew() async throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.page("a 1\nb{x=\"y\"} 2\n") }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port)
        try await harness.wait("a scrape") { !harness.report("up", server.port).isEmpty }
        let b = "b{instance=\"127.0.0.1:\(server.port)\", job=\"test\", x=\"y\"}"
        harness.store.state.withLock { state in state.forgetting = Set(state.refs.keys) }
        let count = harness.store.samples(b).count
        try await harness.wait("further samples") { harness.store.samples(b).count >= count + 3 }
        await harness.manager.stop()
        let times = harness.store.samples(b).map(\.timestampMs)
        #expect(times == harness.report("up", server.port).map(\.timestampMs))
    }

    @Test func aStoreThatFailsIsLoggedOnceAndRecoversWithoutLoss() async throws {
        let server = try ScriptedServer { _, count in ScriptedServer.page(count < 2 ? "a 1\nb 1\n" : "a 1\n") }
        defer { server.close() }
        let harness = Harness()
        try harness.scrape(port: server.port)
        try await harness.wait("a scrape") { !harness.report("up", server.port).isEmpty }
        harness.store.state.withLock { $0.failure = .diskFull("no room") }
        try await harness.wait("failures") { server.requests.count > 6 }
        harness.store.state.withLock { $0.failure = nil }
        let b = "b{instance=\"127.0.0.1:\(server.port)\", job=\"test\"}"
        try await harness.wait("the end of b") { harness.store.samples(b).last?.isStale == true }
        await harness.manager.stop()
        #expect(harness.log.lines.filter { $0.contains("cannot store what is scraped") }.count == 1)
        #expect(harness.log.lines.filter { $0.contains("can be stored again") }.count == 1)
        #expect(harness.target?.health == .up)
    }
}

private func badAnswer(_ path: String) -> [ScriptedServer.Step] {
    switch path {
    case "/500": return ScriptedServer.page("a 1\n", status: "500 Internal Server Error")
    case "/notype": return ScriptedServer.page("a 1\n", contentType: nil)
    case "/html": return ScriptedServer.page("<html>", contentType: "text/html")
    case "/half":
        return [
            .send(Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\na 1\n".utf8)),
            .sleep(milliseconds: 0),
        ]
    case "/cut":
        return [
            .send(Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\na 1\nb".utf8)), .sleep(milliseconds: 0),
        ]
    case "/slow":
        return [
            .send(Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 9999\r\n\r\na 1\n".utf8)),
            .sleep(milliseconds: 2000),
        ]
    case "/huge":
        return [.send(Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\n".utf8)), .flood((1 << 20) + 1)]
    case "/garbage": return ScriptedServer.page("\u{0}\u{1}{{{")
    case "/empty": return [.sleep(milliseconds: 0)]
    case "/loop": return [.send(Array("HTTP/1.1 302 Found\r\nLocation: /loop\r\nContent-Length: 0\r\n\r\n".utf8))]
    case "/file":
        return [.send(Array("HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n".utf8))]
    case "/many": return ScriptedServer.page("a 1\nb 2\nc 3\n")
    case "/gzip-broken": return ScriptedServer.page("this is not gzip", extra: "Content-Encoding: gzip\r\n")
    default: return ScriptedServer.page("a 1\n", status: "404 Not Found")
    }
}
