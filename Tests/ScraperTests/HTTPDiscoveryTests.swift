import Glibc
import Synchronization
import TestSupport
import Testing

@testable import Scraper

@Suite struct HTTPDiscoveryTests {
    private static func list(_ targets: String, type: String? = "application/json", status: String = "200 OK")
        -> [ScriptedServer.Step]
    {
        ScriptedServer.page(targets, contentType: type, status: status)
    }

    private func settings(_ port: Int, refresh: String = "500ms", _ more: String = "") -> String {
        """
          http_sd_configs:
          - url: http://127.0.0.1:\(port)/sd
            refresh_interval: \(refresh)
            basic_auth: {username: u, password: hidden-word}
        \(more)
          relabel_configs:
          - {source_labels: [__meta_url], regex: '.*/', target_label: none, replacement: x}
          - {source_labels: [__meta_url], regex: '.*/(.*)', target_label: from}
        """
    }

    @Test func targetsComeFromTheServerAndStayWhenItsAnswersAreBad() async throws {
        let answer = Mutex(Self.list(#"[{"targets": ["h1:1"], "labels": {"a": "b"}}]"#))
        let server = try ScriptedServer { _, _ in answer.withLock { $0 } }
        defer { server.close() }
        let harness = Harness()
        try harness.discover(settings(server.port))
        let targets = [#"{a="b", from="sd", instance="h1:1"}"#]
        try await harness.wait("the first answer") { harness.targetLabels == targets }
        let bad = [
            ("server returned HTTP status 500", Self.list("[]", status: "500 Oops")), ("not JSON", Self.list("[")),
            ("unsupported content type \"text/html\"", Self.list("[]", type: "text/html")),
            ("another thing at [0].labels", Self.list(#"[{"targets": [], "labels": {"a": 1}}]"#)),
        ]
        for (reason, steps) in bad {
            answer.withLock { $0 = steps }
            try await harness.wait(reason) { harness.log.lines.contains { $0.contains(reason) } }
            let failures = harness.metric("prometheus_sd_http_failures_total") ?? 0
            try await harness.wait("more failures") {
                (harness.metric("prometheus_sd_http_failures_total") ?? 0) >= failures + 2
            }
            #expect(harness.targetLabels == targets)
        }
        answer.withLock { $0 = Self.list(#"[{"targets": ["h2:1"]}]"#, type: "application/json; charset=utf-8") }
        try await harness.wait("other targets") { harness.targetLabels == [#"{from="sd", instance="h2:1"}"#] }
        await harness.manager.stop()
        #expect(!harness.repeats("asking for targets"), "\(harness.log.lines)")
        #expect(harness.lines("notice asking for targets works again") > 0)
        #expect(!harness.log.lines.contains { $0.contains("hidden-word") })
        let request = try #require(server.requests.first)
        #expect(request.hasPrefix("GET /sd ") && request.contains("Accept: application/json\r\n"), "\(request)")
        #expect(request.contains("X-Prometheus-Refresh-Interval-Seconds: 0.5\r\n"), "\(request)")
        #expect(
            request.contains("Authorization: Basic ") && request.contains("User-Agent: tsdb/1.2.3\r\n"), "\(request)")
    }

    /// Series would end for a moment otherwise.
    @Test func otherSettingsKeepTheTargetsUntilTheFirstAnswer() async throws {
        let isHeld = Mutex(false)
        let server = try ScriptedServer { _, _ in
            while isHeld.withLock({ $0 }) { usleep(5000) }
            return Self.list(#"[{"targets": ["h1:1"]}]"#)
        }
        defer { server.close() }
        let harness = Harness()
        try harness.discover(settings(server.port, refresh: "1d"))
        let targets = [#"{from="sd", instance="h1:1"}"#]
        try await harness.wait("the first answer") { harness.targetLabels == targets }
        isHeld.withLock { $0 = true }
        try harness.discover(settings(server.port, refresh: "1d", "    follow_redirects: false"))
        #expect(harness.targetLabels == targets)
        isHeld.withLock { $0 = false }
        await harness.manager.stop()
    }

    @Test func nothingIsAskedWhenDiscoveryIsGone() async throws {
        let server = try ScriptedServer { _, _ in Self.list(#"[{"targets": ["h1:1"]}]"#) }
        defer { server.close() }
        let harness = Harness()
        try harness.discover(settings(server.port))
        try await harness.wait("the first answer") { !harness.targetLabels.isEmpty }
        try harness.discover("  static_configs: [{targets: [h9:1]}]")
        #expect(harness.targetLabels == [#"{instance="h9:1"}"#])
        await harness.manager.stop()
    }

    @Test func stoppingIsNoFailure() async throws {
        let isHeld = Mutex(true)
        let server = try ScriptedServer { _, _ in
            while isHeld.withLock({ $0 }) { usleep(5000) }
            return Self.list("[]")
        }
        defer {
            isHeld.withLock { $0 = false }
            server.close()
        }
        let harness = Harness()
        try harness.discover(settings(server.port, refresh: "1d"))
        try await harness.wait("a request") { !server.requests.isEmpty }
        await harness.manager.stop()
        #expect(harness.lines("error") == 0, "\(harness.log.lines)")
        #expect(harness.metric("prometheus_sd_http_failures_total") == 0)
    }
}
