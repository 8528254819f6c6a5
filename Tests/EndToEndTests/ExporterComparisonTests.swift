import Glibc
import TestSupport
import Testing

/// Debian's exporters under tsdb and under a real Prometheus: the same targets, series, and metadata; the same values where
/// pages stay as they are.
@Suite struct ExporterComparisonTests {
    private static let names = [
        "pushgateway", "blackbox-exporter", "haproxy-exporter", "nginx-exporter", "redis-exporter",
    ]
    private static let programs = names.compactMap { findProgram("prometheus-" + $0) }

    /// What haproxy and nginx say of themselves, in their own notations.
    private static func status(_ request: String) -> [ScriptedServer.Step] {
        guard request.hasPrefix("GET /haproxy") else {
            return ScriptedServer.page(
                "Active connections: 3 \nserver accepts handled requests\n 7 7 9 \nReading: 1 Writing: 1 Waiting: 1 \n")
        }
        let names =
            "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,"
        let more =
            "weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,"
        let last = "rate_lim,rate_max,check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,"
        let rows = [
            "web,FRONTEND,,,0,2,2000,4,500,600,0,0,1,,,,,OPEN,,,,,,,,,1,1,0,,,,0,0,0,2,,,,0,4,0,1,0,0,,0,2,5,,,",
            "app,one,0,0,0,1,,4,500,600,,0,,0,0,0,0,UP,1,1,0,0,0,99,0,,1,2,1,,4,,2,0,,2,L4OK,,0,0,4,0,0,0,0,0,,,,0,0,",
            "app,BACKEND,0,0,0,1,200,4,500,600,0,0,,0,0,0,0,UP,1,1,0,,0,99,0,,1,2,0,,4,,1,0,,2,,,,0,4,0,0,0,0,,,,,0,0,",
        ]
        let header =
            names + more + last + "hrsp_5xx,hrsp_other,hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,"
        return ScriptedServer.page(([header] + rows).joined(separator: "\n") + "\n")
    }

    /// Pages of every kind of metric, and a large one.
    private static let pushed = [
        (
            "/metrics/job/kinds/part/a%20b",
            """
            # TYPE jobs_total counter
            # HELP jobs_total Jobs\\n done.
            jobs_total{kind="a\\"b"} 3
            # TYPE wait_seconds histogram
            wait_seconds_bucket{le="0.1"} 1
            wait_seconds_bucket{le="1"} 2
            wait_seconds_bucket{le="+Inf"} 4
            wait_seconds_sum 12.5
            wait_seconds_count 4
            # TYPE size_bytes summary
            size_bytes{quantile="0.5"} 10
            size_bytes{quantile="0.99"} NaN
            size_bytes_sum 99
            size_bytes_count 7
            # TYPE edge gauge
            edge{of="inf"} -Inf
            edge{of="tiny"} 5e-324
            plain 1

            """
        ),
        (
            "/metrics/job/utf8",
            "# TYPE \"my.requests\" counter\n{\"my.requests\",\"http.route\"=\"/ä\"} 5\n{\"größe\",instance=\"own\"} 1\n"
        ),
        (
            "/metrics/job/huge",
            "# TYPE huge gauge\n"
                + (0..<3000).map { "huge{n=\"\($0)\",name=\"series number \($0)\"} \($0 % 97)\n" }.joined()
        ),
    ]

    private struct Running {
        var children: [ChildProcess] = []
        var config = ""
        var ports: [Int] = []

        mutating func start(_ name: String, _ settings: String, _ arguments: (String) -> [String]) throws {
            let port = try freePort()
            ports.append(port)
            let program = try #require(findProgram("prometheus-" + name))
            children.append(try ChildProcess(program, arguments("127.0.0.1:\(port)")))
            config += "- job_name: \(name)\n" + settings.replacing("PORT", with: "\(port)")
        }
    }

    private func start(_ status: Int, _ folder: String) throws -> Running {
        let targets = "  static_configs: [{targets: ['127.0.0.1:PORT']}]\n"
        var running = Running()
        try running.start("pushgateway", "  honor_labels: true\n" + targets) {
            ["--web.listen-address=\($0)", "--push.enable-utf8-names"]
        }
        try writeFile(folder + "/blackbox.yml", "modules: {page: {prober: http, timeout: 20s}, port: {prober: tcp}}\n")
        let probe = """
              metrics_path: /probe
              params: {module: [page]}
              static_configs: [{targets: ['http://127.0.0.1:\(status)/nginx', 'http://127.0.0.1:1/']}]
              relabel_configs:
              - {source_labels: [__address__], target_label: __param_target}
              - {source_labels: [__param_target], target_label: instance}
              - {target_label: __address__, replacement: '127.0.0.1:PORT'}

            """
        try running.start("blackbox-exporter", probe) {
            ["--web.listen-address=\($0)", "--config.file=\(folder)/blackbox.yml"]
        }
        try running.start("haproxy-exporter", targets) {
            ["--web.listen-address=\($0)", "--haproxy.scrape-uri=http://127.0.0.1:\(status)/haproxy;csv"]
        }
        try running.start("nginx-exporter", targets) {
            ["--web.listen-address=\($0)", "--nginx.scrape-uri=http://127.0.0.1:\(status)/nginx"]
        }
        // Nobody listens there: it says that its server is down.
        try running.start("redis-exporter", targets) {
            ["-web.listen-address", $0, "-redis.addr", "redis://127.0.0.1:1"]
        }
        for (port, child) in zip(running.ports, running.children) {
            try eventually("an exporter answers") {
                guard child.isRunning else { throw TestFailure("an exporter ended: \(child.printed)") }
                return (try? HTTPConnection(port: port).request("GET", "/metrics"))?.status == 200 ? () : nil
            }
        }
        for (path, page) in Self.pushed {
            let answer = try HTTPConnection(port: running.ports[0]).request("PUT", path, body: Array(page.utf8))
            guard answer.status == 200 else {
                throw TestFailure("\(path): \(answer.status) \(String(decoding: answer.body, as: UTF8.self))")
            }
        }
        return running
    }

