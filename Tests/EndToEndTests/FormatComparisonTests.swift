import Glibc
import Model
import TestSupport
import Testing

/// The same pages in every format, served to tsdb and to a real Prometheus: the same series, values, native histograms,
/// metadata, exemplars and target states come out of them.
@Suite struct FormatComparisonTests {
    private struct Page {
        var name: String
        var contentType: String
        var body: [UInt8]
        /// Further settings of the job.
        var settings = ""
    }

    private static let text = "text/plain; version=1.0.0; escaping=allow-utf-8"
    private static let openMetrics = "application/openmetrics-text; version=1.0.0; escaping=allow-utf-8"
    private static let protobuf =
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
    private static let choices = [
        "", "always_scrape_classic_histograms: true", "convert_classic_histograms_to_nhcb: true",
        "{always_scrape_classic_histograms: true, convert_classic_histograms_to_nhcb: true}",
    ]

    private func pages(_ random: inout SeededGenerator) -> [Page] {
        var pages: [Page] = []
        for number in 0..<12 {
            let settings = Self.choices[number % 4].trimmingBraces
            let families = PageFamily.Kind.allCases.enumerated().map { index, kind in
                PageFamily.random(index, kind, utf8: number % 3 == 2, &random)
            }
            pages.append(
                Page(
                    name: "text\(number)", contentType: Self.text,
                    body: Array(textPage(families, isOpenMetrics: false).utf8), settings: settings))
            pages.append(
                Page(
                    name: "om\(number)", contentType: Self.openMetrics,
                    body: Array(textPage(families, isOpenMetrics: true).utf8), settings: settings))
            pages.append(
                Page(name: "pb\(number)", contentType: Self.protobuf, body: protobufPage(families), settings: settings))
            pages.append(nativePage(number, settings, &random))
        }
        return pages
    }

    /// Pages at the edge of what the formats allow, taken or refused.
    private static var oddPages: [Page] {
        let text = [
            "a 1 +5000\n", "{__name__=\"a\"} 1\n", "a{__name__=\"b\"} 1\n", "{\"a\"} 1\n", "# TYPE a-b gauge\na 1\n",
            "# HELP 1a foo\na 1\n", "# HELP ä foo\na 1\n", "# HELP \"abc\na 1\n", "# HELP \"a-b\" x\na 1\n",
            "a{x=\"b\nc\"} 1\n", "{\"a\nc\"} 1\n", "a{x=\"\",x=\"z\"} 1\n", "a{x=\"z\",x=\"\"} 1\n",
            "a 1\nb{x=\"z\",x=\"z\"} 1\nc 1\n", "a{x=\"y\"}1\n", "a 1\nb x\n", "a 1\na 2\nb 1\n",
            "# HELP a x\n# HELP a y\na 1\n",
        ]
        let openMetrics = [
            "{__name__=\"a\"} 1\n# EOF\n", "a{x=\"b\nc\"} 1\n# EOF\n", "a 1 1e300\n# EOF\n", "a 1 -1e300\n# EOF\n",
            "a_total 1 # {__name__=\"1\"} 1\n# EOF\n",
            "a_total 1 # {\"a\"} 1\n# EOF\n", "a_total 1 # {x=\"1\"} 1 1e300\n# EOF\n", "a{x=\"y\"}1\n# EOF\n",
            "a_total 1 #{x=\"y\"} 1\n# EOF\n", "a_total 1 # {x=\"y\"}1\n# EOF\n", "a_total 1# {x=\"y\"} 1\n# EOF\n",
            "a 1\n# EOFx\n", "a 1\n# EOF \n", "a 1", "a 1\n", "a 1\n# EOF",
        ]
        let protobuf = [[PageFamily("empty", .gauge)], []].map { protobufPage($0) }
        func page(_ name: String, _ type: String, _ body: [UInt8]) -> Page {
            Page(name: name, contentType: type, body: body)
        }
        return text.enumerated().map { page("oddtext\($0.offset)", Self.text, Array($0.element.utf8)) }
            + openMetrics.enumerated().map { page("oddom\($0.offset)", Self.openMetrics, Array($0.element.utf8)) }
            + protobuf.enumerated().map { page("oddpb\($0.offset)", Self.protobuf, $0.element) }
    }

