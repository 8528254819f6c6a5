import Glibc
import Model
import TestSupport
import Testing

/// Hundreds of requests to tsdb and to a real Prometheus that scrape the same page have the same answers: status, headers
/// and content.
@Suite struct APIComparisonTests {
    /// Requests whose answers differ on purpose, by what they contain, each with its reason.
    static let exclusions: [(String, String)] = [
        // Prometheus has this warning from 3.7 on.
        ("query_range?query=sort%5fdesc", "a warning that 3.5 does not have"),
        ("query_range?query=sort_desc", "the same"),
    ]

    /// Headers that are compared.
    static let headers = [
        "Content-Type", "Allow", "Vary", "Access-Control-Allow-Origin", "Access-Control-Allow-Methods",
        "Access-Control-Allow-Headers", "Access-Control-Expose-Headers", "Content-Encoding", "X-Content-Type-Options",
    ]

    static func page(_ time: Int64) -> String {
        let ms = time * 1000
        let values = [
            ("big", "1e21"), ("denormal", "5e-324"), ("inf", "+Inf"), ("large", "1e20"), ("long", "123456789.123"),
            ("minf", "-Inf"), ("nan", "NaN"), ("negzero", "-0"), ("tenth", "0.1"), ("third", "0.3333333333333333"),
            ("tiny", "1e-7"),
        ]
        var lines = ["# HELP h A histogram", "# TYPE h histogram"]
        lines += [("+Inf", 6), ("0.1", 1), ("1.0", 5)].map { "h_bucket{le=\"\($0.0)\"} \($0.1) \(ms)" }
        lines += ["h_count 6 \(ms)", "h_sum 3.5 \(ms)", "{\"my.metric\",\"my.label\"=\"x\"} 7 \(ms)"]
        lines += [
            "# HELP requests_total Requests", "# TYPE requests_total counter", "requests_total{code=\"200\"} 17 \(ms)",
        ]
        lines += ["# HELP temp A <temp> of & \\\\ \"x\".", "# TYPE temp gauge"]
        lines += (0..<3).map { "temp{Hostname=\"h\($0 / 2)\",gpu=\"\($0)\"} \(50 + Double($0) / 4) \(ms + Int64($0))" }
        lines += ["# HELP vals Extremes", "# TYPE vals untyped"]
        lines += values.map { "vals{kind=\"\($0.0)\"} \($0.1) \(ms)" }
        lines.append(#"weird{path="a\"b\\c\nd<>&é😀"} 1 \#(ms)"#)
        return lines.joined(separator: "\n") + "\n"
    }

    static func config(_ port: Int) -> String {
        """
        global:
          scrape_interval: 1s
          external_labels: {region: eu, zone: "a b"}
        scrape_configs:
          - job_name: fake
            static_configs: [{targets: ['127.0.0.1:\(port)'], labels: {dc: x}}]
          - job_name: dropped
            relabel_configs: [{source_labels: [__address__], regex: '.*:2', action: drop}]
            static_configs: [{targets: ['127.0.0.1:2']}]
        """
    }

    @Test(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH")) func answersAreTheRealOnes() throws {
        let time = SystemClock().nowMs() / 60_000 * 60 - 60
        let page = Self.page(time)
        let scraped = try ScriptedServer { _, _ in
            ScriptedServer.page(page, contentType: "text/plain; version=0.0.4; escaping=allow-utf-8")
        }
        defer { scraped.close() }
        let config = Self.config(scraped.port)
        let ours = try TestServer(
            config: config, flags: ["--web.enable-remote-write-receiver", "--web.enable-admin-api"])
        defer { ours.process.finish(SIGTERM) }
        let data = TemporaryDirectory(.disk)
        let theirs = try RealPrometheus(data: data.path, config: config)
        defer { theirs.process.finish(SIGKILL) }
        for port in [ours.port, theirs.port] {
            try eventually("both have the page") {
                let answer = try HTTPConnection(port: port).request("GET", "/api/v1/query?query=weird&time=\(time + 1)")
                return answer.text.contains("path") ? () : nil
            }
        }
        // The second scrape of a target ends what the first of a restart may lack.
        let requests = apiRequests(time: time + 30)
        #expect(requests.count > 500)
        for request in requests where !isExcluded(request) {
            let a = try answer(ours.port, request)
            let b = try answer(theirs.port, request)
            #expect(a.status == b.status, "\(request)\nours: \(a.text)\ntheirs: \(b.text)")
            for name in Self.headers where !isLoose(name, request) {
                #expect(a.header(name) == b.header(name), "\(request): \(name)")
            }
            if a.header("Content-Encoding") == nil {
                #expect(same(a.body, b.body), "\(request)\nours: \(a.text)\ntheirs: \(b.text)")
            }
        }
    }

    private func answer(_ port: Int, _ request: APIRequest) throws -> HTTPAnswer {
        try HTTPConnection(port: port, receiveTimeoutSeconds: 60).request(
            request.method, request.target, headers: request.headers, body: Array(request.body.utf8))
    }

    private func isExcluded(_ request: APIRequest) -> Bool {
        Self.exclusions.contains { (request.target + "\n").contains($0.0) }
    }

    /// What is compressed depends on how long it is, which is another bound here; an answer to HEAD has the type that GET's
    /// would have.
    private func isLoose(_ header: String, _ request: APIRequest) -> Bool {
        header == "Content-Encoding" || header == "Content-Type" && request.method == "HEAD"
    }

    private func same(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard let x = try? JSONValue(parsing: a), let y = try? JSONValue(parsing: b) else { return a == b }
        return normalised(x) == normalised(y)
    }

    /// Without what depends on the moment, and with lists sorted whose order says nothing.
    private func normalised(_ value: JSONValue) -> JSONValue {
        value.mapMembers { name, member in
            switch name {
            case "lastScrape", "lastScrapeDuration", "timings", "peakSamples", "samples": return .null
            case "result", "data":
                // A vector comes in the order in which series were created.
                if case .list(let list) = member, case .object = list.first {
                    return .list(list.sorted { $0.sortKey < $1.sortKey })
                }
                return member
            default: return member
            }
        }
    }
}