    /// What a server has made of a job.
    private struct Outcome: Equatable {
        var targets: [String] = []
        var series: [String] = []
        var metadata: [String] = []
        var values: [String] = []
    }

    private func outcome(_ port: Int, _ job: String) throws -> Outcome {
        let connection = try HTTPConnection(port: port)
        func data(_ target: String) throws -> JSONValue? {
            try JSONValue(parsing: try connection.request("GET", target).body)["data"]
        }
        func vector(_ selector: String) throws -> [JSONValue] {
            try data("/api/v1/query?query=\(percentEncoded(selector))")?["result"]?.elements ?? []
        }
        var outcome = Outcome()
        outcome.targets = (try data("/api/v1/targets?state=active&scrapePool=\(job)")?["activeTargets"]?.elements ?? [])
            .map { target in
                ["discoveredLabels", "labels", "scrapeUrl", "health", "scrapeInterval", "scrapeTimeout"]
                    .map { target[$0]?.sortKey ?? "" }.joined(separator: " ")
            }.sorted()
        let isPushed = job == "pushgateway"
        // Pushed series have jobs of their own.
        let own = isPushed ? "{job=~\"pushgateway|kinds|utf8|huge\"}" : "{job=\"\(job)\"}"
        outcome.series = try vector(own).map { $0["metric"]?.sortKey ?? "" }.sorted()
        let match = percentEncoded("{job=\"\(job)\"}")
        outcome.metadata = (try data("/api/v1/targets/metadata?match_target=\(match)")?.elements ?? []).map(\.sortKey)
            .sorted()
        // What was pushed stays as it is, but for the times of pushes.
        let constant =
            isPushed
            ? "{job=~\"kinds|utf8|huge\",__name__!~\"push_.*\"}" : "{job=\"\(job)\",__name__=~\"haproxy_.*|nginx_.*\"}"
        outcome.values = try vector(constant).filter { $0["metric"]?["__name__"]?.sortKey.contains("scrapes") == false }
            .map { "\($0["metric"]?.sortKey ?? "") \($0["value"]?.elements.last?.sortKey ?? "")" }.sorted()
        return outcome
    }

    @Test(
        .enabled(
            if: RealPrometheus.path != nil && programs.count == names.count,
            "needs Prometheus 3 and Debian's exporters on the PATH: make test-tools"))
    func exportersAreStoredAsARealPrometheusStoresThem() throws {
        let directory = TemporaryDirectory(.disk)
        let status = try ScriptedServer { request, _ in Self.status(request) }
        defer { status.close() }
        let running = try start(status.port, directory.path)
        defer { for child in running.children { child.finish(SIGKILL) } }
        func config(_ global: String) -> String {
            "global: {scrape_interval: 3s, scrape_timeout: 3s\(global)}\nscrape_configs:\n" + running.config
        }
        let theirs = try RealPrometheus(data: directory.path + "/data", config: config(""))
        defer { theirs.process.finish(SIGKILL) }
        // What a feature flag is to the other one, which asks for protobuf then.
        let ours = try TestServer(config: config(", scrape_native_histograms: true"))
        defer { ours.process.finish(SIGTERM) }
        for (job, least) in zip(Self.names, [3020, 30, 60, 30, 20]) {
            var last = (theirs: Outcome(), ours: Outcome())
            _ = try? eventually("the same of \(job)", within: 240) { () -> Bool? in
                last = (try outcome(theirs.port, job), try outcome(ours.port, job))
                let isWhole =
                    last.theirs.series.count >= least && !last.theirs.targets.contains { $0.contains("unknown") }
                return isWhole && last.theirs == last.ours ? true : nil
            }
            for part in [\Outcome.targets, \.series, \.metadata, \.values] {
                let (a, b) = (Set(last.theirs[keyPath: part]), Set(last.ours[keyPath: part]))
                #expect(a.subtracting(b).sorted().prefix(20) == [], "\(job): only Prometheus has these")
                #expect(b.subtracting(a).sorted().prefix(20) == [], "\(job): only tsdb has these")
            }
            #expect(last.theirs == last.ours, "\(job)")
            #expect(last.ours.series.count >= least && !last.ours.metadata.isEmpty, "\(job): \(last.ours.series.count)")
        }
    }
}