    private func nativePage(_ number: Int, _ settings: String, _ random: inout SeededGenerator) -> Page {
        var families: [PageFamily] = []
        for index in 0..<4 {
            var family = PageFamily.random(index, index == 3 ? .gaugeHistogram : .histogram, utf8: false, &random)
            for metric in family.metrics.indices {
                // Prometheus 3.5 leaves as many exemplars of a histogram out as those before it in its family had.
                family.metrics[metric].makeNative(
                    &random, isFloat: random.chance(30), exemplarCount: metric == 0 ? 3 : 0)
            }
            families.append(family)
        }
        let bounds = ["", "native_histogram_bucket_limit: 6", "native_histogram_min_bucket_factor: 1.5"]
        return Page(
            name: "native\(number)", contentType: Self.protobuf, body: protobufPage(families),
            settings: settings + "\n" + bounds[number / 4 % 3])
    }

    private func config(_ pages: [Page], _ port: Int, global: String) -> String {
        var text = "global: {scrape_interval: 2s, scrape_timeout: 2s\(global)}\nscrape_configs:\n"
        for page in pages {
            text += "- job_name: \(page.name)\n  metrics_path: /\(page.name)\n"
            text += "  static_configs: [{targets: ['127.0.0.1:\(port)']}]\n"
            for line in page.settings.split(separator: "\n") { text += "  \(line)\n" }
        }
        return text
    }

    /// What a server has made of a page.
    private struct Outcome: Equatable {
        var health = JSONValue.null
        var series: [String] = []
        var exemplars: [String] = []
        var metadata: [String] = []
    }

    private func outcome(_ port: Int, _ page: Page, _ connection: HTTPConnection) throws -> Outcome {
        let started = SystemClock().nowMs() - 3_600_000
        func data(_ target: String) throws -> JSONValue {
            let answer = try connection.request("GET", target)
            return try JSONValue(parsing: answer.body).member("data")
        }
        var outcome = Outcome()
        let targets = try data("/api/v1/targets?state=active&scrapePool=\(page.name)").member("activeTargets")
        outcome.health = targets.elements.first?["health"] ?? .null
        let selector = "{job=\"\(page.name)\",__name__!~\"scrape_duration_seconds|scrape_series_added\"}"
        let query = percentEncoded("last_over_time(\(selector)[1m])")
        outcome.series = try data("/api/v1/query?query=\(query)").member("result").elements.map { series in
            "\(series.member("metric").sortKey) \(series.member("value").elements.last?.sortKey ?? "") "
                + (series.member("histogram").elements.last?.sortKey ?? "")
        }.sorted()
        let exemplars = try data(
            "/api/v1/query_exemplars?start=0&end=9999999999&query=\(percentEncoded("{job=\"\(page.name)\"}"))")
        outcome.exemplars = exemplars.elements.map { series in
            let list = series.member("exemplars").elements.map { exemplar -> String in
                // Undated ones have the time of a scrape.
                guard case .number(let seconds) = exemplar.member("timestamp") else { return "" }
                let time = seconds * 1000 > Double(started) ? "now" : "\(Int64((seconds * 1000).rounded()))"
                return "\(exemplar.member("labels").sortKey) \(exemplar.member("value").sortKey) \(time)"
            }
            return "\(series.member("seriesLabels").sortKey) \(list)"
        }.sorted()
        // What is known from pages that failed is another in each.
        guard outcome.health == .string("up") else { return outcome }
        let match = percentEncoded("{job=\"\(page.name)\"}")
        outcome.metadata = try data("/api/v1/targets/metadata?match_target=\(match)").elements.map(\.sortKey).sorted()
        return outcome
    }

    @Test(.enabled(if: RealPrometheus.path != nil, "no Prometheus 3 on the PATH"))
    func pagesAreStoredAsARealPrometheusStoresThem() throws {
        var random = SeededGenerator(seed: makeSeed())
        let pages = pages(&random) + Self.oddPages
        let bodies = Dictionary(uniqueKeysWithValues: pages.map { ("/\($0.name)", ($0.contentType, $0.body)) })
        let scraped = try ScriptedServer { request, _ in
            guard let page = bodies[String(request.split(separator: " ")[1])] else { return [] }
            return ScriptedServer.page(page.1, contentType: page.0)
        }
        defer { scraped.close() }
        try compare(pages, scraped.port)
    }

