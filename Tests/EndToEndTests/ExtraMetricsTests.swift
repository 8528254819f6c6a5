import Glibc
import TestSupport
import Testing

/// `extra_scrape_metrics` gives what a real Prometheus 3.5 gives with the feature flag of that name.
@Suite struct ExtraMetricsTests {
    private static let pages = [
        "good": "", "none": "", "broken": "", "large": "body_size_limit: 10B", "limited": "sample_limit: 5",
        "over": "sample_limit: 1", "slow": "scrape_timeout: 1500ms", "404": "",
    ]

    private func config(_ port: Int, _ more: String) -> String {
        "global: {scrape_interval: 2s, scrape_timeout: 2s}\nscrape_configs:\n"
            + Self.pages.sorted { $0.key < $1.key }.map { name, setting in
                "- job_name: '\(name)'\n  metrics_path: /\(name)\n  \(setting)\n  \(more)\n"
                    + "  static_configs: [{targets: ['127.0.0.1:\(port)']}]\n"
            }.joined()
    }

    private func reports(_ port: Int) throws -> [String] {
        let query = percentEncoded(
            #"{__name__=~"up|scrape_timeout_seconds|scrape_sample_limit|scrape_body_size_bytes"}"#)
        let answer = try HTTPConnection(port: port).request("GET", "/api/v1/query?query=\(query)")
        return (try JSONValue(parsing: answer.body)["data"]?["result"]?.elements ?? []).map {
            "\($0["metric"]?.sortKey ?? "") \($0["value"]?.elements.last?.sortKey ?? "")"
        }.sorted()
    }

    @Test(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH"))
    func theyAreThoseOfARealPrometheus() throws {
        let server = try ScriptedServer { request, _ in
            switch request.split(separator: " ")[1] {
            case "/none": ScriptedServer.page("")
            case "/broken": ScriptedServer.page("a 1\nb\n")
            case "/404": ScriptedServer.page("not here\n", status: "404 Not Found")
            default: ScriptedServer.page("a 1\nb 2\nc 3\n")
            }
        }
        defer { server.close() }
        let data = TemporaryDirectory(.disk)
        let theirs = try RealPrometheus(
            data: data.path, config: config(server.port, ""), flags: ["--enable-feature=extra-scrape-metrics"])
        defer { theirs.process.finish(SIGKILL) }
        let ours = try TestServer(config: config(server.port, "extra_scrape_metrics: true"))
        defer { ours.process.finish(SIGTERM) }
        var last: (theirs: [String], ours: [String]) = ([], [])
        _ = try? eventually("the same", within: 240) { () -> Bool? in
            last = (try reports(theirs.port), try reports(ours.port))
            return last.theirs.count == 4 * Self.pages.count && last.theirs == last.ours ? true : nil
        }
        #expect(last.theirs == last.ours)
        #expect(last.ours.count == 4 * Self.pages.count)
    }
}
