import Model
import PromQL
import TestSupport
import Testing

@testable import TSDBCommand

/// Samples pushed from the command line, asked for again in promtool's manner.
@Suite struct PushQueryTests {
    static let page = """
        # HELP requests_total Requests served.
        # TYPE requests_total counter
        requests_total{code="200"} 7 1700000000000
        requests_total{code="500",job="own"} 1.5 1700000000000
        # TYPE wait_seconds histogram
        wait_seconds_bucket{le="1"} 2 1700000000000
        wait_seconds_bucket{le="2"} 2 1700000000000
        wait_seconds_bucket{le="+Inf"} 5 1700000000000
        wait_seconds_sum 9 1700000000000
        wait_seconds_count 5 1700000000000

        """

    private func run(_ arguments: [String], input: String = "") throws -> ProgramResult {
        try runToEnd(Programs.tsdb, arguments, input: input)
    }

    private func receiver() throws -> TestServer {
        try TestServer(
            config: "{}", flags: ["--web.enable-remote-write-receiver", "--storage.tsdb.retention.time=10y"])
    }

    @Test func whatIsPushedIsAnswered() throws {
        let directory = TemporaryDirectory(.disk)
        let server = try receiver()
        defer { server.process.finish(9) }
        try writeFile(directory.path + "/page.prom", Self.page)
        let pushed = try run([
            "push", "metrics", server.url + "/api/v1/write", directory.path + "/page.prom", "--label", "run=42",
        ])
        #expect(pushed.status == 0, "\(pushed.printed)")
        #expect(pushed.output == "\(directory.path)/page.prom: 7 samples pushed\n")

        for place in [[server.url], ["--db", server.data]] {
            let series = try run(["query", "series", "--match", "requests_total", "--start", "1699999000"] + place)
            #expect(
                series.output == """
                    {__name__="requests_total", code="200", job="tsdb", run="42"}
                    {__name__="requests_total", code="500", job="own", run="42"}

                    """, "\(series.printed)")
            let value = try run(
                ["query", "instant", "-o", "promql", "--time", "1700000000"] + place + [#"requests_total{job="own"}"#])
            #expect(
                value.output == "requests_total{code=\"500\", job=\"own\", run=\"42\"} => 1.5 @[1700000000]\n",
                "\(value.printed)")
            let ranged = try run(
                [
                    "query", "range", "-o", "promql", "--start", "1700000000", "--end", "1700000015", "--step", "15s",
                ] + place + [#"requests_total{job="own"}"#])
            #expect(
                ranged.output
                    == "requests_total{code=\"500\", job=\"own\", run=\"42\"} =>\n1.5 @[1700000000]\n1.5 @[1700000015]\n",
                "\(ranged.printed)")
            let buckets = try run(
                [
                    "query", "analyze", "--type", "histogram", "--match", "wait_seconds_bucket", "--time", "1700000060",
                ] + (place.count == 1 ? ["--server"] : []) + place)
            let row = buckets.output.split(separator: "\n").last.map(String.init) ?? ""
            #expect(row.hasPrefix("wait_seconds_bucket{job=\"tsdb\", run=\"42\"}"), "\(buckets.printed)")
            #expect(row.split(separator: " ").suffix(4) == ["2", "2.00", "2", "3"], "\(buckets.printed)")
        }
        let labels = try run(["query", "labels", server.url, "code", "--match", "requests_total", "-o", "json"])
        #expect(labels.output == "[\"200\",\"500\"]\n", "\(labels.printed)")
        #expect(try run(["query", "labels", "code", "--db", server.data]).output == "200\n500\n")
        let metadata = try HTTPClient.get(server.url + "/api/v1/metadata", timeoutSeconds: 30)
        #expect(String(decoding: metadata.body, as: UTF8.self).contains("Requests served."))
    }

    @Test func sampleWithoutATimeIsOfNow() throws {
        let server = try receiver()
        defer { server.process.finish(9) }
        let pushed = try run(
            ["push", "metrics", server.url + "/api/v1/write", "--job-label", "backup"], input: "done 1\n")
        #expect(pushed.status == 0, "\(pushed.printed)")
        guard case .vector(let vector) = try instantQuery(server.url, "done") else {
            throw TestFailure("no vector")
        }
        #expect(vector.map { "\($0.labels)" } == ["done{job=\"backup\"}"])
    }

    @Test(.enabled(if: RealPrometheus.path != nil)) func prometheusTakesIt() throws {
        let directory = TemporaryDirectory(.disk)
        let prometheus = try RealPrometheus(data: directory.path + "/data")
        defer { prometheus.process.finish(9) }
        let pushed = try run(["push", "metrics", prometheus.url + "/api/v1/write"], input: Self.page)
        #expect(pushed.status == 0, "\(pushed.printed)")
        let series = try run([
            "query", "series", prometheus.url, "--match", "{__name__=~\".+\"}", "--start", "1699999000",
        ])
        #expect(series.output.split(separator: "\n").count == 7, "\(series.printed)")
        #expect(series.output.contains(#"{__name__="requests_total", code="200", job="tsdb"}"#), "\(series.printed)")
    }

    @Test(.enabled(if: findProgram("promtool") != nil))
    func promtoolWritesTheSame() throws {
        let server = try receiver()
        defer { server.process.finish(9) }
        #expect(try run(["push", "metrics", server.url + "/api/v1/write"], input: Self.page).status == 0)
        for arguments in [
            ["query", "series", "--match", "requests_total", "--start", "1699999000", server.url],
            ["query", "labels", "--start", "1699999000", server.url, "code"],
            ["query", "instant", "--time", "1700000000", server.url, "requests_total"],
            ["query", "instant", "--time", "1700000000", server.url, "1 / 3"],
            [
                "query", "range", "--start", "1700000000", "--end", "1700000030", "--step", "15s", server.url,
                "requests_total",
            ],
        ] {
            let own = try run(arguments + ["-o", "promql"])
            let other = try runToEnd(findProgram("promtool") ?? "", arguments)
            #expect(own.output == other.output)
            #expect(own.status == 0 && other.status == 0, "\(own.printed)\(other.printed)")
        }
    }

    @Test func refusalIsSaid() throws {
        let closed = try TestServer(config: "{}")
        defer { closed.process.finish(9) }
        let refused = try run(["push", "metrics", closed.url + "/api/v1/write"], input: "a 1\n")
        #expect(refused.status == 1)
        #expect(refused.errors.contains("HTTP 404"), "\(refused.printed)")
        #expect(refused.errors.contains("--web.enable-remote-write-receiver"), "\(refused.printed)")
        let bad = try run(["push", "metrics", closed.url + "/api/v1/write"], input: "a\n")
        #expect(bad.status == 1)
        #expect(bad.errors.contains("standard input, line 1, column 2: expected a value"), "\(bad.printed)")
    }

    @Test func headersAndAPasswordGoWithARequest() throws {
        let directory = TemporaryDirectory(.disk)
        try writeFile(directory.path + "/client.yml", "basic_auth: {username: me, password: secret}\n")
        let answer = #"{"status":"success","data":["a"]}"#
        let server = try ScriptedServer { _, _ in ScriptedServer.page(answer, contentType: "application/json") }
        defer { server.close() }
        let labels = try run([
            "query", "labels", "http://127.0.0.1:\(server.port)", "job", "--header", "X-Scope-OrgID=team",
            "--http.config.file", directory.path + "/client.yml",
        ])
        #expect(labels.output == "a\n", "\(labels.printed)")
        let request = server.requests.first ?? ""
        #expect(request.contains("X-Scope-OrgID: team"), "\(request)")
        #expect(request.contains("Authorization: Basic bWU6c2VjcmV0"), "\(request)")
    }

    private static let histogram = #"""
        [1700000000.5,{"count":"12","sum":"-18.4567891","buckets":[[1,"-2","-1","2"],[3,"-0.001","0.001","2"],\#
        [0,"0.7071067811865475","1","3.5"],[0,"1e22","+Inf","1"]]}]
        """#
    static let histogramAnswers = [
        #"""
        {"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"h","a":"b"},"histogram":\#
        \#(histogram)},{"metric":{"__name__":"x"},"value":[1700000000,"1"]}]}}
        """#,
        #"""
        {"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"h"},"values":\#
        [[1700000001,"1"]],"histograms":[\#(histogram)]}]}}
        """#,
    ]

    @Test(arguments: histogramAnswers.indices) func histogramsOfAServerAreShown(_ index: Int) throws {
        let answer = Self.histogramAnswers[index]
        let server = try ScriptedServer { _, _ in ScriptedServer.page(answer, contentType: "application/json") }
        defer { server.close() }
        let (kind, times) = index == 0 ? ("instant", []) : ("range", ["--start", "1700000000", "--end", "1700000001"])
        let arguments = ["query", kind] + times + ["http://127.0.0.1:\(server.port)", "h"]
        #expect(try run(arguments + ["-o", "json"]).output == answer + "\n")
        let text = try run(arguments + ["-o", "promql"])
        let shown = "Count: 12.000000, Sum: -18.456789, Buckets: [[-2,-1):2 [-0.001,0.001]:2 "
        #expect(
            text.output.contains(shown + "(0.7071067811865475,1]:3.5 (1e+22,+Inf]:1] @[1700000000.5]"),
            "\(text.printed)")
        for format in ["table", "csv"] {
            let run = try run(arguments + ["-o", format])
            #expect(run.output.contains(shown), "\(run.printed)")
        }
        guard let promtool = findProgram("promtool") else { return }
        let other = try runToEnd(promtool, arguments)
        #expect(text.output == other.output, "\(other.printed)")
    }

    static let mistakes: [([String], String)] = [
        (["query", "instant", "sum", "(up)"], "Put what has spaces between quotes"),
        (["query", "instant", "http://localhost:1", "up", "--db", "x"], "both given"),
        (["query", "labels", "job", "--match", "{"], "--match '{'"),
        (["query", "labels", "job", "--header", "nothing"], "--header 'nothing' is not a name and a value"),
        (["query", "analyze", "--type", "gauge", "--match", "a"], "gauge"),
        (["query", "instant", "http://me:secret@127.0.0.1:1", "up"], "no answer from http://<secret>@127.0.0.1:1/api"),
        (
            ["query", "range", "up", "--db", "/none", "--start", "9223372036854775807ms", "--end", "999999999999"],
            "/none"
        ),
        (["push", "metrics", "localhost:9090"], "must begin with http:// or https://"),
        (["push", "metrics", "http://localhost:1", "--label", "x"], "--label 'x' is not a name and a value"),
    ]

    @Test(arguments: mistakes.indices) func mistakeIsExplained(_ index: Int) throws {
        let (arguments, says) = Self.mistakes[index]
        let run = try run(arguments)
        #expect(run.status != 0)
        #expect(run.errors.contains(says), "\(run.printed)")
        #expect(!run.printed.contains("me:secret"))
    }

    @Test func timeoutMayBeForever() throws {
        let server = try ScriptedServer { _, _ in ScriptedServer.page("", contentType: "text/plain") }
        defer { server.close() }
        let pushed = try run(
            ["push", "metrics", "http://127.0.0.1:\(server.port)", "--timeout", "9223372036854775807ms"], input: "a 1\n"
        )
        #expect(pushed.status == 0, "\(pushed.printed)")
    }
}