    /// Whether there is a Python with the package of Prometheus's own client.
    private static let python = findProgram("tsdb-test-python").flatMap { path in
        (try? runToEnd(path, ["-c", "import prometheus_client"]))?.status == 0 ? path : nil
    }

    @Test(.enabled(if: RealPrometheus.path != nil && python != nil, "needs Prometheus 3 and tsdb-test-python"))
    func thePythonClientsPageIsStoredAsARealPrometheusStoresIt() throws {
        let script = """
            import sys, threading
            from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary, start_http_server
            r = CollectorRegistry()
            c = Counter("jobs", "Jobs\\n done.", ["kind"], registry=r)
            c.labels("a b").inc(3, {"trace_id": "t1"})
            c.labels("c").inc()
            h = Histogram("latency_seconds", "Latency.", unit="seconds", registry=r)
            for v in (0.003, 0.2, 7, 70): h.observe(v, {"trace_id": str(v)})
            Summary("size", "Size.", registry=r).observe(12)
            Gauge("load", "Load.", registry=r).set(0.25)
            Info("build", "Build.", registry=r).info({"version": "1.2"})
            Enum("state", "State.", states=["up", "down"], registry=r).state("down")
            start_http_server(int(sys.argv[1]), "127.0.0.1", r)
            threading.Event().wait()
            """
        let port = try freePort()
        let client = try ChildProcess(try #require(Self.python), ["-c", script, "\(port)"])
        defer { client.finish(SIGKILL) }
        try compare([Page(name: "metrics", contentType: "", body: [])], port)
    }

    /// Has both servers scrape the pages at `port`, and waits until they agree.
    private func compare(_ pages: [Page], _ port: Int) throws {
        let data = TemporaryDirectory(.disk)
        let theirs = try RealPrometheus(
            data: data.path, config: config(pages, port, global: ""),
            flags: ["--enable-feature=exemplar-storage"])
        defer { theirs.process.finish(SIGKILL) }
        let ours = try TestServer(config: config(pages, port, global: ", scrape_native_histograms: true"))
        defer { ours.process.finish(SIGTERM) }
        let connections = try [HTTPConnection(port: theirs.port), HTTPConnection(port: ours.port)]
        var differing: [String] = []
        for page in pages {
            var last: (theirs: Outcome, ours: Outcome)?
            let agree = try? eventually("the same of \(page.name)", within: differing.isEmpty ? 60 : 5) { () -> Bool? in
                let found = (
                    theirs: try outcome(theirs.port, page, connections[0]),
                    ours: try outcome(ours.port, page, connections[1])
                )
                last = found
                return found.theirs.health != .string("unknown") && found.theirs == found.ours ? true : nil
            }
            if agree == nil, let last {
                differing.append("\(page.name) [\(page.settings)] " + difference(last.theirs, last.ours))
            }
        }
        #expect(differing == [])
    }

    private func difference(_ theirs: Outcome, _ ours: Outcome) -> String {
        var text = theirs.health == ours.health ? "" : "health \(theirs.health) \(ours.health)\n"
        for (name, list) in [("series", \Outcome.series), ("exemplars", \.exemplars), ("metadata", \.metadata)] {
            let (a, b) = (theirs[keyPath: list], ours[keyPath: list])
            for one in a where !b.contains(one) { text += "\n\(name) only theirs: \(one)" }
            for one in b where !a.contains(one) { text += "\n\(name) only ours: \(one)" }
        }
        return text
    }
}

extension String {
    fileprivate var trimmingBraces: String {
        replacing("{", with: "").replacing("}", with: "").replacing(", ", with: "\n")
    }
}

extension JSONValue {
    /// A member of an object; null where there is none.
    fileprivate func member(_ name: String) -> JSONValue { self[name] ?? .null }
}

private func percentEncoded(_ text: String) -> String {
    text.utf8.map { byte in
        byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7a
            ? String(UnicodeScalar(byte)) : "%" + String(Int(byte) + 256, radix: 16).suffix(2)
    }.joined()
}
